package org.fluxion.tensor.conformance;

import static org.fluxion.tensor.conformance.Elements.apply;
import static org.fluxion.tensor.conformance.Elements.at;
import static org.fluxion.tensor.conformance.Elements.each;
import static org.fluxion.tensor.conformance.Elements.isZero;
import static org.fluxion.tensor.conformance.Elements.largest;
import static org.fluxion.tensor.conformance.Elements.plus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * How far a device's results may be off, operation by operation (a running error analysis; Higham,
 * Accuracy and Stability of Numerical Algorithms, 2002, section 3.3). Each operation passes on what
 * its operands are off by, and adds its own roundings: a few units in the last place for a function
 * ({@link Arithmetic}), one rounding for each term of a sum, in whatever order it is added up. The
 * exact values are the reference interpreter's, in float64.
 *
 * <p>An error of null is none at all, so that what is exact stays exact: a comparison of exact
 * operands has one right outcome. One whose operands are nearer than they are exact has none, nor
 * has what depends on it.
 */
public final class ErrorBound {
  private static final double UNKNOWN = Double.POSITIVE_INFINITY;

  /** Of a zero that may have either sign: less than any number, and enough to be passed on. */
  private static final double OPEN = 0x1p-900;

  /** Of a zero that may have either sign; it survives being multiplied. */
  private static final double EITHER_ZERO = Double.MIN_NORMAL;

  private final Arithmetic arithmetic;

  /** Whether the yardstick is real arithmetic, and not the reference's results. */
  private final boolean isReal;

  /**
   * Whether this is the inside of attention, where the only value that is held still is the largest
   * score. All scores are taken relative to it, and softmax and log-sum-exp are the same whatever
   * it is: that it is off makes nothing else so.
   */
  private final boolean peakCancels;

  private final Nodes nodes = new Nodes();

  private ErrorBound(Arithmetic arithmetic, boolean isReal, boolean peakCancels) {
    this.arithmetic = arithmetic;
    this.isReal = isReal;
    this.peakCancels = peakCancels;
  }

  /**
   * The exact values of a trial's outputs, and how far a device may be off.
   *
   * @param trial the trial
   * @param arithmetic the device's arithmetic
   * @return one for each output
   */
  public static List<Bounded> of(Trial trial, Arithmetic arithmetic) {
    return new ErrorBound(arithmetic, false, false)
        .given(trial.bindings())
        .of(trial.graph().outputs());
  }

  /**
   * The reference's results for a trial's outputs, and how far they may be off from what real
   * numbers would give, if every choice (a comparison, a rounding to integers, an order) falls out
   * as it does in the reference. Two ways to compute the same that make the same choices differ by
   * no more than the sum of what each may be off by.
   *
   * @param trial the trial
   * @return one for each output
   */
  public static List<Bounded> ofReal(Trial trial) {
    return real(trial.bindings()).of(trial.graph().outputs());
  }

  /**
   * The same for {@linkplain #of(List) one graph after the other}, over the same inputs: what they
   * have in common is computed once.
   *
   * @param bindings a value for each input
   * @return what finds their bounds
   */
  public static ErrorBound real(Map<Tensor, HostData> bindings) {
    Arithmetic reference = new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());
    return new ErrorBound(reference, true, false).given(bindings);
  }

  /**
   * The exact values of tensors, and how far they may be off.
   *
   * @param outputs the tensors, of the inputs whose values are given
   * @return one for each
   */
  public List<Bounded> of(List<Tensor> outputs) {
    fill(outputs);
    return outputs.stream()
        .map(t -> new Bounded(t.dtype(), nodes.get(t).value, nodes.get(t).bound))
        .toList();
  }

  private ErrorBound given(Map<Tensor, HostData> bindings) {
    bindings.forEach(
        (input, data) -> {
          nodes.give(input, input.dtype().isFloating() ? HostData.of(data.toDoubles()) : data);
          bound(input);
        });
    return this;
  }

  private void fill(List<Tensor> outputs) {
    for (Tensor tensor : Graph.topological(outputs, nodes.tensors())) {
      if (nodes.get(tensor) == null) {
        nodes.compute(tensor, () -> bound(tensor));
      }
    }
  }

  private void bound(Tensor tensor) {
    Nodes.Node node = nodes.get(tensor);
    node.bound = known(error(tensor));
    node.error = beyond(tensor, node.bound);
  }

  /** The same, unknown where the exact value is finite and the stored one is not. */
  private double[] beyond(Tensor node, double[] bound) {
    if (node.dtype() != DType.FLOAT32) {
      return bound;
    }
    double[] value = numbers(node);
    double[] e =
        each(
            node,
            i ->
                Double.isFinite(value[i]) && Math.abs(value[i]) > Float.MAX_VALUE
                    ? UNKNOWN
                    : at(bound, i));
    return bound == null && isZero(e) ? null : e;
  }

  private double[] error(Tensor z) {
    double[] e = z.inputs().isEmpty() ? null : errors(z.inputs().get(0));
    return switch (z.op()) {
      case Op.Leaf o -> flushed(z);
      case Op.RandomBits o -> null;
      case Op.Neg o -> e;
      case Op.Abs o -> e;
      case Op.Not o -> e;
      case Op.Mark o -> e;
      case Op.StopGradient o -> peakCancels ? null : e;
      case Op.Exp o -> rounded(z, monotone(z));
      case Op.Log o -> rounded(z, monotone(z));
      case Op.Log1p o -> rounded(z, monotone(z));
      case Op.Expm1 o -> rounded(z, monotone(z));
      case Op.Tanh o -> rounded(z, monotone(z));
      case Op.Erf o -> rounded(z, monotone(z));
      case Op.Sqrt o -> rounded(z, monotone(z));
      // Their slopes are at most 1.
      case Op.Sin o -> rounded(z, e);
      case Op.Cos o -> rounded(z, e);
      case Op.Sign o -> isReal ? null : monotone(z);
      case Op.Floor o -> isReal ? null : monotone(z);
      case Op.Add o -> rounded(z, finite(z, plus(e, y(z))));
      case Op.Sub o -> rounded(z, finite(z, plus(e, y(z))));
      case Op.Mul o -> rounded(z, product(z));
      case Op.Div o -> rounded(z, quotient(z));
      case Op.Pow o -> rounded(z, power(z));
      case Op.Max o -> largest(e, y(z));
      case Op.Min o -> largest(e, y(z));
      case Op.Equal o -> undecided(z);
      case Op.Less o -> undecided(z);
      case Op.LessEqual o -> undecided(z);
      case Op.And o -> largest(e, y(z));
      case Op.Or o -> largest(e, y(z));
      case Op.Select o -> select(z);
      case Op.Cast o -> cast(z, o.dtype());
      case Op.ArgMax o -> unknown(z);
      case Op.ArgSort o -> unknown(z);
      case Op.ReduceMax o -> maximum(z, e);
      case Op.Sum o -> summed(z);
      case Op.Fold o -> summed(z);
      case Op.ScatterAdd o -> y(z) != null ? unknown(z) : summed(z);
      case Op.Gather o -> y(z) != null ? unknown(z) : moved(z, e);
      case Op.Concat o -> concat(z);
      case Op.Movement o -> moved(z, e);
      case Op.Unfold o -> moved(z, e);
      case Op.Matmul o -> matmul(z);
      case Op.Attention o ->
          hidden(z, o, eitherZero(z, defined(z, true, in -> Attention.definition(o, in))));
      case Op.Custom o -> defined(z, false, o.function()::expand);
    };
  }

  private static double[] known(double[] e) {
    if (e != null) {
      // Nothing times infinity.
      Arrays.setAll(e, i -> Double.isNaN(e[i]) ? UNKNOWN : e[i]);
    }
    return e;
  }

  // ---- what operands' errors become ----

  private double[] y(Tensor z) {
    return errors(z.inputs().get(1));
  }

  private double[] numbers(Tensor t) {
    return nodes.get(t).numbers;
  }

  private double[] errors(Tensor t) {
    return nodes.get(t).error;
  }

  /** Beside an infinity that is exact, whatever is finite is lost. */
  private double[] finite(Tensor z, double[] e) {
    if (e == null) {
      return null;
    }
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] a = numbers(x);
    double[] b = numbers(y);
    double[] ea = errors(x);
    double[] eb = errors(y);
    return each(
        z,
        i ->
            Double.isInfinite(a[i]) && at(ea, i) == 0 || Double.isInfinite(b[i]) && at(eb, i) == 0
                ? 0
                : e[i]);
  }

  /** A function that grows, or falls, everywhere: the ends of the operand's interval decide. */
  private double[] monotone(Tensor z) {
    Tensor x = z.inputs().get(0);
    double[] e = errors(x);
    if (e == null || !x.dtype().isFloating()) {
      return e == null ? null : unknown(z);
    }
    double[] operand = numbers(x);
    double[] value = numbers(z);
    double[] high = apply(z, each(x, i -> operand[i] + e[i]));
    double[] low = apply(z, each(x, i -> operand[i] - e[i]));
    return each(z, i -> e[i] == 0 ? 0 : spread(value[i], low[i], high[i]));
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

  private double[] product(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = errors(x);
    double[] ey = errors(y);
    double[] a = numbers(x);
    double[] b = numbers(y);
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
    return (ey == 0 ? 0 : Math.abs(x) * ey) + (ex == 0 ? 0 : ex * (Math.abs(y) + ey));
  }

  private double[] quotient(Tensor z) {
    double[] y = numbers(z.inputs().get(1));
    double[] ey = y(z);
    return corners(z, i -> ey == null || Math.abs(y[i]) > ey[i]);
  }

  private double[] power(Tensor z) {
    double[] x = numbers(z.inputs().get(0));
    double[] ex = errors(z.inputs().get(0));
    double[] ey = y(z);
    return corners(z, i -> x[i] > at(ex, i) || ey == null && at(ex, i) == 0);
  }

  /** Monotone in each operand where a condition holds: the corners of their intervals decide. */
  private double[] corners(Tensor z, IntPredicate isMonotone) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = errors(x);
    double[] ey = errors(y);
    if (ex == null && ey == null) {
      return null;
    }
    double[] a = numbers(x);
    double[] b = numbers(y);
    double[] value = numbers(z);
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
  private double[] undecided(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] e = plus(errors(x), errors(y));
    double[] a = numbers(x);
    double[] b = numbers(y);
    return e == null || isReal
        ? null
        : each(z, i -> e[i] > 0 && !(Math.abs(a[i] - b[i]) > e[i]) ? 1 : 0);
  }

  private double[] select(Tensor z) {
    double[] condition = numbers(z.inputs().get(0));
    double[] a = numbers(z.inputs().get(1));
    double[] b = numbers(z.inputs().get(2));
    double[] open = errors(z.inputs().get(0));
    double[] ea = errors(z.inputs().get(1));
    double[] eb = errors(z.inputs().get(2));
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

  private double[] cast(Tensor z, DType to) {
    Tensor x = z.inputs().get(0);
    double[] e = errors(x);
    double[] operand = numbers(x);
    if (!to.isFloating()) {
      return e == null || isReal
          ? null
          : each(
              z, i -> e[i] == 0 || to == DType.BOOL && Math.abs(operand[i]) > e[i] ? 0 : UNKNOWN);
    }
    if (to.isStorageOnly()) {
      // The exact value is rounded as well, and may be so to the other side.
      return e == null && !isReal
          ? null
          : each(z, i -> at(e, i) == 0 && !isReal ? 0 : at(e, i) + ulp(to, operand[i], at(e, i)));
    }
    return to.bytes() < x.dtype().bytes() ? rounded(z, e) : e;
  }

  /** An order or a choice of what is not exact. */
  private double[] unknown(Tensor z) {
    boolean exact = isReal || z.inputs().stream().allMatch(t -> errors(t) == null);
    return exact ? null : each(z, i -> UNKNOWN);
  }

  /** What only moves elements moves their errors; and the largest of some is off by as much. */
  private double[] moved(Tensor z, double[] e) {
    return e == null ? null : applied(z, e);
  }

  /** The operation itself, of other numbers in its first operand's place. */
  private double[] applied(Tensor z, double[] first) {
    List<HostData> operands = new ArrayList<>(List.of(HostData.of(first)));
    for (Tensor operand : z.inputs().subList(1, z.inputs().size())) {
      operands.add(nodes.get(operand).value);
    }
    return ReferenceInterpreter.apply(z, operands).toDoubles();
  }

  /**
   * Where zeros of both signs are the largest it is either, which is off by less than any number.
   */
  private double[] maximum(Tensor z, double[] e) {
    Tensor x = z.inputs().get(0);
    double[] off = moved(z, e);
    if (!z.dtype().isFloating()) {
      return off;
    }
    double[] value = numbers(z);
    double[] positive = applied(z, zeros(x, 0.0));
    double[] negative = applied(z, zeros(x, -0.0));
    double[] either =
        each(z, i -> value[i] == 0 && positive[i] == 1 && negative[i] == 1 ? EITHER_ZERO : 0);
    return isZero(either) ? off : largest(off, either);
  }

  /** 1 where there is a zero of a sign, 0 elsewhere. */
  private double[] zeros(Tensor x, double signed) {
    double[] value = numbers(x);
    return each(x, i -> Double.compare(value[i], signed) == 0 ? 1 : 0);
  }

  private double[] concat(Tensor z) {
    if (z.inputs().stream().allMatch(t -> errors(t) == null)) {
      return null;
    }
    return apply(
        z,
        z.inputs().stream()
            .map(t -> errors(t) == null ? each(t, i -> 0) : errors(t))
            .toArray(double[][]::new));
  }

  /** A kernel that sums in another order, and skips what is hidden, may give either zero. */
  private double[] eitherZero(Tensor z, double[] e) {
    double[] value = numbers(z);
    return each(z, i -> value[i] == 0 ? Math.max(at(e, i), EITHER_ZERO) : at(e, i));
  }

  /**
   * A kernel may take what is hidden times zero, which is no number if that is none, or may be: so
   * then nothing of a matrix is known.
   */
  private double[] hidden(Tensor z, Op.Attention op, double[] e) {
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
      double[] numbers = numbers(operand);
      double[] off = errors(operand);
      int each = Math.toIntExact(operand.shape().elements() / Math.max(1, matrices));
      for (int i = 0; i < each * matrices; i++) {
        isOpen[i / each] |= !Double.isFinite(numbers[i]) || !(at(off, i) < UNKNOWN);
      }
    }
    int each = Math.toIntExact(z.shape().elements() / Math.max(1, matrices));
    return each(z, i -> isOpen[i / each] ? UNKNOWN : e[i]);
  }

  // ---- roundings ----

  /** A result's own rounding on top of what its operands are off by. */
  private double[] rounded(Tensor z, double[] propagated) {
    DType dtype = z.dtype();
    if (!dtype.isFloating()) {
      return propagated == null ? null : each(z, i -> UNKNOWN);
    }
    double units = arithmetic.units(z.op(), dtype);
    boolean wide = dtype == DType.FLOAT64;
    if (!isReal && wide && units == Arithmetic.ROUNDED && propagated == null) {
      return null;
    }
    // The reference rounds in float64 as well.
    double all = wide && !isReal ? units + (units == Arithmetic.ROUNDED ? units : 1) : units;
    double[] numbers = numbers(z);
    return each(
        z,
        i -> {
          double value = numbers[i];
          double e = at(propagated, i);
          if (Double.isNaN(e) || e > 0 && !Double.isFinite(value)) {
            return UNKNOWN;
          }
          // Zero, infinity and what is no number have one right outcome.
          return value == 0 && e == 0 || !Double.isFinite(value)
              ? 0
              : e + all * ulp(dtype, value, e) + underflow(dtype, value, e);
        });
  }

  /** The distance of neighbouring numbers at the upper end of an interval. */
  static double ulp(DType dtype, double value, double error) {
    double most = Math.abs(value) + error;
    return switch (dtype) {
      case FLOAT64 -> Math.ulp(most);
      case FLOAT16 -> Math.max(0x1p-24, Math.ulp(most) * 0x1p42);
      case BFLOAT16 -> Math.ulp(most) * 0x1p45;
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

  private double[] flushed(Tensor leaf) {
    if (!arithmetic.flushesSubnormals() || leaf.dtype() != DType.FLOAT32) {
      return null;
    }
    double[] value = numbers(leaf);
    double[] e = each(leaf, i -> Math.abs(value[i]) < Float.MIN_NORMAL ? Math.abs(value[i]) : 0);
    return isZero(e) ? null : e;
  }

  /**
   * A sum of n numbers, in whatever order, is rounded n − 1 times, of n products n times. One that
   * starts from zero makes a positive zero of negative ones.
   */
  private double[] summed(Tensor z) {
    Tensor x = z.inputs().get(0);
    double[] e = errors(x);
    if (!z.dtype().isFloating()) {
      return e == null ? null : unknown(z);
    }
    double[] operand = numbers(x);
    double[] value = numbers(z);
    double[] terms = applied(z, each(x, i -> 1));
    double[] magnitudes = applied(z, each(x, i -> Math.abs(operand[i]) + at(e, i)));
    double[] zeros = zeros(x, -0.0);
    double[] negative = isZero(zeros) ? null : applied(z, zeros);
    double[] propagated = moved(z, e);
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

  private double[] matmul(Tensor z) {
    Tensor x = z.inputs().get(0);
    Tensor y = z.inputs().get(1);
    double[] ex = errors(x);
    double[] ey = errors(y);
    double[] ax = magnitudes(x);
    double[] ay = magnitudes(y);
    double[] wideX = plus(ax, ex);
    double[] wideY = plus(ay, ey);
    double[] fromX = ex == null ? null : apply(z, ex, wideY);
    double[] fromY = ey == null ? null : apply(z, ax, ey);
    double[] magnitudes = apply(z, wideX, wideY);
    double[] value = numbers(z);
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
    double[] value = numbers(x);
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
  private double unit(DType dtype) {
    return dtype == DType.FLOAT64 ? (isReal ? 0x1p-53 : 0x1p-52) : 0x1p-24;
  }

  /** What n roundings make of a number at most, relative to it: (1 + u)ⁿ − 1 ≤ nu/(1 − nu). */
  private static double growth(double roundings, double unit) {
    double first = roundings * unit;
    return first < 1 ? first / (1 - first) : UNKNOWN;
  }

  /** An operation that is defined by others is off by as much as they are. */
  private double[] defined(
      Tensor z, boolean peakCancels, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs = new ArrayList<>();
    ErrorBound inner = new ErrorBound(arithmetic, isReal, peakCancels);
    for (Tensor operand : z.inputs()) {
      Tensor input = Tensor.input(z.op().label(), operand.shape(), operand.dtype());
      inputs.add(input);
      inner.nodes.give(input, nodes.get(operand).value).error = errors(operand);
    }
    Tensor body = definition.apply(inputs);
    Graph graph = new Graph(inputs, List.of(body));
    inner.fill(graph.outputs());
    double[] bound = inner.nodes.get(body).bound;
    return switch (z.op()) {
      case Op.AttentionOutput o -> inner.shared(o, graph, bound);
      case Op.AttentionTangent o -> inner.shared(o, graph, bound);
      default -> bound;
    };
  }

  /** The smaller of a bound and what is known of weights that occur more than once. */
  private double[] shared(Op.Attention op, Graph definition, double[] bound) {
    Tensor result = definition.outputs().get(0);
    DType dtype = result.dtype();
    double unit = unit(dtype);
    double[] shared =
        new SharedWeights(t -> nodes.get(t).value, this::errors, unit)
            .bound(
                op, definition.nodes(), definition.inputs(), arithmetic.units(new Op.Div(), dtype));
    // Of numbers so small that they are subnormal, or zero, only the other bound knows.
    double least = (dtype == DType.FLOAT64 ? Double.MIN_NORMAL : Float.MIN_NORMAL) / unit;
    return each(result, i -> shared[i] < least ? at(bound, i) : Math.min(at(bound, i), shared[i]));
  }
}
