package org.fluxion.tensor.conformance;

import java.util.Random;

/** Streams of random numbers for laws. */
public final class Streams {
  private Streams() {}

  /**
   * The stream of a seed. It is spread, since the first numbers of neighbouring seeds are alike.
   *
   * @param seed which one
   * @param kind keeps what two laws draw from one seed apart
   */
  public static Random of(long seed, int kind) {
    return new Random(seed * 0x9E3779B97F4A7C15L + kind);
  }
}
