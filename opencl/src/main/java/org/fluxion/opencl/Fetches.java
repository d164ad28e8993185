package org.fluxion.opencl;

/**
 * Brings memory near before it is read or written, so that arithmetic goes on meanwhile. OpenCL C's
 * own prefetch does nothing on processors, and a compiler for one has an instruction for it. What
 * is fetched need not exist: nothing is read.
 */
final class Fetches {
  /** Bytes that are fetched at once: a line of a processor's cache. */
  static final int LINE = 64;

  /**
   * What kernels begin with that fetch. Nothing is done where the compiler makes SPIR, of which
   * Oclgrind does not know that instruction.
   */
  static final String SOURCE =
      """
      #if defined(__clang__) && !defined(__SPIR__) && !defined(__SPIR64__)
      #define FETCH(place, writes, near) __builtin_prefetch(place, writes, near)
      #else
      #define FETCH(place, writes, near)
      #endif
      """;

  private Fetches() {}

  /** The statement that fetches what is written next. */
  static String written(String place) {
    return Text.of("FETCH(%s, 1, 3);", place);
  }

  /** The statement that fetches what is read later: into the second cache. */
  static String readLater(String place) {
    return Text.of("FETCH(%s, 0, 2);", place);
  }
}
