package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/**
 * The definition of the operations. Floating point is computed in doubles, whatever the dtype, so
 * that a float32 graph's exact meaning can be compared with what a backend makes of it; integers in
 * longs, exact, and wrapping at their own width. Slow on purpose, and the first page to read: what
 * a backend computes is right when it agrees with this.
 */
public final class ReferenceInterpreter {
  /** The most elements of a tensor: what a Java array holds on every JVM. */
  private static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

  private ReferenceInterpreter() {}

  /**
   * Computes tensors' values.
   *
   * @param outputs what to compute
   * @param bindings values of inputs
   * @return a value per output, rounded to its dtype
   * @throws TensorException if an input has no value, or a tensor has more than 2³¹ − 9 elements
   */
  public static List<HostData> evaluate(List<Tensor> outputs, Map<Tensor, HostData> bindings) {
    Map<Tensor, Values> values = new HashMap<>();
    bindings.forEach((tensor, data) -> values.put(tensor, new Values.Stored(data)));
    fill(outputs, values);
    return outputs.stream().map(t -> Values.write(t.dtype(), values.get(t))).toList();
  }

  /**
   * Computes one node. Its operands' values may be float64 whatever their dtypes, and so is the
   * result if it is floating point: nothing is rounded to the node's dtype.
   *
   * @param node the node
   * @param operands a value for each of its operands
   * @return its value
   * @throws TensorException if it is an input, or has more than 2³¹ − 9 elements
   */
  public static HostData apply(Tensor node, List<HostData> operands) {
    requireCountable(node);
    List<Values> stored = new ArrayList<>(operands.size());
    for (HostData operand : operands) {
      stored.add(new Values.Stored(operand));
    }
    Values result = compute(node, loaded(node, stored));
    return Values.write(result.isReal() ? DType.FLOAT64 : node.dtype(), result);
  }

  private static void fill(List<Tensor> outputs, Map<Tensor, Values> values) {
    for (Tensor node : Graph.topological(outputs, values.keySet())) {
      requireCountable(node);
      if (!values.containsKey(node)) {
        List<Values> operands = node.inputs().stream().map(values::get).toList();
        values.put(node, compute(node, loaded(node, operands)));
      }
    }
  }

  private static void requireCountable(Tensor node) {
    if (node.shape().elements() > MOST_ELEMENTS) {
      throw new TensorException(
          "%s: %s has %d elements, and the reference interpreter computes %d at most; run it on the cpu"
              .formatted(node.op().label(), node.shape(), node.shape().elements(), MOST_ELEMENTS));
    }
  }

  /** Operands in arrays, but for what reads few elements of a large one. */
  private static List<Values> loaded(Tensor node, List<Values> operands) {
    return switch (node.op()) {
      case Op.Slice o -> operands;
      case Op.Gather o -> operands;
      case Op.Reshape o -> operands;
      case Op.Marker o -> operands;
      default -> {
        List<Values> all = new ArrayList<>(operands.size());
        for (Values operand : operands) {
          all.add(operand.loaded());
        }
        yield all;
      }
    };
  }

  private static Values compute(Tensor node, List<Values> in) {
    Shape shape = node.shape();
    Shape operand = node.inputs().isEmpty() ? shape : node.inputs().get(0).shape();
    return switch (node.op()) {
      case Op.Input o ->
          throw new TensorException(
              "input '%s' %s %s has no value; bind it by running a program"
                  .formatted(o.name(), o.dtype(), o.shape()));
      case Op.Constant o -> new Values.Stored(o.data());
      case Op.Iota o -> iota(o);
      case Op.Neg o -> map(node, in, a -> -a, a -> -a);
      case Op.Abs o -> map(node, in, Math::abs, Math::abs);
      case Op.Sign o -> map(node, in, Math::signum, Long::signum);
      case Op.Exp o -> map(in, Math::exp);
      case Op.Log o -> map(in, Math::log);
      case Op.Log1p o -> map(in, Math::log1p);
      case Op.Expm1 o -> map(in, Math::expm1);
      case Op.Sin o -> map(in, Math::sin);
      case Op.Cos o -> map(in, Math::cos);
      case Op.Tanh o -> map(in, Math::tanh);
      case Op.Sigmoid o -> map(in, LogisticFunction::sigmoid);
      case Op.Erf o -> map(in, ErrorFunction::erf);
      case Op.Sqrt o -> map(in, Math::sqrt);
      case Op.Floor o -> map(in, Math::floor);
      case Op.Add o -> zip(node, in, Double::sum, Long::sum);
      case Op.Sub o -> zip(node, in, (a, b) -> a - b, (a, b) -> a - b);
      case Op.Mul o -> zip(node, in, (a, b) -> a * b, (a, b) -> a * b);
      // An integer divided by zero is 0 on every backend: devices do not trap.
      case Op.Div o -> zip(node, in, (a, b) -> a / b, (a, b) -> b == 0 ? 0 : a / b);
      case Op.Pow o -> zip(node, in, Math::pow, null);
      case Op.Max o -> zip(node, in, Math::max, Math::max);
      case Op.Min o -> zip(node, in, Math::min, Math::min);
      case Op.Equal o -> decide(in, (a, b) -> a == b, (a, b) -> a == b);
      case Op.Less o -> decide(in, (a, b) -> a < b, (a, b) -> a < b);
      case Op.LessEqual o -> decide(in, (a, b) -> a <= b, (a, b) -> a <= b);
      case Op.Not o -> map(node, in, null, a -> 1 - a);
      case Op.And o -> zip(node, in, null, (a, b) -> a & b);
      case Op.Or o -> zip(node, in, null, (a, b) -> a | b);
      case Op.Select o -> select(in.get(0), in.subList(1, 3));
      case Op.Cast o -> cast(node.dtype(), in.get(0));
      case Op.RandomBits o -> randomBits(o, in.get(0));
      case Op.Sum o -> sum(node, in.get(0), Positions.reduce(operand, o.axes()));
      case Op.ReduceMax o ->
          Values.accumulate(
              node,
              in.get(0),
              Positions.reduce(operand, o.axes()),
              Double.NEGATIVE_INFINITY,
              Math::max,
              Long.MIN_VALUE,
              Math::max);
      case Op.ArgMax o -> argMax(node, in.get(0), o.axis());
      case Op.ArgSort o -> argSort(node, in.get(0));
      case Op.Reshape o -> in.get(0);
      case Op.Permute o -> in.get(0).pick(Positions.permute(shape, operand, o.axes()));
      case Op.Broadcast o -> in.get(0).pick(Positions.broadcast(shape, operand));
      case Op.Pad o -> in.get(0).pick(Positions.pad(shape, operand, o));
      case Op.Slice o -> in.get(0).pick(Positions.slice(shape, operand, o));
      case Op.Flip o -> in.get(0).pick(Positions.flip(shape, o.axes()));
      case Op.Concat o -> Values.concat(in).pick(Positions.concat(shape, o.axis(), node.inputs()));
      case Op.Matmul o -> matmul(node, in.get(0), in.get(1));
      case Op.Unfold o -> in.get(0).pick(Positions.unfold(o.window(), operand));
      case Op.Fold o -> sum(node, in.get(0), Positions.unfold(o.window(), shape));
      case Op.Gather o ->
          in.get(0)
              .pick(
                  Positions.gather(in.get(1), shape.extent(1), operand.extent(1), shape.extent(2)));
      case Op.ScatterAdd o ->
          sum(
              node,
              in.get(0),
              Positions.gather(in.get(1), operand.extent(1), shape.extent(1), shape.extent(2)));
      case Op.Mark o -> in.get(0);
      case Op.StopGradient o -> in.get(0);
      case Op.Attention o -> defined(node, in, ts -> Attention.definition(o, ts));
      case Op.Custom o -> defined(node, in, o.function()::expand);
    };
  }

  private static Values iota(Op.Iota op) {
    int[] along = Positions.along(op.shape(), op.axis());
    return op.dtype().isFloating()
        ? new Values.Reals(Arrays.stream(along).asDoubleStream().toArray())
        : new Values.Wholes(Arrays.stream(along).asLongStream().toArray());
  }

  private static Values map(List<Values> in, DoubleUnaryOperator f) {
    double[] result = new double[in.get(0).size()];
    Arrays.setAll(result, i -> f.applyAsDouble(in.get(0).real(i)));
    return new Values.Reals(result);
  }

  private static Values map(
      Tensor node, List<Values> in, DoubleUnaryOperator real, LongUnaryOperator whole) {
    if (in.get(0).isReal()) {
      return map(in, real);
    }
    long[] result = new long[in.get(0).size()];
    Arrays.setAll(result, i -> Values.wrap(node.dtype(), whole.applyAsLong(in.get(0).whole(i))));
    return new Values.Wholes(result);
  }

  private static Values zip(
      Tensor node, List<Values> in, DoubleBinaryOperator real, LongBinaryOperator whole) {
    Values a = in.get(0);
    Values b = in.get(1);
    if (a.isReal()) {
      double[] result = new double[a.size()];
      Arrays.setAll(result, i -> real.applyAsDouble(a.real(i), b.real(i)));
      return new Values.Reals(result);
    }
    long[] result = new long[a.size()];
    Arrays.setAll(
        result, i -> Values.wrap(node.dtype(), whole.applyAsLong(a.whole(i), b.whole(i))));
    return new Values.Wholes(result);
  }

  private interface RealComparison {
    boolean test(double a, double b);
  }

  private interface WholeComparison {
    boolean test(long a, long b);
  }

  private static Values decide(List<Values> in, RealComparison real, WholeComparison whole) {
    Values a = in.get(0);
    Values b = in.get(1);
    long[] result = new long[a.size()];
    for (int i = 0; i < result.length; i++) {
      boolean holds =
          a.isReal() ? real.test(a.real(i), b.real(i)) : whole.test(a.whole(i), b.whole(i));
      result[i] = holds ? 1 : 0;
    }
    return new Values.Wholes(result);
  }

  /** Of both branches, one after the other, the elements that the condition points to. */
  private static Values select(Values condition, List<Values> branches) {
    int[] sources = new int[condition.size()];
    Arrays.setAll(sources, i -> condition.whole(i) != 0 ? i : condition.size() + i);
    return Values.concat(branches).pick(sources);
  }

  private static Values cast(DType target, Values a) {
    if (!target.isFloating()) {
      long[] result = new long[a.size()];
      Arrays.setAll(
          result,
          i ->
              switch (target) {
                case BOOL -> a.real(i) != 0 ? 1 : 0;
                // Integers wrap; floating point saturates.
                case INT32 -> !a.isReal() ? (int) a.whole(i) : (int) a.real(i);
                default -> a.whole(i);
              });
      return new Values.Wholes(result);
    }
    if (a.isReal() && !target.isStorageOnly()) {
      return a;
    }
    double[] result = new double[a.size()];
    HostData one = HostData.allocate(target, 1);
    for (int i = 0; i < result.length; i++) {
      if (!a.isReal()) {
        one.setLong(0, a.whole(i));
      } else {
        one.setDouble(0, a.real(i));
      }
      result[i] = one.getDouble(0);
    }
    return new Values.Reals(result);
  }

  private static Values randomBits(Op.RandomBits op, Values key) {
    int[] words = IntStream.range(0, key.size()).map(i -> (int) key.whole(i)).toArray();
    long[] result = new long[(int) op.shape().elements()];
    Arrays.setAll(result, i -> Philox.word(words, op.offset() + i / 4, i % 4));
    return new Values.Wholes(result);
  }

  private static Values sum(Tensor node, Values a, int[] targets) {
    return Values.accumulate(node, a, targets, 0, Double::sum, 0, Long::sum);
  }

  private static Values argMax(Tensor node, Values a, int axis) {
    Shape operand = node.inputs().get(0).shape();
    int extent = operand.extent(axis);
    int inner = (int) operand.strides()[operand.axis(axis)];
    long[] result = new long[(int) node.shape().elements()];
    for (int i = 0; i < result.length; i++) {
      int base = i / inner * inner * extent + i % inner;
      for (int j = 1; j < extent; j++) {
        if (a.compare(base + j * inner, base + (int) result[i] * inner) > 0) {
          result[i] = j;
        }
      }
    }
    return new Values.Wholes(result);
  }

  private static Values argSort(Tensor node, Values a) {
    int extent = node.shape().extent(-1);
    long[] result = new long[a.size()];
    for (int row = 0; row < result.length; row += extent) {
      int base = row;
      long[] order =
          IntStream.range(0, extent)
              .boxed()
              .sorted((i, j) -> a.compare(base + i, base + j))
              .mapToLong(Integer::longValue)
              .toArray();
      System.arraycopy(order, 0, result, row, extent);
    }
    return new Values.Wholes(result);
  }

  private static Values matmul(Tensor node, Values a, Values b) {
    int m = node.shape().extent(-2);
    int n = node.shape().extent(-1);
    int k = node.inputs().get(0).shape().extent(-1);
    double[] result = new double[(int) node.shape().elements()];
    for (int row = 0; row < result.length / Math.max(1, n); row++) {
      int batch = row / m;
      for (int p = 0; p < k; p++) {
        double scale = a.real(row * k + p);
        for (int j = 0; j < n; j++) {
          result[row * n + j] += scale * b.real((batch * k + p) * n + j);
        }
      }
    }
    return new Values.Reals(result);
  }

  /** An operation that is defined by others. */
  private static Values defined(
      Tensor node, List<Values> in, Function<List<Tensor>, Tensor> definition) {
    List<Tensor> inputs =
        node.inputs().stream()
            .map(t -> Tensor.input(node.op().label(), t.shape(), t.dtype()))
            .toList();
    Tensor body = definition.apply(inputs);
    Map<Tensor, Values> values = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      values.put(inputs.get(i), in.get(i));
    }
    fill(List.of(body), values);
    return values.get(body);
  }
}
