package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Locale;

/**
 * OpenBLAS on one thread, the peer of matrix multiplication. It chooses its kernels when it is
 * loaded, by the CPU or by the environment variable {@code OPENBLAS_CORETYPE}, which {@code
 * tests/bin/bench} sets to the fastest that runs.
 */
public final class OpenBlas {
  private static final List<String> NAMES =
      List.of(
          "libopenblas.so.0",
          "libopenblas.so",
          "/usr/lib/x86_64-linux-gnu/libopenblas.so.0",
          "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
          "/usr/lib/aarch64-linux-gnu/libopenblas.so.0",
          "/usr/lib64/libopenblas.so.0",
          "libopenblas.dylib",
          "/opt/homebrew/opt/openblas/lib/libopenblas.dylib");

  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;

  private final MethodHandle sgemm;
  private final String coreName;

  private OpenBlas(SymbolLookup library) {
    Linker linker = Linker.nativeLinker();
    sgemm =
        linker.downcallHandle(
            library.findOrThrow("cblas_sgemm"),
            FunctionDescriptor.ofVoid(
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_INT));
    MethodHandle setThreads =
        linker.downcallHandle(
            library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(JAVA_INT));
    MethodHandle getCoreName =
        linker.downcallHandle(
            library.findOrThrow("openblas_get_corename"), FunctionDescriptor.of(ADDRESS));
    try {
      setThreads.invokeExact(1);
      MemorySegment name = (MemorySegment) getCoreName.invokeExact();
      coreName = name.reinterpret(256).getString(0);
    } catch (Throwable failure) {
      throw new IllegalStateException("OpenBLAS does not answer", failure);
    }
  }

  /**
   * Loads the library for the life of the process and sets it to one thread.
   *
   * @return OpenBLAS
   * @throws IllegalStateException if it is not installed
   */
  public static OpenBlas load() {
    for (String name : NAMES) {
      try {
        return new OpenBlas(SymbolLookup.libraryLookup(name, Arena.global()));
      } catch (IllegalArgumentException absent) {
        // The next name may be there.
      }
    }
    throw new IllegalStateException(
        "OpenBLAS is not installed: looked for "
            + String.join(", ", NAMES)
            + "; on Debian: apt-get install libopenblas0-pthread");
  }

  /**
   * The kernels in use, such as {@code SkylakeX}.
   *
   * @return OpenBLAS's name for them
   */
  public String coreName() {
    return coreName;
  }

  /**
   * C = A·B for row-major float32 matrices without gaps.
   *
   * @param m rows of A and C
   * @param n columns of B and C
   * @param k columns of A and rows of B
   * @param a m × k floats, off-heap
   * @param b k × n floats, off-heap
   * @param c m × n floats, off-heap, overwritten
   */
  public void sgemm(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
    try {
      sgemm.invokeExact(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, 1f, a, k, b, n, 0f, c, n);
    } catch (Throwable failure) {
      throw new IllegalStateException("cblas_sgemm failed", failure);
    }
  }

  /**
   * Prints the kernels in use and their rate at 512³ in GF/s, the best of some runs.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) {
    OpenBlas blas = load();
    int size = 512;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocate(4L * size * size, 64);
      MemorySegment b = arena.allocate(4L * size * size, 64);
      MemorySegment c = arena.allocate(4L * size * size, 64);
      long best = Long.MAX_VALUE;
      for (int run = 0; run < 60; run++) {
        long start = System.nanoTime();
        blas.sgemm(size, size, size, a, b, c);
        best = Math.min(best, System.nanoTime() - start);
      }
      double rate = 2.0 * size * size * size / best;
      System.out.println(String.format(Locale.ROOT, "%s %.0f", blas.coreName(), rate));
    }
  }
}
