package org.fluxion.tensor.conformance;

import static org.fluxion.tensor.conformance.Elements.EITHER_ZERO;
import static org.fluxion.tensor.conformance.Elements.UNKNOWN;
import static org.fluxion.tensor.conformance.Elements.apply;
import static org.fluxion.tensor.conformance.Elements.at;
import static org.fluxion.tensor.conformance.Elements.each;
import static org.fluxion.tensor.conformance.Elements.isZero;
import static org.fluxion.tensor.conformance.Elements.largest;
import static org.fluxion.tensor.conformance.Elements.plus;

import java.util.List;
import java.util.function.IntPredicate;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** What an operation makes of what its operands are off by, its own roundings aside. */
final class Propagation {
  /** Of a zero that may have either sign: less than any number, and enough to be passed on. */
  private static final double OPEN = 0x1p-900;

  private final Nodes nodes;

  /** Whether choices are what they are, so that nothing hangs on them. */
  private final boolean choicesAreMade;

  /**
   * Of operations between nodes.
   *
   * @param nodes what is known of the nodes
   * @param choicesAreMade whether choices are what they are, so that nothing hangs on them
   */
  Propagation(Nodes nodes, boolean choicesAreMade) {
    this.nodes = nodes;
    this.choicesAreMade = choicesAreMade;
  }

  /** Beside an infinity that is exact, whatever is finite is lost. */
  double[] finite(Tensor z, double[] e) {
    if (e == null) {
      return null;
    }
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] a = nodes.numbers(x);
    double[] b = nodes.numbers(y);
    double[] ea = nodes.errors(x);
    double[] eb = nodes.errors(y);
    return each(
        z,
        i ->
            Double.isInfinite(a[i]) && at(ea, i) == 0 || Double.isInfinite(b[i]) && at(eb, i) == 0
                ? 0
                : e[i]);
  }

  /** A function that grows, or falls, everywhere: the ends of the operand's interval decide. */
  double[] monotone(Tensor z) {
    Tensor x = z.inputs().get(0);
    double[] e = nodes.errors(x);
    if (e == null || !x.dtype().isFloating()) {
      return e == null ? null : unknown(z);
    }
    double[] operand = nodes.numbers(x);
    double[] value = nodes.numbers(z);
    double[] high = apply(z, each(x, i -> operand[i] + e[i]));
    double[] low = apply(z, each(x, i -> operand[i] - e[i]));
    return each(z, i -> e[i] == 0 ? 0 : spread(value[i], low[i], high[i]));
  }

  /** The same of a choice. */
  double[] chosen(Tensor z) {
    return choicesAreMade ? null : monotone(z);
  }

  /** How far the ends are from a value; what left the function's domain is not known. */
  private static double spread(double value, double... ends) {
    double most = 0;
    for (double end : ends) {
      double off = end == value ? 0 : Math.abs(end - value);
      most = Double.isNaN(off) ? UNKNOWN : Math.max(most, off);
    }
    return most;
  }

  /** A product. */
  double[] product(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = nodes.errors(x);
    double[] ey = nodes.errors(y);
    double[] a = nodes.numbers(x);
    double[] b = nodes.numbers(y);
    return ex == null && ey == null
        ? null
        : each(z, i -> product(a[i], at(ex, i), b[i], at(ey, i)));
  }

  private static double product(double x, double ex, double y, double ey) {
    boolean signIsOpen =
        ex == 0 && x == 0 && ey > 0 && Math.abs(y) <= ey
            || ey == 0 && y == 0 && ex > 0 && Math.abs(x) <= ex;
    if (signIsOpen) {
      // What is not known may be infinite.
      return ex == UNKNOWN || ey == UNKNOWN ? UNKNOWN : OPEN;
    }
    return times(ey, Math.abs(x)) + times(ex, Math.abs(y) + ey);
  }

  /**
   * An error times a magnitude. One that is too small to be a number is still an error: the zero
   * that it comes with may have either sign.
   */
  private static double times(double error, double magnitude) {
    if (error == 0) {
      return 0;
    }
    return magnitude == 0 ? error * magnitude : Math.max(error * magnitude, Double.MIN_VALUE);
  }

  /** A quotient. What may be on either side of zero is so however large the divisor. */
  double[] quotient(Tensor z) {
    double[] x = nodes.numbers(z.inputs().get(0));
    double[] ex = nodes.errors(z.inputs().get(0));
    double[] y = nodes.numbers(z.inputs().get(1));
    double[] ey = nodes.errors(z.inputs().get(1));
    double[] e = corners(z, i -> ey == null || Math.abs(y[i]) > ey[i]);
    return ex == null
        ? e
        : each(
            z, i -> ex[i] > 0 && Math.abs(x[i]) <= ex[i] ? Math.max(e[i], Double.MIN_VALUE) : e[i]);
  }

  /** A power: of a negative number only if the exponent is known, which is to be whole. */
  double[] power(Tensor z) {
    double[] x = nodes.numbers(z.inputs().get(0));
    double[] ex = nodes.errors(z.inputs().get(0));
    double[] ey = nodes.errors(z.inputs().get(1));
    return corners(z, i -> x[i] > at(ex, i) || x[i] < -at(ex, i) && at(ey, i) == 0);
  }

  /** Monotone in each operand where a condition holds: the corners of their intervals decide. */
  private double[] corners(Tensor z, IntPredicate isMonotone) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = nodes.errors(x);
    double[] ey = nodes.errors(y);
    if (ex == null && ey == null) {
      return null;
    }
    double[] a = nodes.numbers(x);
    double[] b = nodes.numbers(y);
    double[] value = nodes.numbers(z);
    double[][] ends = new double[4][];
    for (int corner = 0; corner < 4; corner++) {
      int sx = corner % 2 == 0 ? 1 : -1;
      int sy = corner < 2 ? 1 : -1;
      ends[corner] =
          apply(z, each(x, i -> a[i] + sx * at(ex, i)), each(y, i -> b[i] + sy * at(ey, i)));
    }
    return each(
        z,
        i ->
            at(ex, i) == 0 && at(ey, i) == 0
                ? 0
                : !isMonotone.test(i)
                    ? UNKNOWN
                    : spread(value[i], ends[0][i], ends[1][i], ends[2][i], ends[3][i]));
  }

  /** Where operands are nearer than they are exact, a comparison may go either way. */
  double[] undecided(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] e = plus(nodes.errors(x), nodes.errors(y));
    double[] a = nodes.numbers(x);
    double[] b = nodes.numbers(y);
    return e == null || choicesAreMade
        ? null
        : each(z, i -> e[i] > 0 && !(Math.abs(a[i] - b[i]) > e[i]) ? 1 : 0);
  }

  /** What is selected by what. */
  double[] select(Tensor z) {
    double[] condition = nodes.numbers(z.inputs().get(0));
    double[] a = nodes.numbers(z.inputs().get(1));
    double[] b = nodes.numbers(z.inputs().get(2));
    double[] open = nodes.errors(z.inputs().get(0));
    double[] ea = nodes.errors(z.inputs().get(1));
    double[] eb = nodes.errors(z.inputs().get(2));
    if (open == null && ea == null && eb == null) {
      return null;
    }
    return each(
        z,
        i -> {
          if (at(open, i) == 0) {
            return at(condition[i] != 0 ? ea : eb, i);
          }
          double off = Math.abs(a[i] - b[i]) + at(ea, i) + at(eb, i);
          return Double.isNaN(off) ? UNKNOWN : off;
        });
  }

  /** A choice of an integer, by what is not exact. */
  double[] whole(Tensor z, DType to) {
    double[] operand = nodes.numbers(z.inputs().get(0));
    double[] e = nodes.errors(z.inputs().get(0));
    return e == null || choicesAreMade
        ? null
        : each(z, i -> e[i] == 0 || to == DType.BOOL && Math.abs(operand[i]) > e[i] ? 0 : UNKNOWN);
  }

  /** An order or a choice of what is not exact. */
  double[] unknown(Tensor z) {
    boolean exact = choicesAreMade || z.inputs().stream().allMatch(t -> nodes.errors(t) == null);
    return exact ? null : each(z, i -> UNKNOWN);
  }

  /** What only moves elements moves their errors; and the largest of some is off by as much. */
  double[] moved(Tensor z, double[] e) {
    return e == null ? null : nodes.applied(z, e);
  }

  /**
   * Where zeros of both signs are the largest it is either, which is off by less than any number.
   */
  double[] maximum(Tensor z, double[] e) {
    Tensor x = z.inputs().get(0);
    double[] off = moved(z, e);
    if (!z.dtype().isFloating()) {
      return off;
    }
    double[] value = nodes.numbers(z);
    double[] positive = nodes.applied(z, nodes.zeros(x, 0.0));
    double[] negative = nodes.applied(z, nodes.zeros(x, -0.0));
    double[] either =
        each(z, i -> value[i] == 0 && positive[i] == 1 && negative[i] == 1 ? EITHER_ZERO : 0);
    return isZero(either) ? off : largest(off, either);
  }

  /** Errors side by side. */
  double[] concat(Tensor z) {
    if (z.inputs().stream().allMatch(t -> nodes.errors(t) == null)) {
      return null;
    }
    return apply(
        z,
        z.inputs().stream()
            .map(t -> nodes.errors(t) == null ? each(t, i -> 0) : nodes.errors(t))
            .toArray(double[][]::new));
  }

  /** A kernel that sums in another order, and skips what is hidden, may give either zero. */
  double[] eitherZero(Tensor z, double[] e) {
    double[] value = nodes.numbers(z);
    return each(z, i -> value[i] == 0 ? Math.max(at(e, i), EITHER_ZERO) : at(e, i));
  }

  /**
   * A kernel may take what is hidden times zero, which is no number if that is none, or may be: so
   * then nothing of a matrix is known.
   */
  double[] hidden(Tensor z, Op.Attention op, double[] e) {
    if (!op.causal() && z.inputs().size() == op.operands()) {
      return e;
    }
    List<Tensor> operands = z.inputs().subList(0, op.operands());
    Shape queries = operands.get(0).shape();
    int matrices = 1;
    for (int axis = 0; axis < queries.rank() - 2; axis++) {
      matrices *= Math.toIntExact(queries.extent(axis));
    }
    boolean[] isOpen = new boolean[matrices];
    for (Tensor operand : operands) {
      double[] numbers = nodes.numbers(operand);
      double[] off = nodes.errors(operand);
      int each = Math.toIntExact(operand.shape().elements() / Math.max(1, matrices));
      for (int i = 0; i < each * matrices; i++) {
        isOpen[i / each] |= !Double.isFinite(numbers[i]) || !(at(off, i) < UNKNOWN);
      }
    }
    int each = Math.toIntExact(z.shape().elements() / Math.max(1, matrices));
    return each(z, i -> isOpen[i / each] ? UNKNOWN : e[i]);
  }
}
