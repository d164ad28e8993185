package org.fluxion.tests.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Runs a subject and its peer in turns and adds up the time of each. JMH hands it to a benchmark
 * method, starts its counters from zero in every iteration and reports them beside the method's own
 * score.
 */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Pair {
  /** Nanoseconds that the subject took in this iteration. */
  public long subjectNanos;

  /** Nanoseconds that the peer took in this iteration. */
  public long peerNanos;

  /** How often each of them ran in this iteration. */
  public long runs;

  private boolean peerFirst;

  /** A pair with nothing measured yet. */
  public Pair() {}

  /**
   * Runs each once, and the other one first the next time. Either should take 50 µs or more, so
   * that reading the clock costs nothing, and must leave its result where the compiler cannot drop
   * the work.
   *
   * @param subject what is measured
   * @param peer what it is compared with
   */
  public void run(Runnable subject, Runnable peer) {
    if (peerFirst) {
      peerNanos += time(peer);
      subjectNanos += time(subject);
    } else {
      subjectNanos += time(subject);
      peerNanos += time(peer);
    }
    peerFirst = !peerFirst;
    runs++;
  }

  private static long time(Runnable body) {
    long start = System.nanoTime();
    body.run();
    return System.nanoTime() - start;
  }
}
