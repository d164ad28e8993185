package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The definition of the operations: plain loops over doubles, whatever the dtype, so that a float32
 * graph's exact meaning can be compared with what a backend makes of it. Integers wrap at their own
 * width. Slow on purpose, and the first page to read: what a backend computes is right when it
 * agrees with this.
 */
public final class ReferenceInterpreter {
  private ReferenceInterpreter() {}

  /**
   * Computes tensors' values.
   *
   * @param outputs what to compute
   * @param bindings values of inputs
   * @return a value per output, rounded to its dtype
   * @throws TensorException if an input has no value
   */
  public static List<HostData> evaluate(List<Tensor> outputs, Map<Tensor, HostData> bindings) {
    Map<Tensor, double[]> values = new HashMap<>();
    bindings.forEach((tensor, data) -> values.put(tensor, read(data)));
    List<Tensor> order = Graph.topological(outputs, bindings.keySet());
    for (Tensor node : order) {
      values.computeIfAbsent(node, n -> compute(n, n.inputs().stream().map(values::get).toList()));
    }
    return outputs.stream().map(t -> write(t, values.get(t))).toList();
  }

  private static double[] read(HostData data) {
    double[] result = new double[(int) data.elements()];
    Arrays.setAll(result, data::getDouble);
    return result;
  }

  private static HostData write(Tensor tensor, double[] values) {
    HostData data = HostData.allocate(tensor.dtype(), values.length);
    for (int i = 0; i < values.length; i++) {
      data.setDouble(i, values[i]);
    }
    return data;
  }

  private static double[] compute(Tensor node, List<double[]> in) {
    return switch (node.op()) {
      case Op.Input o ->
          throw new TensorException(
              "input '%s' %s %s has no value; bind it by running a program"
                  .formatted(o.name(), o.dtype(), o.shape()));
      case Op.Constant o -> read(o.data());
      case Op.Iota o -> gatherAll(node, i -> i[o.axis()]);
      case Op.Neg o -> map(node, in, a -> -a);
      case Op.Exp o -> map(node, in, Math::exp);
      case Op.Log o -> map(node, in, Math::log);
      case Op.Log1p o -> map(node, in, Math::log1p);
      case Op.Expm1 o -> map(node, in, Math::expm1);
      case Op.Sin o -> map(node, in, Math::sin);
      case Op.Cos o -> map(node, in, Math::cos);
      case Op.Tanh o -> map(node, in, Math::tanh);
      case Op.Erf o -> map(node, in, ErrorFunction::erf);
      case Op.Sqrt o -> map(node, in, Math::sqrt);
      case Op.Abs o -> map(node, in, Math::abs);
      case Op.Sign o -> map(node, in, Math::signum);
      case Op.Floor o -> map(node, in, Math::floor);
      case Op.Not o -> map(node, in, a -> 1 - a);
      case Op.Add o -> zip(node, in, Double::sum);
      case Op.Sub o -> zip(node, in, (a, b) -> a - b);
      case Op.Mul o -> zip(node, in, (a, b) -> a * b);
      case Op.Div o ->
          node.dtype().isInteger() ? integerDivide(node, in) : zip(node, in, (a, b) -> a / b);
      case Op.Pow o -> zip(node, in, Math::pow);
      case Op.Max o -> zip(node, in, Math::max);
      case Op.Min o -> zip(node, in, Math::min);
      case Op.Equal o -> zip(node, in, (a, b) -> a == b ? 1 : 0);
      case Op.Less o -> zip(node, in, (a, b) -> a < b ? 1 : 0);
      case Op.LessEqual o -> zip(node, in, (a, b) -> a <= b ? 1 : 0);
      case Op.And o -> zip(node, in, (a, b) -> (long) a & (long) b);
      case Op.Or o -> zip(node, in, (a, b) -> (long) a | (long) b);
      case Op.Select o -> {
        double[] result = new double[in.get(1).length];
        Arrays.setAll(result, i -> in.get(0)[i] != 0 ? in.get(1)[i] : in.get(2)[i]);
        yield result;
      }
      case Op.Cast o -> cast(node, in.get(0));
      case Op.RandomBits o -> randomBits(o, in.get(0));
      case Op.Sum o -> reduce(node, in.get(0), o.axes(), 0, Double::sum);
      case Op.ReduceMax o -> reduce(node, in.get(0), o.axes(), Double.NEGATIVE_INFINITY, Math::max);
      case Op.ArgMax o -> argMax(node, in.get(0), o.axis());
      case Op.ArgSort o -> argSort(node, in.get(0));
      case Op.Reshape o -> in.get(0);
      case Op.Permute o ->
          view(
              node,
              in.get(0),
              (i, source) -> {
                for (int axis = 0; axis < i.length; axis++) {
                  source[o.axes().get(axis)] = i[axis];
                }
                return true;
              });
      case Op.Broadcast o ->
          view(
              node,
              in.get(0),
              (i, source) -> {
                for (int axis = 0; axis < i.length; axis++) {
                  source[axis] = node.inputs().get(0).shape().extent(axis) == 1 ? 0 : i[axis];
                }
                return true;
              });
      case Op.Pad o ->
          view(
              node,
              in.get(0),
              (i, source) -> {
                boolean inside = true;
                for (int axis = 0; axis < i.length; axis++) {
                  int step = o.interior().get(axis) + 1;
                  int from = i[axis] - o.low().get(axis);
                  source[axis] = from / step;
                  inside &=
                      from >= 0
                          && from % step == 0
                          && source[axis] < node.inputs().get(0).shape().extent(axis);
                }
                return inside;
              });
      case Op.Slice o ->
          view(
              node,
              in.get(0),
              (i, source) -> {
                for (int axis = 0; axis < i.length; axis++) {
                  source[axis] = o.start().get(axis) + i[axis] * o.stride().get(axis);
                }
                return true;
              });
      case Op.Flip o ->
          view(
              node,
              in.get(0),
              (i, source) -> {
                for (int axis = 0; axis < i.length; axis++) {
                  source[axis] =
                      o.axes().contains(axis) ? node.shape().extent(axis) - 1 - i[axis] : i[axis];
                }
                return true;
              });
      case Op.Concat o -> concat(node, o.axis(), in);
      case Op.Matmul o -> matmul(node, in.get(0), in.get(1));
      case Op.Unfold o -> window(node, in.get(0), o.window(), node.inputs().get(0).shape(), true);
      case Op.Fold o -> window(node, in.get(0), o.window(), node.shape(), false);
      case Op.Gather o -> gather(node, in.get(0), in.get(1));
      case Op.ScatterAdd o -> scatterAdd(node, in.get(0), in.get(1));
      case Op.Mark o -> in.get(0);
      case Op.StopGradient o -> in.get(0);
      case Op.Custom o -> {
        List<Tensor> marks =
            node.inputs().stream().map(t -> Tensor.input(o.label(), t.shape(), t.dtype())).toList();
        Tensor body = o.function().expand(marks);
        Map<Tensor, double[]> local = new HashMap<>();
        for (int i = 0; i < marks.size(); i++) {
          local.put(marks.get(i), in.get(i));
        }
        for (Tensor n : Graph.topological(List.of(body), local.keySet())) {
          local.computeIfAbsent(n, m -> compute(m, m.inputs().stream().map(local::get).toList()));
        }
        yield local.get(body);
      }
    };
  }

  /** Brings integer results back into their width. */
  private static double wrap(DType dtype, double value) {
    return dtype == DType.INT32 ? (int) (long) value : value;
  }

  private static double[] map(Tensor node, List<double[]> in, DoubleUnaryOperator f) {
    double[] result = new double[in.get(0).length];
    Arrays.setAll(result, i -> wrap(node.dtype(), f.applyAsDouble(in.get(0)[i])));
    return result;
  }

  private static double[] zip(Tensor node, List<double[]> in, DoubleBinaryOperator f) {
    double[] result = new double[in.get(0).length];
    Arrays.setAll(result, i -> wrap(node.dtype(), f.applyAsDouble(in.get(0)[i], in.get(1)[i])));
    return result;
  }

  private static double[] integerDivide(Tensor node, List<double[]> in) {
    // Division by zero yields 0 on every backend: devices do not trap.
    return zip(node, in, (a, b) -> b == 0 ? 0 : (long) a / (long) b);
  }

  private static double[] cast(Tensor node, double[] a) {
    double[] result = new double[a.length];
    DType from = node.inputs().get(0).dtype();
    for (int i = 0; i < a.length; i++) {
      result[i] =
          switch (node.dtype()) {
            case FLOAT32, FLOAT64 -> a[i];
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16((float) a[i]));
            case BFLOAT16 -> {
              HostData one = HostData.allocate(DType.BFLOAT16, 1);
              one.setDouble(0, a[i]);
              yield one.getDouble(0);
            }
            case INT32 -> from.isInteger() ? (int) (long) a[i] : (int) a[i];
            case INT64 -> (long) a[i];
            case BOOL -> a[i] != 0 ? 1 : 0;
          };
    }
    return result;
  }

  private static double[] randomBits(Op.RandomBits op, double[] key) {
    int[] words = Arrays.stream(key).mapToInt(v -> (int) v).toArray();
    double[] result = new double[(int) op.shape().elements()];
    for (int i = 0; i < result.length; i++) {
      result[i] = Philox.word(words, op.offset() + i / 4, i % 4);
    }
    return result;
  }

  private interface IndexFunction {
    double at(int[] index);
  }

  private interface SourceIndex {
    boolean map(int[] index, int[] source);
  }

  private static double[] gatherAll(Tensor node, IndexFunction f) {
    double[] result = new double[(int) node.shape().elements()];
    int[] index = new int[node.shape().rank()];
    for (int i = 0; i < result.length; i++) {
      result[i] = f.at(index);
      increment(index, node.shape());
    }
    return result;
  }

  private static double[] view(Tensor node, double[] a, SourceIndex map) {
    Shape operand = node.inputs().get(0).shape();
    int[] source = new int[operand.rank()];
    return gatherAll(node, i -> map.map(i, source) ? a[offset(operand, source)] : 0);
  }

  private static void increment(int[] index, Shape shape) {
    for (int axis = index.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape.extent(axis)) {
        return;
      }
      index[axis] = 0;
    }
  }

  private static int offset(Shape shape, int[] index) {
    int offset = 0;
    for (int axis = 0; axis < index.length; axis++) {
      offset = offset * shape.extent(axis) + index[axis];
    }
    return offset;
  }

  private static double[] reduce(
      Tensor node, double[] a, List<Integer> axes, double start, DoubleBinaryOperator f) {
    Shape operand = node.inputs().get(0).shape();
    double[] result = new double[(int) node.shape().elements()];
    Arrays.fill(result, start);
    int[] index = new int[operand.rank()];
    for (double value : a) {
      int target = 0;
      for (int axis = 0; axis < index.length; axis++) {
        if (!axes.contains(axis)) {
          target = target * operand.extent(axis) + index[axis];
        }
      }
      result[target] = wrap(node.dtype(), f.applyAsDouble(result[target], value));
      increment(index, operand);
    }
    return result;
  }

  private static double[] argMax(Tensor node, double[] a, int axis) {
    Shape operand = node.inputs().get(0).shape();
    int extent = operand.extent(axis);
    long inner = operand.strides()[operand.axis(axis)];
    double[] result = new double[(int) node.shape().elements()];
    for (int i = 0; i < result.length; i++) {
      int base = (int) (i / inner * inner * extent + i % inner);
      int best = 0;
      for (int j = 1; j < extent; j++) {
        // Comparing as Double puts NaN above everything, as maximum does.
        if (Double.compare(a[(int) (base + j * inner)], a[(int) (base + best * inner)]) > 0
            && a[(int) (base + j * inner)] != a[(int) (base + best * inner)]) {
          best = j;
        }
      }
      result[i] = best;
    }
    return result;
  }

  private static double[] argSort(Tensor node, double[] a) {
    int extent = node.shape().extent(-1);
    double[] result = new double[a.length];
    for (int row = 0; row < a.length; row += extent) {
      int base = row;
      int[] order =
          IntStream.range(0, extent)
              .boxed()
              // Adding 0.0 makes both zeros equal, so that they keep their order.
              .sorted(Comparator.comparingDouble(i -> a[base + i] + 0.0))
              .mapToInt(Integer::intValue)
              .toArray();
      for (int i = 0; i < extent; i++) {
        result[row + i] = order[i];
      }
    }
    return result;
  }

  private static double[] concat(Tensor node, int axis, List<double[]> in) {
    double[] result = new double[(int) node.shape().elements()];
    long inner = node.shape().strides()[node.shape().axis(axis)];
    long row = inner * node.shape().extent(axis);
    long start = 0;
    List<Tensor> operands = new ArrayList<>(node.inputs());
    for (int k = 0; k < operands.size(); k++) {
      int block = (int) (inner * operands.get(k).shape().extent(axis));
      double[] a = in.get(k);
      for (int from = 0, to = (int) start; from < a.length; from += block, to += (int) row) {
        System.arraycopy(a, from, result, to, block);
      }
      start += block;
    }
    return result;
  }

  private static double[] matmul(Tensor node, double[] a, double[] b) {
    int m = node.shape().extent(-2);
    int n = node.shape().extent(-1);
    int k = node.inputs().get(0).shape().extent(-1);
    double[] result = new double[(int) node.shape().elements()];
    for (int row = 0; row < result.length / Math.max(1, n); row++) {
      int batch = row / m;
      for (int p = 0; p < k; p++) {
        double scale = a[row * k + p];
        for (int j = 0; j < n; j++) {
          result[row * n + j] += scale * b[(batch * k + p) * n + j];
        }
      }
    }
    return result;
  }

  /** Unfold reads each window element; fold adds it back where it came from. */
  private static double[] window(
      Tensor node, double[] a, Op.Window w, Shape image, boolean unfold) {
    double[] result = new double[(int) node.shape().elements()];
    int rows = w.positions(image.extent(2), w.kernelHeight());
    int columns = w.positions(image.extent(3), w.kernelWidth());
    int column = 0;
    for (int plane = 0; plane < image.extent(0) * image.extent(1); plane++) {
      for (int ky = 0; ky < w.kernelHeight(); ky++) {
        for (int kx = 0; kx < w.kernelWidth(); kx++) {
          for (int oy = 0; oy < rows; oy++) {
            for (int ox = 0; ox < columns; ox++, column++) {
              int y = oy * w.stride() + ky - w.padding();
              int x = ox * w.stride() + kx - w.padding();
              if (y < 0 || y >= image.extent(2) || x < 0 || x >= image.extent(3)) {
                continue;
              }
              int pixel = (plane * image.extent(2) + y) * image.extent(3) + x;
              if (unfold) {
                result[column] = a[pixel];
              } else {
                result[pixel] += a[column];
              }
            }
          }
        }
      }
    }
    return result;
  }

  private static double[] gather(Tensor node, double[] a, double[] indices) {
    int rows = node.inputs().get(0).shape().extent(1);
    int width = node.shape().extent(2);
    int picks = node.shape().extent(1);
    double[] result = new double[(int) node.shape().elements()];
    for (int i = 0; i < indices.length; i++) {
      long row = (long) indices[i];
      if (row >= 0 && row < rows) {
        System.arraycopy(a, (int) (i / picks * rows + row) * width, result, i * width, width);
      }
    }
    return result;
  }

  private static double[] scatterAdd(Tensor node, double[] updates, double[] indices) {
    int rows = node.shape().extent(1);
    int width = node.shape().extent(2);
    int picks = node.inputs().get(1).shape().extent(1);
    double[] result = new double[(int) node.shape().elements()];
    for (int i = 0; i < indices.length; i++) {
      long row = (long) indices[i];
      if (row >= 0 && row < rows) {
        for (int j = 0; j < width; j++) {
          result[(int) (i / picks * rows + row) * width + j] += updates[i * width + j];
        }
      }
    }
    return result;
  }
}
