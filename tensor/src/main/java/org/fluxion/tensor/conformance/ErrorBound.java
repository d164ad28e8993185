package org.fluxion.tensor.conformance;

import static org.fluxion.tensor.conformance.Elements.UNKNOWN;
import static org.fluxion.tensor.conformance.Elements.at;
import static org.fluxion.tensor.conformance.Elements.each;
import static org.fluxion.tensor.conformance.Elements.largest;
import static org.fluxion.tensor.conformance.Elements.plus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
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
  /** What is off the mark by how much. */
  public enum Yardstick {
    /** A device's results, from the reference's. */
    REFERENCE,
    /**
     * Results that are rounded to each operation's own dtype, from real numbers, if every choice (a
     * comparison, a rounding to integers, an order) falls out as it did. Two ways to compute the
     * same that make the same choices differ by no more than the sum of what each may be off by.
     */
    REAL,
    /** The same, from real numbers that choose for themselves. */
    REAL_CHOICES
  }

  private final Arithmetic arithmetic;

  private final Yardstick yardstick;

  /**
   * Whether this is the inside of attention, where the only value that is held still is the largest
   * score. All scores are taken relative to it, and softmax and log-sum-exp are the same whatever
   * it is: that it is off makes nothing else so.
   */
  private final boolean peakCancels;

  private final Nodes nodes;
  private final Propagation propagation;
  private final Roundings roundings;

  private ErrorBound(Arithmetic arithmetic, Yardstick yardstick, boolean peakCancels) {
    this.arithmetic = arithmetic;
    this.yardstick = yardstick;
    this.peakCancels = peakCancels;
    this.nodes = new Nodes(yardstick != Yardstick.REFERENCE);
    this.propagation = new Propagation(nodes, yardstick == Yardstick.REAL);
    this.roundings = new Roundings(nodes, arithmetic, yardstick, propagation);
  }

  /**
   * The exact values of a trial's outputs, and how far a device may be off.
   *
   * @param trial the trial
   * @param arithmetic the device's arithmetic
   * @return one for each output
   */
  public static List<Bounded> of(Trial trial, Arithmetic arithmetic) {
    return new ErrorBound(arithmetic, Yardstick.REFERENCE, false)
        .given(trial.bindings())
        .of(trial.graph().outputs());
  }

  /**
   * A trial's outputs as they come out where each operation is rounded to its own dtype, and how
   * far they may be off from what real numbers would give.
   *
   * @param trial the trial
   * @param choices {@link Yardstick#REAL} or {@link Yardstick#REAL_CHOICES}
   * @return one for each output
   */
  public static List<Bounded> ofReal(Trial trial, Yardstick choices) {
    return real(trial.bindings(), choices).of(trial.graph().outputs());
  }

  /**
   * The same for {@linkplain #of(List) one graph after the other}, over the same inputs: what they
   * have in common is computed once.
   *
   * @param bindings a value for each input
   * @param choices {@link Yardstick#REAL} or {@link Yardstick#REAL_CHOICES}
   * @return what finds their bounds
   */
  public static ErrorBound real(Map<Tensor, HostData> bindings, Yardstick choices) {
    Arithmetic reference = new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());
    return new ErrorBound(reference, choices, false).given(bindings);
  }

  /**
   * The values of tensors, and how far they may be off.
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
    node.bound = roundings.overflown(tensor, known(error(tensor)));
    node.error = roundings.beyond(tensor, node.bound);
  }

  private double[] error(Tensor z) {
    double[] e = z.inputs().isEmpty() ? null : nodes.errors(z.inputs().get(0));
    return switch (z.op()) {
      case Op.Leaf o -> roundings.flushed(z);
      case Op.RandomBits o -> null;
      case Op.Neg o -> e;
      case Op.Abs o -> e;
      case Op.Not o -> e;
      case Op.Mark o -> e;
      case Op.StopGradient o -> peakCancels ? null : e;
      case Op.Exp o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Log o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Log1p o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Expm1 o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Tanh o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Sigmoid o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Erf o -> roundings.rounded(z, propagation.monotone(z));
      case Op.Sqrt o -> roundings.rounded(z, propagation.monotone(z));
      // Their slopes are at most 1.
      case Op.Sin o -> roundings.rounded(z, e);
      case Op.Cos o -> roundings.rounded(z, e);
      case Op.Sign o -> propagation.chosen(z);
      case Op.Floor o -> propagation.chosen(z);
      case Op.Add o -> roundings.rounded(z, propagation.finite(z, plus(e, y(z))));
      case Op.Sub o -> roundings.rounded(z, propagation.finite(z, plus(e, y(z))));
      case Op.Mul o -> roundings.rounded(z, propagation.product(z));
      case Op.Div o -> roundings.rounded(z, propagation.quotient(z));
      case Op.Pow o -> roundings.rounded(z, propagation.power(z));
      case Op.Max o -> largest(e, y(z));
      case Op.Min o -> largest(e, y(z));
      case Op.Equal o -> propagation.undecided(z);
      case Op.Less o -> propagation.undecided(z);
      case Op.LessEqual o -> propagation.undecided(z);
      case Op.And o -> largest(e, y(z));
      case Op.Or o -> largest(e, y(z));
      case Op.Select o -> propagation.select(z);
      case Op.Cast o when o.dtype().isFloating() -> roundings.cast(z, o.dtype());
      case Op.Cast o -> propagation.whole(z, o.dtype());
      case Op.ArgMax o -> propagation.unknown(z);
      case Op.ArgSort o -> propagation.unknown(z);
      case Op.ReduceMax o -> propagation.maximum(z, e);
      case Op.Sum o -> roundings.summed(z);
      case Op.Fold o -> roundings.summed(z);
      case Op.ScatterAdd o -> y(z) != null ? propagation.unknown(z) : roundings.summed(z);
      case Op.Gather o -> y(z) != null ? propagation.unknown(z) : propagation.moved(z, e);
      case Op.Concat o -> propagation.concat(z);
      case Op.Movement o -> propagation.moved(z, e);
      case Op.Unfold o -> propagation.moved(z, e);
      case Op.Matmul o -> roundings.matmul(z);
      case Op.Attention o ->
          propagation.hidden(
              z, o, propagation.eitherZero(z, defined(z, true, in -> Attention.definition(o, in))));
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

  private double[] y(Tensor z) {
    return nodes.errors(z.inputs().get(1));
  }

  /** An operation that is defined by others is off by as much as they are. */
  private double[] defined(
      Tensor z, boolean peakCancels, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs = new ArrayList<>();
    ErrorBound inner = new ErrorBound(arithmetic, yardstick, peakCancels);
    for (Tensor operand : z.inputs()) {
      Tensor input = Tensor.input(z.op().label(), operand.shape(), operand.dtype());
      inputs.add(input);
      inner.nodes.give(input, nodes.value(operand)).error = nodes.errors(operand);
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
    double unit = roundings.unit(dtype);
    double[] shared =
        new SharedWeights(nodes::value, nodes::errors, unit)
            .bound(
                op, definition.nodes(), definition.inputs(), arithmetic.units(new Op.Div(), dtype));
    // Of numbers so small that they are subnormal, or zero, only the other bound knows.
    double least = (dtype == DType.FLOAT64 ? Double.MIN_NORMAL : Float.MIN_NORMAL) / unit;
    return each(result, i -> shared[i] < least ? at(bound, i) : Math.min(at(bound, i), shared[i]));
  }
}
