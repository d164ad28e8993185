package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The loops of a kernel, outermost first, whose extents multiply to the elements that it walks
 * over. Which way the elements are cut into loops is a choice; cuts are made finer until every
 * operand's position is a sum of stride · index.
 *
 * @param extents the extent of each loop, all above 1
 */
record Loops(List<Long> extents) {
  Loops {
    extents = List.copyOf(extents);
  }

  /** The loops over a shape's axes; axes of extent 1 need none. */
  static Loops of(long... axes) {
    List<Long> extents = new ArrayList<>();
    for (long axis : axes) {
      if (axis != 1) {
        extents.add(axis);
      }
    }
    return new Loops(extents);
  }

  int count() {
    return extents.size();
  }

  long elements() {
    long product = 1;
    for (long extent : extents) {
      product *= extent;
    }
    return product;
  }

  /** How many elements each loop steps over when the walk is in order. */
  long[] steps() {
    long[] steps = new long[count()];
    long step = 1;
    for (int i = count() - 1; i >= 0; i--) {
      steps[i] = step;
      step *= extents.get(i);
    }
    return steps;
  }

  /** The loops with one of them cut in two, the inner of the given extent. */
  Loops split(int loop, long inner) {
    List<Long> finer = new ArrayList<>(extents);
    finer.set(loop, inner);
    finer.add(loop, extents.get(loop) / inner);
    return new Loops(finer);
  }

  /**
   * The coarsest loops that refine both.
   *
   * @return the loops, or null if the cuts contradict each other
   */
  static Loops refine(Loops a, Loops b) {
    long[] cuts = LongStream.concat(Arrays.stream(a.cuts()), Arrays.stream(b.cuts())).toArray();
    Arrays.sort(cuts);
    List<Long> merged = new ArrayList<>();
    long last = 1;
    for (long next : cuts) {
      if (next % last != 0) {
        return null;
      }
      if (next != last) {
        merged.add(0, next / last);
      }
      last = next;
    }
    return new Loops(merged);
  }

  /** The products of the innermost 1, 2, … loops. */
  private long[] cuts() {
    long[] cuts = new long[count()];
    long product = 1;
    for (int i = 0; i < cuts.length; i++) {
      product *= extents.get(count() - 1 - i);
      cuts[i] = product;
    }
    return cuts;
  }
}
