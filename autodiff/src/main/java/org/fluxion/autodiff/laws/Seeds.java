package org.fluxion.autodiff.laws;

import java.util.Random;
import java.util.SplittableRandom;

/**
 * Streams of what programs and arguments are drawn from. Plain {@link Random} draws nearly the same
 * first numbers for neighbouring seeds; and directions, which are drawn from it, would be multiples
 * of the arguments if both came from one stream.
 */
final class Seeds {
  private Seeds() {}

  /** The stream of a seed, unlike those of its neighbours. */
  static Random spread(long seed) {
    return new Random(new SplittableRandom(seed).nextLong());
  }
}
