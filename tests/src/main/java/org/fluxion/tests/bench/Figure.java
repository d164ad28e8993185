package org.fluxion.tests.bench;

import java.util.Map;

/**
 * What a benchmark method's pair of times is reported as.
 *
 * @param method the name of the benchmark method
 * @param name the figure's name; the values of the method's parameters are appended
 * @param unit the unit of both values, such as {@code GB/s}
 * @param peer the peer's name
 * @param value from the subject's seconds for one run to its value
 * @param peerValue from the peer's seconds for one run to its value
 */
public record Figure(
    String method, String name, String unit, String peer, Value value, Value peerValue) {

  /** From the seconds that one run took to the value reported. */
  @FunctionalInterface
  public interface Value {
    /**
     * The value of one run.
     *
     * @param seconds what one run took
     * @param parameters the values of the method's JMH parameters by name
     * @return the value, in the figure's unit
     */
    double of(double seconds, Map<String, String> parameters);
  }

  /** The work that one run does, in the unit of which a rate is reported. */
  @FunctionalInterface
  public interface Work {
    /**
     * The amount of work of one run, such as gigabytes or billions of operations.
     *
     * @param parameters the values of the method's JMH parameters by name
     * @return the amount
     */
    double of(Map<String, String> parameters);
  }

  /**
   * A rate: work by time. A ratio above one says that the subject is faster.
   *
   * @param method the name of the benchmark method
   * @param name the figure's name
   * @param unit the unit of the rate, such as {@code GB/s}
   * @param peer the peer's name
   * @param work the subject's work in one run
   * @param peerWork the peer's work in one run
   * @return the figure
   */
  public static Figure rate(
      String method, String name, String unit, String peer, Work work, Work peerWork) {
    return new Figure(method, name, unit, peer, over(work), over(peerWork));
  }

  /**
   * A time in milliseconds. A ratio below one says that the subject is faster.
   *
   * @param method the name of the benchmark method
   * @param name the figure's name
   * @param peer the peer's name
   * @return the figure
   */
  public static Figure milliseconds(String method, String name, String peer) {
    Value value = (seconds, parameters) -> seconds * 1e3;
    return new Figure(method, name, "ms", peer, value, value);
  }

  /**
   * A quotient of two times, such as a speed-up, beside another one.
   *
   * @param method the name of the benchmark method, which runs {@link Pair#runQuotients}
   * @param name the figure's name
   * @param unit what a quotient is called
   * @param peer the peer's name
   * @return the figure
   */
  public static Figure quotient(String method, String name, String unit, String peer) {
    Value value = (quotient, parameters) -> quotient;
    return new Figure(method, name, unit, peer, value, value);
  }

  /**
   * An amount of what a method counts. A ratio below one says that it is less than the peer.
   *
   * @param method the name of the benchmark method, which calls {@link Pair#count}
   * @param name the figure's name
   * @param unit the unit
   * @param peer the peer's name
   * @param size what a unit holds of what is counted
   * @return the figure
   */
  public static Figure amount(String method, String name, String unit, String peer, double size) {
    // What is counted stands where the nanoseconds of a time would.
    Value value = (seconds, parameters) -> seconds * 1e9 / size;
    return new Figure(method, name, unit, peer, value, value);
  }

  private static Value over(Work work) {
    return (seconds, parameters) -> work.of(parameters) / seconds;
  }
}
