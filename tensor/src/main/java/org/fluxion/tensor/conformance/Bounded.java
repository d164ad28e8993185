package org.fluxion.tensor.conformance;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;

/**
 * What a tensor's elements are to be, exactly, and how far a device may be off.
 *
 * @param dtype the dtype that they are stored as
 * @param expected the elements, of floating point in float64 whatever the dtype
 * @param allowed how far each may be off; null if none may, beyond being rounded to the dtype
 */
public record Bounded(DType dtype, HostData expected, double[] allowed) {
  /** The most that is granted to a function of exact operands, in units in the last place. */
  private static final double MOST_UNITS = 17;

  /** A tolerance beyond this part of the larger number tells nothing. */
  private static final double TELLING = 0.1;

  /**
   * Whether it tells something that two numbers are within a tolerance of each other.
   *
   * @param a a number
   * @param b another
   * @param tolerance how far apart they may be
   * @return true of a tolerance that is small beside them, and of two zeros
   */
  public static boolean tells(double a, double b, double tolerance) {
    return a == 0 && b == 0 || tolerance <= TELLING * Math.max(Math.abs(a), Math.abs(b));
  }

  /**
   * The element that is off the most.
   *
   * @param element which one
   * @param expected what it is to be
   * @param actual what it is
   * @param allowed how far it may be off
   */
  public record Deviation(long element, double expected, double actual, double allowed) {
    /**
     * The error relative to what is allowed.
     *
     * @return at most 1 if all is well; infinite for what is wrong altogether
     */
    public double severity() {
      double off = Math.abs(actual - expected);
      // Also a zero of the wrong sign, where nothing is allowed.
      return Double.isNaN(off) || allowed == 0 ? Double.POSITIVE_INFINITY : off / allowed;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "element %d is %s, expected %s within %s",
          element,
          actual,
          expected,
          allowed);
    }
  }

  /**
   * Holds a device's result against this.
   *
   * @param actual what was computed
   * @return the element that is off the most, relative to what is allowed, or empty if all of them
   *     are the exact values, rounded to the dtype
   */
  public Optional<Deviation> worst(HostData actual) {
    HostData one = HostData.allocate(dtype, 1);
    Deviation worst = null;
    for (long i = 0; i < expected.elements(); i++) {
      double off = allowed == null ? 0 : allowed[(int) i];
      if (isRounded(i, actual, one) || !(off < Double.POSITIVE_INFINITY)) {
        continue;
      }
      Deviation found = new Deviation(i, expected.getDouble(i), actual.getDouble(i), off);
      if (worst == null || found.severity() > worst.severity()) {
        worst = found;
      }
    }
    return Optional.ofNullable(worst);
  }

  /**
   * Of how many elements it tells something that {@link #worst} finds nothing wrong with them: all
   * whose tolerance is small beside them.
   *
   * @param actual what was computed
   * @return their number
   */
  public long certified(HostData actual) {
    return allowed == null
        ? expected.elements()
        : IntStream.range(0, allowed.length)
            .filter(i -> allowed[i] < Double.POSITIVE_INFINITY)
            .filter(i -> tells(expected.getDouble(i), actual.getDouble(i), allowed[i]))
            .count();
  }

  /**
   * How far a result is off at most, in units in the last place. What is off by more than any
   * function may be, since subnormal numbers became zeros, is left out.
   *
   * @param actual what was computed
   * @return units; 0 if all elements are the exact values, rounded to the dtype
   */
  public double units(HostData actual) {
    HostData one = HostData.allocate(dtype, 1);
    double most = 0;
    for (long i = 0; i < expected.elements(); i++) {
      double value = expected.getDouble(i);
      double unit = dtype.isFloating() ? Roundings.ulp(dtype, value, 0) : 1;
      double off = Math.abs(actual.getDouble(i) - value);
      boolean counts = allowed == null || allowed[(int) i] <= MOST_UNITS * unit;
      if (counts && Double.isFinite(off) && !isRounded(i, actual, one)) {
        most = Math.max(most, off / unit);
      }
    }
    return most;
  }

  /**
   * How far a result is off at most, relative to its largest element.
   *
   * @param actual what was computed
   * @return the quotient; 0 if all elements are the exact values, rounded to the dtype
   */
  public double relative(HostData actual) {
    HostData one = HostData.allocate(dtype, 1);
    double most = 0;
    double largest = 0;
    for (long i = 0; i < expected.elements(); i++) {
      double value = expected.getDouble(i);
      double off = Math.abs(actual.getDouble(i) - value);
      largest = Double.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
      if (Double.isFinite(off) && !isRounded(i, actual, one)) {
        most = Math.max(most, off);
      }
    }
    return most == 0 ? 0 : most / largest;
  }

  private boolean isRounded(long i, HostData actual, HostData one) {
    if (!dtype.isFloating()) {
      return expected.getLong(i) == actual.getLong(i);
    }
    one.setDouble(0, expected.getDouble(i));
    return Double.compare(one.getDouble(0), actual.getDouble(i)) == 0;
  }
}
