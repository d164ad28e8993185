package org.fluxion.autodiff.laws;

import java.math.BigDecimal;
import java.math.MathContext;

/** Functions of real numbers, to some fifty digits: as good as exact beside floating point. */
final class RealNumbers {
  static final MathContext DIGITS = new MathContext(50);

  /** Stands for −∞ where something is hidden: whatever is added to it, its exponential is 0. */
  static final BigDecimal HIDDEN = new BigDecimal("-1e9000");

  /** Intermediate results of series whose terms grow before they cancel. */
  private static final MathContext WIDE = new MathContext(100);

  private static final BigDecimal PI =
      new BigDecimal(
          "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798");

  private static final BigDecimal TWO = BigDecimal.valueOf(2);

  /** Beyond it the exponential is nothing, or no number that a double could be. */
  private static final double LARGEST_EXPONENT = 2000;

  /** Beyond it tanh and erf are ±1 to more digits than a double has. */
  private static final double SATURATION = 9;

  private RealNumbers() {}

  private static boolean isNegligible(BigDecimal term, BigDecimal sum) {
    return term.signum() == 0
        || term.precision() - term.scale() < sum.precision() - sum.scale() - WIDE.getPrecision();
  }

  /** eˣ; null where it is beyond all numbers. */
  static BigDecimal exp(BigDecimal x) {
    if (x.doubleValue() > LARGEST_EXPONENT) {
      return null;
    }
    if (x.doubleValue() < -LARGEST_EXPONENT) {
      return BigDecimal.ZERO;
    }
    // e^x = (e^(x/2ᵏ))^(2ᵏ), of which the inner series is short.
    int halvings = Math.max(0, Math.getExponent(x.doubleValue()) + 5);
    BigDecimal small = x.divide(TWO.pow(halvings), WIDE);
    BigDecimal sum = BigDecimal.ONE;
    BigDecimal term = BigDecimal.ONE;
    for (int n = 1; !isNegligible(term, sum); n++) {
      term = term.multiply(small, WIDE).divide(BigDecimal.valueOf(n), WIDE);
      sum = sum.add(term, WIDE);
    }
    for (int i = 0; i < halvings; i++) {
      sum = sum.multiply(sum, WIDE);
    }
    return sum;
  }

  /** ln x; of 0 it is hidden, and of what is negative null. */
  static BigDecimal log(BigDecimal x) {
    if (x.signum() <= 0) {
      return x.signum() == 0 ? HIDDEN : null;
    }
    // Near 1 a double would lose what is beyond it.
    BigDecimal above = x.subtract(BigDecimal.ONE);
    double start =
        Math.abs(above.doubleValue()) < 0.5
            ? Math.log1p(above.doubleValue())
            : Math.log(x.doubleValue());
    BigDecimal y = new BigDecimal(start);
    // Halley's iteration triples the digits.
    for (int i = 0; i < 2; i++) {
      BigDecimal e = exp(y);
      BigDecimal step = x.subtract(e, WIDE).divide(x.add(e, WIDE), WIDE).multiply(TWO, WIDE);
      y = y.add(step, WIDE);
    }
    return y;
  }

  static BigDecimal log1p(BigDecimal x) {
    return log(x.add(BigDecimal.ONE));
  }

  static BigDecimal expm1(BigDecimal x) {
    BigDecimal e = exp(x);
    return e == null ? null : e.subtract(BigDecimal.ONE);
  }

  /** Σ (−1)ⁿ x^(2n+first) / (2n+first)!. */
  private static BigDecimal alternating(BigDecimal x, int first) {
    BigDecimal square = x.multiply(x, WIDE);
    BigDecimal term = first == 0 ? BigDecimal.ONE : x;
    BigDecimal sum = term;
    for (int n = first; !isNegligible(term, sum); n += 2) {
      long divisor = (n + 1L) * (n + 2L);
      term = term.multiply(square, WIDE).divide(BigDecimal.valueOf(-divisor), WIDE);
      sum = sum.add(term, WIDE);
    }
    return sum;
  }

  static BigDecimal sin(BigDecimal x) {
    return alternating(turned(x), 1);
  }

  static BigDecimal cos(BigDecimal x) {
    return alternating(turned(x), 0);
  }

  /** The same angle, less than a turn. */
  private static BigDecimal turned(BigDecimal x) {
    BigDecimal turn = PI.multiply(TWO);
    BigDecimal turns = x.divideToIntegralValue(turn, WIDE);
    return x.subtract(turns.multiply(turn), WIDE);
  }

  static BigDecimal tanh(BigDecimal x) {
    if (Math.abs(x.doubleValue()) > 10 * SATURATION) {
      return BigDecimal.valueOf(x.signum());
    }
    BigDecimal e = exp(x.multiply(TWO));
    return e.subtract(BigDecimal.ONE).divide(e.add(BigDecimal.ONE), WIDE);
  }

  static BigDecimal sigmoid(BigDecimal x) {
    BigDecimal e = exp(x.negate());
    return e == null ? BigDecimal.ZERO : BigDecimal.ONE.divide(e.add(BigDecimal.ONE), WIDE);
  }

  static BigDecimal erf(BigDecimal x) {
    if (Math.abs(x.doubleValue()) > SATURATION) {
      return BigDecimal.valueOf(x.signum());
    }
    BigDecimal square = x.multiply(x, WIDE);
    BigDecimal power = x;
    BigDecimal sum = x;
    BigDecimal term = x;
    for (int n = 1; !isNegligible(term, sum); n++) {
      power = power.multiply(square, WIDE).divide(BigDecimal.valueOf(-n), WIDE);
      term = power.divide(BigDecimal.valueOf(2L * n + 1), WIDE);
      sum = sum.add(term, WIDE);
    }
    return sum.multiply(TWO, WIDE).divide(PI.sqrt(WIDE), WIDE);
  }

  /** aᵇ; null where it is no finite number. */
  static BigDecimal pow(BigDecimal a, BigDecimal b) {
    if (b.signum() == 0) {
      return BigDecimal.ONE;
    }
    if (a.signum() == 0) {
      return b.signum() > 0 ? BigDecimal.ZERO : null;
    }
    boolean isWhole = b.stripTrailingZeros().scale() <= 0;
    if (a.signum() < 0 && !isWhole) {
      return null;
    }
    BigDecimal size = exp(b.multiply(log(a.abs()), WIDE));
    boolean isOdd = isWhole && b.remainder(TWO).signum() != 0;
    return size != null && a.signum() < 0 && isOdd ? size.negate() : size;
  }

  static BigDecimal sqrt(BigDecimal x) {
    return x.signum() < 0 ? null : x.sqrt(DIGITS);
  }

  static BigDecimal divide(BigDecimal a, BigDecimal b) {
    return b.signum() == 0 ? null : a.divide(b, DIGITS);
  }
}
