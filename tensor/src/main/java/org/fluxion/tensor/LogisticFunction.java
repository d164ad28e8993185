package org.fluxion.tensor;

/**
 * The logistic function in double precision, off by less than 2.5 units in the last place. The
 * strict exponential keeps its bits the same on every JVM.
 */
public final class LogisticFunction {
  private LogisticFunction() {}

  /**
   * The logistic function. Of negative arguments the exponential is in the numerator, so that small
   * results are not lost to one that overflows.
   *
   * @param x the argument
   * @return 1 / (1 + e⁻ˣ); NaN for NaN
   */
  public static double sigmoid(double x) {
    double e = StrictMath.exp(-Math.abs(x));
    return (x < 0 ? e : 1) / (1 + e);
  }
}
