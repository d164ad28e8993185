package org.fluxion.meanflow.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/**
 * How fast work goes, by its later half and at most its last {@value #MOST} steps. What came first
 * was slow: kernels were compiled, caches were cold, and Java did not know its own code yet. Safe
 * to share, since a bar is drawn on a thread of its own.
 */
final class Pace {
  private static final int MOST = 50;
  private static final double SECOND_NANOS = 1e9;

  private record Mark(long done, long nanos) {}

  private final Deque<Mark> marks = new ArrayDeque<>();
  private long steps;

  /**
   * Begins.
   *
   * @param done how much was done before
   * @param nanos when
   */
  Pace(long done, long nanos) {
    marks.addLast(new Mark(done, nanos));
  }

  /**
   * Notes a step.
   *
   * @param done how much is done; nothing is noted if it is not more than before
   * @param nanos when
   */
  synchronized void mark(long done, long nanos) {
    if (done <= marks.getLast().done) {
      return;
    }
    marks.addLast(new Mark(done, nanos));
    steps++;
    while (marks.size() - 1 > Math.clamp(steps / 2, 1, MOST)) {
      marks.removeFirst();
    }
  }

  /**
   * How much is done in a second.
   *
   * @return the rate; empty after the first step, which tells nothing of the others
   */
  synchronized OptionalDouble perSecond() {
    if (steps < 2) {
      return OptionalDouble.empty();
    }
    Mark from = marks.getFirst();
    Mark to = marks.getLast();
    return OptionalDouble.of(
        (to.done - from.done) * SECOND_NANOS / Math.max(1, to.nanos - from.nanos));
  }

  /**
   * How long the rest will take.
   *
   * @param end how much is to be done in all
   * @return seconds; empty as long as nothing can be said
   */
  synchronized OptionalDouble secondsTo(long end) {
    OptionalDouble rate = perSecond();
    return rate.isEmpty()
        ? rate
        : OptionalDouble.of((end - marks.getLast().done) / rate.getAsDouble());
  }
}
