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

  /** Nanoseconds of the first body of the second pair, if there are two. */
  public long secondSubjectNanos;

  /** Nanoseconds of the other body of the second pair. */
  public long secondPeerNanos;

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

  /**
   * Runs two pairs in turns; what counts is the quotient of each, such as two speed-ups.
   *
   * @param numerator of the subject's quotient
   * @param denominator of the subject's quotient
   * @param peerNumerator of the peer's quotient
   * @param peerDenominator of the peer's quotient
   */
  public void runQuotients(
      Runnable numerator, Runnable denominator, Runnable peerNumerator, Runnable peerDenominator) {
    run(numerator, denominator);
    secondSubjectNanos += time(peerNumerator);
    secondPeerNanos += time(peerDenominator);
  }

  /**
   * Adds amounts that are no times, such as bytes.
   *
   * @param subject the subject's amount
   * @param peer what it is compared with
   */
  public void count(long subject, long peer) {
    subjectNanos += subject;
    peerNanos += peer;
    runs++;
  }

  private static long time(Runnable body) {
    long start = System.nanoTime();
    body.run();
    return System.nanoTime() - start;
  }
}
