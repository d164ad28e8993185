package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** CLBlast, the OpenCL peer of matrix multiplication, on the first OpenCL device. */
final class ClBlast {
  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;

  private final NativeOpenCl device;
  private final MemorySegment queue;
  private final MethodHandle sgemm;

  private ClBlast(NativeOpenCl device, SymbolLookup library) {
    this.device = device;
    this.queue = Arena.global().allocateFrom(ADDRESS, device.queue());
    this.sgemm =
        Linker.nativeLinker()
            .downcallHandle(
                library.findOrThrow("CLBlastSgemm"),
                FunctionDescriptor.of(
                    JAVA_INT,
                    JAVA_INT,
                    JAVA_INT,
                    JAVA_INT,
                    JAVA_LONG,
                    JAVA_LONG,
                    JAVA_LONG,
                    JAVA_FLOAT,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_LONG,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_LONG,
                    JAVA_FLOAT,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_LONG,
                    ADDRESS,
                    ADDRESS));
  }

  /**
   * Loads the library for the life of the process.
   *
   * @param device where it is to run
   * @throws IllegalStateException if it is not installed
   */
  static ClBlast load(NativeOpenCl device) {
    for (String name : new String[] {"libclblast.so.1", "libclblast.so", "libclblast.dylib"}) {
      try {
        return new ClBlast(device, SymbolLookup.libraryLookup(name, Arena.global()));
      } catch (IllegalArgumentException absent) {
        // The next name may be there.
      }
    }
    throw new IllegalStateException(
        "CLBlast is not installed; on Debian: apt-get install libclblast1");
  }

  /**
   * C = A·B for row-major float32 matrices without gaps, and waits.
   *
   * @param m rows of A and C
   * @param n columns of B and C
   * @param k columns of A and rows of B
   * @param a m × k floats on the device
   * @param b k × n floats on the device
   * @param c m × n floats on the device, overwritten
   */
  void sgemm(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
    int code;
    try {
      code =
          (int)
              sgemm.invokeExact(
                  ROW_MAJOR,
                  NO_TRANSPOSE,
                  NO_TRANSPOSE,
                  (long) m,
                  (long) n,
                  (long) k,
                  1f,
                  a,
                  0L,
                  (long) k,
                  b,
                  0L,
                  (long) n,
                  0f,
                  c,
                  0L,
                  (long) n,
                  queue,
                  MemorySegment.NULL);
    } catch (Throwable failure) {
      throw new IllegalStateException("CLBlastSgemm cannot be called", failure);
    }
    if (code != 0) {
      throw new IllegalStateException("CLBlastSgemm failed with " + code);
    }
    device.finish();
  }
}
