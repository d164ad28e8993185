package org.fluxion.tensor;

/**
 * The error function in double precision: its Maclaurin series near 0, a continued fraction of erfc
 * beyond (Abramowitz and Stegun, 7.1.6 and 7.1.14). Accurate to about 1e-15; speed is no aim. The
 * strict exponential keeps its bits the same on every JVM.
 */
public final class ErrorFunction {
  private static final double TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

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

  /** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3···(2n+1)): every term is positive, nothing cancels. */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; term > sum * 1e-17; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_ROOT_PI * StrictMath.exp(-x * x) * sum;
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
