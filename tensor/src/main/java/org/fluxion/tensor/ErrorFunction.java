package org.fluxion.tensor;

/**
 * The error function in double precision: its Maclaurin series near 0, a continued fraction of erfc
 * beyond (Abramowitz and Stegun, 7.1.6 and 7.1.14). Off by less than 2.5 units in the last place;
 * speed is no aim. The strict exponential keeps its bits the same on every JVM.
 */
public final class ErrorFunction {
  private static final double TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

  /** What it was rounded by. */
  private static final double TWO_OVER_ROOT_PI_LOW = 1.533545961316588e-17;

  private ErrorFunction() {}

  /**
   * The error function.
   *
   * @param x the argument
   * @return 2/√π ∫₀ˣ exp(−s²) ds; NaN for NaN
   */
  public static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a < 1e-20) {
      return x * TWO_OVER_ROOT_PI;
    }
    if (a > 6) {
      return Math.signum(x);
    }
    return Math.copySign(a < 2.5 ? series(a) : 1 - complement(a), x);
  }

  /**
   * 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3···(2n+1)): every term is positive, nothing cancels. Each
   * number has a second one for what it was rounded by, up to the exponential.
   */
  private static double series(double x) {
    double square = x * x;
    double squareLow = Math.fma(x, x, -square);
    double term = x;
    double termLow = 0;
    double sum = x;
    double sumLow = 0;
    for (int n = 1; term > sum * 1e-19; n++) {
      int divisor = 2 * n + 1;
      double product = 2 * term * square;
      double low = Math.fma(2 * term, square, -product) + 2 * (term * squareLow + termLow * square);
      term = product / divisor;
      termLow = (Math.fma(-term, divisor, product) + low) / divisor;
      double next = sum + term;
      // The larger of both is not always the sum.
      double part = next - sum;
      sumLow += sum - (next - part) + (term - part) + termLow;
      sum = next;
    }
    double scaled = TWO_OVER_ROOT_PI * sum;
    double scaledLow =
        Math.fma(TWO_OVER_ROOT_PI, sum, -scaled)
            + TWO_OVER_ROOT_PI * sumLow
            + TWO_OVER_ROOT_PI_LOW * sum
            - scaled * squareLow;
    double exponential = StrictMath.exp(-square);
    return Math.fma(scaled, exponential, scaledLow * exponential);
  }

  /** erfc by its continued fraction, evaluated from the tail. */
  private static double complement(double x) {
    double fraction = x;
    for (int k = 80; k >= 1; k--) {
      fraction = x + k / 2.0 / fraction;
    }
    return StrictMath.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
  }
}
