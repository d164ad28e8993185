package org.fluxion.tensor.conformance;

import static org.fluxion.tensor.conformance.Elements.EITHER_ZERO;
import static org.fluxion.tensor.conformance.Elements.UNKNOWN;
import static org.fluxion.tensor.conformance.Elements.apply;
import static org.fluxion.tensor.conformance.Elements.at;
import static org.fluxion.tensor.conformance.Elements.each;
import static org.fluxion.tensor.conformance.Elements.isZero;
import static org.fluxion.tensor.conformance.Elements.plus;

import java.util.Arrays;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * An operation's own roundings, on top of what its operands are off by; and what becomes of numbers
 * at both ends of a dtype's range.
 */
final class Roundings {
  private final Nodes nodes;
  private final Arithmetic arithmetic;
  private final ErrorBound.Yardstick yardstick;
  private final Propagation propagation;

  /**
   * Of operations between nodes.
   *
   * @param nodes what is known of the nodes
   * @param arithmetic what functions may be off by
   * @param yardstick what everything is off from
   * @param propagation what becomes of operands' errors
   */
  Roundings(
      Nodes nodes, Arithmetic arithmetic, ErrorBound.Yardstick yardstick, Propagation propagation) {
    this.nodes = nodes;
    this.arithmetic = arithmetic;
    this.yardstick = yardstick;
    this.propagation = propagation;
  }

  private boolean isReal() {
    return yardstick != ErrorBound.Yardstick.REFERENCE;
  }

  /** A result's own rounding on top of what its operands are off by. */
  double[] rounded(Tensor z, double[] propagated) {
    DType dtype = z.dtype();
    if (!dtype.isFloating()) {
      return propagated == null ? null : each(z, i -> UNKNOWN);
    }
    double units = arithmetic.units(z.op(), dtype);
    boolean wide = dtype == DType.FLOAT64;
    if (!isReal() && wide && units == Arithmetic.ROUNDED && propagated == null) {
      return null;
    }
    // The reference rounds in float64 as well.
    double all = wide && !isReal() ? units + (units == Arithmetic.ROUNDED ? units : 1) : units;
    double[] numbers = nodes.numbers(z);
    double[] before = nodes.before(z);
    return each(
        z,
        i -> {
          double value = numbers[i];
          double e = at(propagated, i);
          if (Double.isNaN(e) || e > 0 && !Double.isFinite(value)) {
            return dividesByZero(z, i) ? 0 : UNKNOWN;
          }
          // Zero, infinity and what is no number have one right outcome.
          boolean isExact =
              e == 0 && (before[i] == 0 && !vanishes(z, i) || isExactSum(z, i, before[i], value));
          return isExact || !Double.isFinite(value)
              ? 0
              : e + upward(all * ulp(dtype, value, e)) + underflow(dtype, value, e);
        });
  }

  /**
   * Whether a sum of two numbers is one of the dtype's: what it was rounded by is a number itself,
   * which is found without error (Knuth, The Art of Computer Programming 2, 1969, section 4.2.2).
   * So an exponent less 1 is as exact as the exponent.
   */
  private boolean isExactSum(Tensor z, int i, double sum, double rounded) {
    int sign =
        switch (z.op()) {
          case Op.Add o -> 1;
          case Op.Sub o -> -1;
          default -> 0;
        };
    if (!isReal() || sign == 0 || sum != rounded) {
      return false;
    }
    double a = operand(z, 0)[i];
    double b = sign * operand(z, 1)[i];
    double ofB = sum - a;
    return a - (sum - ofB) + (b - ofB) == 0;
  }

  /**
   * Whether a zero of float64 is a real number that is nearer to it than the smallest: as much as
   * that it is off, which a large factor may make visible.
   */
  private boolean vanishes(Tensor z, int i) {
    return isReal()
        && switch (z.op()) {
          case Op.Mul o -> operand(z, 0)[i] != 0 && operand(z, 1)[i] != 0;
          case Op.Div o -> operand(z, 0)[i] != 0 && Double.isFinite(operand(z, 1)[i]);
          case Op.Pow o ->
              operand(z, 0)[i] != 0
                  && Double.isFinite(operand(z, 0)[i])
                  && Double.isFinite(operand(z, 1)[i]);
          case Op.Exp o -> Double.isFinite(operand(z, 0)[i]);
          case Op.Sigmoid o -> Double.isFinite(operand(z, 0)[i]);
          default -> false;
        };
  }

  /**
   * Whether what vanished is a divisor: it is zero to the quotient, which is infinite or no number.
   * A rule that gives that where there is a slope is wrong, however small what it divides by is.
   */
  private boolean dividesByZero(Tensor z, int i) {
    boolean divides =
        switch (z.op()) {
          case Op.Div o -> operand(z, 1)[i] == 0;
          case Op.Pow o -> operand(z, 0)[i] == 0;
          case Op.Log o -> operand(z, 0)[i] == 0;
          default -> false;
        };
    return isReal() && divides && z.inputs().stream().allMatch(x -> isExactOrVanished(x, i));
  }

  private boolean isExactOrVanished(Tensor x, int i) {
    double e = at(nodes.errors(x), i);
    double least = x.dtype() == DType.FLOAT64 ? Double.MIN_NORMAL : Float.MIN_NORMAL;
    return e == 0 || e < least && nodes.before(x)[i] == 0;
  }

  private double[] operand(Tensor z, int number) {
    return nodes.numbers(z.inputs().get(number));
  }

  /** What is not zero is at least the smallest number, of which a half would be none. */
  private static double upward(double rounding) {
    return Math.max(rounding, Double.MIN_VALUE);
  }

  /** The distance of neighbouring numbers at the upper end of an interval. */
  static double ulp(DType dtype, double value, double error) {
    double most = Math.abs(value) + error;
    return switch (dtype) {
      case FLOAT64 -> Math.ulp(most);
      case FLOAT16 -> Math.max(0x1p-24, Math.ulp(most) * 0x1p42);
      case BFLOAT16 -> Math.max(0x1p-133, Math.ulp(most) * 0x1p45);
      // Beyond the largest number all is infinite.
      default ->
          most > Float.MAX_VALUE && error > 0
              ? UNKNOWN
              : Math.ulp((float) Math.min(most, Float.MAX_VALUE));
    };
  }

  /** What becomes zero where subnormal numbers do. */
  private double underflow(DType dtype, double value, double error) {
    boolean lost =
        arithmetic.flushesSubnormals()
            && dtype == DType.FLOAT32
            && Math.abs(value) - error < Float.MIN_NORMAL;
    return lost ? Float.MIN_NORMAL : 0;
  }

  /** What a leaf is off by where subnormal numbers become zero. */
  double[] flushed(Tensor leaf) {
    if (!arithmetic.flushesSubnormals() || leaf.dtype() != DType.FLOAT32) {
      return null;
    }
    double[] value = nodes.numbers(leaf);
    double[] e = each(leaf, i -> Math.abs(value[i]) < Float.MIN_NORMAL ? Math.abs(value[i]) : 0);
    return isZero(e) ? null : e;
  }

  /** A cast to floating point. */
  double[] cast(Tensor z, DType to) {
    Tensor x = z.inputs().get(0);
    double[] e = nodes.errors(x);
    if (isReal()) {
      // What was cut off is known.
      double[] value = nodes.numbers(z);
      double[] before = nodes.before(z);
      double[] cut = each(z, i -> Math.abs(before[i] - value[i]));
      Arrays.setAll(cut, i -> Double.isNaN(cut[i]) ? 0 : cut[i]);
      return isZero(cut) ? e : plus(cut, e);
    }
    if (to.isStorageOnly()) {
      double[] operand = nodes.numbers(x);
      // The exact value is rounded as well, and may be so to the other side.
      return e == null
          ? null
          : each(z, i -> at(e, i) == 0 ? 0 : at(e, i) + ulp(to, operand[i], at(e, i)));
    }
    return to.bytes() < x.dtype().bytes() ? rounded(z, e) : e;
  }

  /** Of what became infinite because its dtype ends, nothing is known. */
  double[] overflown(Tensor node, double[] bound) {
    if (!Widened.isNarrow(node.dtype()) || !isReal()) {
      return bound;
    }
    double[] value = nodes.numbers(node);
    double[] before = nodes.before(node);
    double[] e =
        each(
            node,
            i ->
                Double.isInfinite(value[i]) && Double.isFinite(before[i]) ? UNKNOWN : at(bound, i));
    return bound == null && isZero(e) ? null : e;
  }

  /** A bound, unknown where the exact value is finite and the stored one is not. */
  double[] beyond(Tensor node, double[] bound) {
    if (node.dtype() != DType.FLOAT32) {
      return bound;
    }
    double[] value = nodes.numbers(node);
    double[] e =
        each(
            node,
            i ->
                Double.isFinite(value[i]) && Math.abs(value[i]) > Float.MAX_VALUE
                    ? UNKNOWN
                    : at(bound, i));
    return bound == null && isZero(e) ? null : e;
  }

  /**
   * A sum of n numbers, in whatever order, is rounded n − 1 times, of n products n times. One that
   * starts from zero makes a positive zero of negative ones.
   */
  double[] summed(Tensor z) {
    Tensor x = z.inputs().get(0);
    double[] e = nodes.errors(x);
    if (!z.dtype().isFloating()) {
      return e == null ? null : propagation.unknown(z);
    }
    double[] operand = nodes.numbers(x);
    double[] value = nodes.numbers(z);
    double[] terms = nodes.applied(z, each(x, i -> 1));
    double[] magnitudes = nodes.applied(z, each(x, i -> Math.abs(operand[i]) + at(e, i)));
    double[] zeros = nodes.zeros(x, -0.0);
    double[] negative = isZero(zeros) ? null : nodes.applied(z, zeros);
    double[] propagated = propagation.moved(z, e);
    double unit = unit(z.dtype());
    return each(
        z,
        i -> {
          if (terms[i] > 0 && at(negative, i) == terms[i]) {
            return Math.max(at(propagated, i), EITHER_ZERO);
          }
          if (leaves(z, magnitudes[i])) {
            return UNKNOWN;
          }
          double roundings = Math.max(0, terms[i] - 1);
          return at(propagated, i)
              + growth(roundings, unit) * magnitudes[i]
              + (roundings > 0 ? underflow(z.dtype(), value[i], magnitudes[i]) * terms[i] : 0);
        });
  }

  /** A product of matrices. */
  double[] matmul(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = nodes.errors(x);
    double[] ey = nodes.errors(y);
    double[] ax = magnitudes(x);
    double[] ay = magnitudes(y);
    double[] wideX = plus(ax, ex);
    double[] wideY = plus(ay, ey);
    double[] fromX = ex == null ? null : apply(z, ex, wideY);
    double[] fromY = ey == null ? null : apply(z, ax, ey);
    double[] magnitudes = apply(z, wideX, wideY);
    double[] value = nodes.numbers(z);
    long k = x.shape().extent(-1);
    double unit = unit(z.dtype());
    double least = z.dtype() == DType.FLOAT64 ? Double.MIN_VALUE : Float.MIN_VALUE;
    return each(
        z,
        i ->
            leaves(z, magnitudes[i])
                ? UNKNOWN
                : at(fromX, i)
                    + at(fromY, i)
                    + growth(k, unit) * magnitudes[i]
                    + k * (least + underflow(z.dtype(), value[i], magnitudes[i])));
  }

  private double[] magnitudes(Tensor x) {
    double[] value = nodes.numbers(x);
    return each(x, i -> Math.abs(value[i]));
  }

  /** Whether a part of a sum may be beyond the dtype's range, though the sum of all is not. */
  private static boolean leaves(Tensor z, double magnitudes) {
    return z.dtype() == DType.FLOAT32
        && Double.isFinite(magnitudes)
        && magnitudes > Float.MAX_VALUE;
  }

  /**
   * Half a unit in the last place of 1; in float64 twice if the yardstick is the reference, which
   * rounds as well.
   */
  double unit(DType dtype) {
    return dtype == DType.FLOAT64 ? (isReal() ? 0x1p-53 : 0x1p-52) : 0x1p-24;
  }

  /** What n roundings make of a number at most, relative to it: (1 + u)ⁿ − 1 ≤ nu/(1 − nu). */
  private static double growth(double roundings, double unit) {
    double first = roundings * unit;
    return first < 1 ? first / (1 - first) : UNKNOWN;
  }
}
