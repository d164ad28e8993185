package org.fluxion.autodiff.laws;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A graph in real numbers, given that every choice (a comparison, a rounding to integers, an order)
 * falls out as it does in the reference: what the reference's own error is measured against. An
 * element of null is not known.
 */
final class RealInterpreter {
  private final Map<Tensor, HostData> reference = new HashMap<>();
  private final Map<Tensor, BigDecimal[]> reals = new HashMap<>();

  private RealInterpreter() {}

  /**
   * Computes the outputs of a graph.
   *
   * @param graph the graph
   * @param bindings values of its inputs
   * @return the elements of each output; null for one that is not floating point
   */
  static List<BigDecimal[]> evaluate(Graph graph, Map<Tensor, HostData> bindings) {
    RealInterpreter interpreter = new RealInterpreter();
    interpreter.fill(graph, bindings);
    return graph.outputs().stream().map(interpreter.reals::get).toList();
  }

  private void fill(Graph graph, Map<Tensor, HostData> bindings) {
    List<Tensor> nodes = graph.nodes();
    List<Tensor> wide =
        nodes.stream().map(t -> t.dtype().isFloating() ? t.cast(DType.FLOAT64) : t).toList();
    List<HostData> values = ReferenceInterpreter.evaluate(wide, bindings);
    for (int i = 0; i < nodes.size(); i++) {
      reference.put(nodes.get(i), values.get(i));
    }
    for (Tensor node : nodes) {
      // Inputs of a definition are known already.
      if (node.dtype().isFloating() && !reals.containsKey(node)) {
        reals.put(node, compute(node));
      }
    }
  }

  private BigDecimal[] compute(Tensor z) {
    return switch (z.op()) {
      case Op.Leaf o -> stored(z);
      case Op.Neg o -> map(z, BigDecimal::negate);
      case Op.Abs o -> map(z, BigDecimal::abs);
      // Where they jump it is the reference that chooses.
      case Op.Sign o -> stored(z);
      case Op.Floor o -> stored(z);
      case Op.Exp o -> map(z, RealNumbers::exp);
      case Op.Log o -> map(z, RealNumbers::log);
      case Op.Log1p o -> map(z, RealNumbers::log1p);
      case Op.Expm1 o -> map(z, RealNumbers::expm1);
      case Op.Sin o -> map(z, RealNumbers::sin);
      case Op.Cos o -> map(z, RealNumbers::cos);
      case Op.Tanh o -> map(z, RealNumbers::tanh);
      case Op.Sigmoid o -> map(z, RealNumbers::sigmoid);
      case Op.Erf o -> map(z, RealNumbers::erf);
      case Op.Sqrt o -> map(z, RealNumbers::sqrt);
      case Op.Add o -> zip(z, BigDecimal::add);
      case Op.Sub o -> zip(z, BigDecimal::subtract);
      case Op.Mul o -> zip(z, BigDecimal::multiply);
      case Op.Div o -> zip(z, RealNumbers::divide);
      case Op.Pow o -> zip(z, RealNumbers::pow);
      case Op.Max o -> zip(z, BigDecimal::max);
      case Op.Min o -> zip(z, BigDecimal::min);
      case Op.Select o -> {
        HostData condition = reference.get(z.inputs().get(0));
        yield each(z, i -> operand(z, condition.getLong(i) != 0 ? 1 : 2)[i]);
      }
      case Op.Cast o -> z.inputs().get(0).dtype().isFloating() ? operand(z, 0) : stored(z);
      case Op.Sum o -> folded(z, targets(z, o.axes()), BigDecimal.ZERO, BigDecimal::add);
      case Op.ReduceMax o -> folded(z, targets(z, o.axes()), RealNumbers.HIDDEN, BigDecimal::max);
      case Op.Fold o -> {
        // Windows of the result's places: where each of the columns' elements goes.
        int[] to =
            indices(Tensor.apply(new Op.Unfold(o.window()), List.of(numbered(z.shape(), 0))));
        yield folded(z, to, BigDecimal.ZERO, BigDecimal::add);
      }
      case Op.ScatterAdd o -> {
        Tensor rows = numbered(z.shape(), 0);
        int[] to = indices(Tensor.apply(new Op.Gather(), List.of(rows, whole(z.inputs().get(1)))));
        yield folded(z, to, BigDecimal.ZERO, BigDecimal::add);
      }
      case Op.Gather o -> moved(z);
      case Op.Movement o -> moved(z);
      case Op.Unfold o -> moved(z);
      case Op.Marker o -> operand(z, 0);
      case Op.Matmul o -> matmul(z);
      case Op.Attention o -> defined(z, in -> Attention.definition(o, in));
      case Op.Custom o -> defined(z, o.function()::expand);
      default -> throw new AssertionError(z.op() + " has no floating point result");
    };
  }

  private BigDecimal[] operand(Tensor z, int k) {
    return reals.get(z.inputs().get(k));
  }

  private BigDecimal[] stored(Tensor z) {
    HostData data = reference.get(z);
    return each(
        z,
        i -> {
          double value = data.getDouble(i);
          return Double.isFinite(value)
              ? new BigDecimal(value)
              : value == Double.NEGATIVE_INFINITY ? RealNumbers.HIDDEN : null;
        });
  }

  private interface Element {
    BigDecimal at(int i);
  }

  private static BigDecimal[] each(Tensor z, Element element) {
    BigDecimal[] result = new BigDecimal[(int) z.shape().elements()];
    Arrays.setAll(result, i -> rounded(element.at(i)));
    return result;
  }

  private static BigDecimal rounded(BigDecimal x) {
    return x == null ? null : x.round(RealNumbers.DIGITS);
  }

  private BigDecimal[] map(Tensor z, UnaryOperator<BigDecimal> f) {
    BigDecimal[] x = operand(z, 0);
    return each(z, i -> x[i] == null ? null : f.apply(x[i]));
  }

  private BigDecimal[] zip(Tensor z, BinaryOperator<BigDecimal> f) {
    BigDecimal[] a = operand(z, 0);
    BigDecimal[] b = operand(z, 1);
    return each(z, i -> both(f, a[i], b[i]));
  }

  private static BigDecimal both(BinaryOperator<BigDecimal> f, BigDecimal a, BigDecimal b) {
    return a == null || b == null ? null : f.apply(a, b);
  }

  // ---- movement: by the numbers that elements have ----

  /** Numbers from 1 on, in row-major order; 0 is for what comes from nowhere. */
  private static Tensor numbered(Shape shape, int first) {
    double[] numbers = new double[(int) shape.elements()];
    Arrays.setAll(numbers, i -> first + i + 1);
    return Tensor.of(numbers, shape.extents());
  }

  private Tensor whole(Tensor indices) {
    return Tensor.of(reference.get(indices), indices.shape());
  }

  /** What the reference makes of numbers, from 0 on; −1 for what comes from nowhere. */
  private static int[] indices(Tensor numbers) {
    HostData data = ReferenceInterpreter.evaluate(List.of(numbers), Map.of()).get(0);
    int[] indices = new int[(int) data.elements()];
    Arrays.setAll(indices, i -> (int) data.getDouble(i) - 1);
    return indices;
  }

  private BigDecimal[] moved(Tensor z) {
    List<Tensor> operands = new ArrayList<>();
    List<BigDecimal> elements = new ArrayList<>();
    for (Tensor x : z.inputs()) {
      operands.add(x.dtype().isFloating() ? numbered(x.shape(), elements.size()) : whole(x));
      if (x.dtype().isFloating()) {
        elements.addAll(Arrays.asList(reals.get(x)));
      }
    }
    int[] from = indices(Tensor.apply(z.op(), operands));
    return each(z, i -> from[i] < 0 ? BigDecimal.ZERO : elements.get(from[i]));
  }

  /** Where each element goes when axes are folded away: the result's places, broadcast back. */
  private static int[] targets(Tensor z, List<Integer> axes) {
    Shape shape = z.inputs().get(0).shape();
    Shape kept = shape;
    for (int axis : axes) {
      kept = kept.with(axis, 1);
    }
    return indices(numbered(z.shape(), 0).reshape(kept).broadcastTo(shape));
  }

  private BigDecimal[] folded(
      Tensor z, int[] targets, BigDecimal start, BinaryOperator<BigDecimal> f) {
    BigDecimal[] x = operand(z, 0);
    BigDecimal[] result = each(z, i -> start);
    for (int i = 0; i < x.length; i++) {
      if (targets[i] >= 0) {
        result[targets[i]] = rounded(both(f, result[targets[i]], x[i]));
      }
    }
    return result;
  }

  private BigDecimal[] matmul(Tensor z) {
    BigDecimal[] a = operand(z, 0);
    BigDecimal[] b = operand(z, 1);
    int rows = z.shape().extent(-2);
    int columns = z.shape().extent(-1);
    int inner = z.inputs().get(0).shape().extent(-1);
    return each(
        z,
        i -> {
          int batch = i / (rows * columns);
          int row = batch * rows + i / columns % rows;
          BigDecimal sum = BigDecimal.ZERO;
          for (int k = 0; k < inner; k++) {
            BigDecimal product =
                both(
                    BigDecimal::multiply,
                    a[row * inner + k],
                    b[(batch * inner + k) * columns + i % columns]);
            sum = rounded(both(BigDecimal::add, sum, product));
          }
          return sum;
        });
  }

  private BigDecimal[] defined(Tensor z, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs = new ArrayList<>();
    Map<Tensor, HostData> bindings = new HashMap<>();
    RealInterpreter inner = new RealInterpreter();
    for (Tensor operand : z.inputs()) {
      Tensor input = Tensor.input("x", operand.shape(), operand.dtype());
      inputs.add(input);
      bindings.put(input, reference.get(operand));
      if (operand.dtype().isFloating()) {
        inner.reals.put(input, reals.get(operand));
      }
    }
    Tensor body = definition.apply(inputs);
    inner.fill(new Graph(inputs, List.of(body)), bindings);
    return inner.reals.get(body);
  }
}
