package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Random graphs, well conditioned, that mix movement, elementwise operations, sums and products.
 * The same seed gives the same graph.
 */
public final class RandomGraphs {
  private final Random random;
  private final List<Tensor> pool = new ArrayList<>();

  private final DType dtype;
  private final boolean large;
  private final List<Tensor> inputs = new ArrayList<>();

  private RandomGraphs(long seed, DType dtype, boolean large) {
    this.random = new Random(seed);
    this.dtype = dtype;
    this.large = large;
  }

  /**
   * A graph over float64.
   *
   * @param seed which one
   * @param operations about how many operations
   * @return the graph
   */
  public static Graph of(long seed, int operations) {
    return of(seed, operations, DType.FLOAT64);
  }

  /**
   * A graph; over float32 rows are often whole vectors, whatever the vectors' width.
   *
   * @param seed which one
   * @param operations about how many operations
   * @param dtype of most of its tensors
   * @return the graph
   */
  public static Graph of(long seed, int operations, DType dtype) {
    RandomGraphs graphs = new RandomGraphs(seed, dtype, false);
    graphs.grow(operations);
    return new Graph(graphs.inputs, graphs.picks());
  }

  /**
   * A graph of which many loops are long enough to be split over tasks.
   *
   * @param seed which one
   * @param operations about how many operations
   * @param dtype of most of its tensors
   * @return the graph
   */
  public static Graph large(long seed, int operations, DType dtype) {
    RandomGraphs graphs = new RandomGraphs(seed, dtype, true);
    graphs.grow(operations);
    return new Graph(graphs.inputs, graphs.picks());
  }

  /**
   * A graph whose first outputs have the shapes of its inputs, in whose place they may be put.
   *
   * @param seed which one
   * @param operations about how many operations
   * @param dtype of most of its tensors
   * @return the graph
   */
  public static Graph step(long seed, int operations, DType dtype) {
    RandomGraphs graphs = new RandomGraphs(seed, dtype, false);
    graphs.grow(operations);
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor input : graphs.inputs) {
      Tensor next = graphs.sameShape(input);
      outputs.add(graphs.random.nextInt(3) == 0 ? next : next.tanh());
    }
    outputs.addAll(graphs.picks());
    return new Graph(graphs.inputs, outputs);
  }

  /**
   * For some outputs of a graph, an input of the same shape that each is to be put in place of.
   *
   * @param graph the graph
   * @param seed which ones
   * @return an input for each output, −1 for none
   */
  public static int[] donations(Graph graph, long seed) {
    Random random = new Random(seed);
    List<Integer> free = new ArrayList<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      free.add(i);
    }
    int[] donations = new int[graph.outputs().size()];
    for (int output = 0; output < donations.length; output++) {
      Shape shape = graph.outputs().get(output).shape();
      List<Integer> fitting =
          free.stream().filter(i -> graph.inputs().get(i).shape().equals(shape)).toList();
      donations[output] = -1;
      if (!fitting.isEmpty() && random.nextInt(4) > 0) {
        donations[output] = fitting.get(random.nextInt(fitting.size()));
        free.remove((Integer) donations[output]);
      }
    }
    return donations;
  }

  private void grow(int operations) {
    for (int i = 0; i < 3; i++) {
      inputs.add(Tensor.input("x" + i, shape(), dtype));
    }
    pool.addAll(inputs);
    pool.add(Tensor.scalar(0.75, dtype).broadcastTo(shape()));
    for (int i = 0; i < operations; i++) {
      Tensor made = grow();
      if (made.shape().elements() <= (large ? 200_000 : 4096)) {
        pool.add(made);
      }
    }
  }

  private List<Tensor> picks() {
    if (large) {
      // What was made last from much, of much: those loops run.
      List<Tensor> most =
          pool.stream().skip(4).filter(t -> t.shape().elements() >= 2 * 16_384).toList();
      if (!most.isEmpty()) {
        return List.of(most.getLast(), most.get(random.nextInt(most.size())), pool.getLast());
      }
    }
    int last = pool.size() - 1;
    return List.of(pool.get(last), pool.get(random.nextInt(last)), pool.get(random.nextInt(last)));
  }

  private Shape shape() {
    int rank = 1 + random.nextInt(3);
    int[] extents = new int[rank];
    Arrays.setAll(extents, i -> 1 + random.nextInt(rank == 1 ? 40 : 7));
    if (dtype == DType.FLOAT32 && random.nextInt(3) > 0) {
      extents[rank - 1] = 16 * (1 + random.nextInt(3));
    }
    if (large) {
      int[] least = {20_000, 400, 100};
      extents[0] = least[rank - 1] * (1 + random.nextInt(4)) + random.nextInt(100);
    } else if (random.nextInt(8) == 0) {
      extents[random.nextInt(rank)] = 0;
    }
    return Shape.of(extents);
  }

  private Tensor pick() {
    Tensor picked = pool.get(random.nextInt(pool.size()));
    return picked.shape().rank() == 0 ? picked.reshape(Shape.of(1)) : picked;
  }

  private Tensor grow() {
    Tensor x = pick();
    return switch (random.nextInt(dtype == DType.FLOAT32 ? 31 : 20)) {
      case 0 -> x.sin();
      case 1 -> x.tanh().mul(1.5);
      case 2 -> x.neg().add(0.25);
      case 3 -> x.mul(x);
      case 4 -> x.add(sameShape(x));
      case 5 -> x.mul(sameShape(x)).sub(x);
      case 6 ->
          // Compared with a number that no rounding error reaches.
          Tensor.where(x.less(Tensor.scalar(0.1234567, dtype)), x, sameShape(x).mul(0.5));
      case 7 -> x.sum(random.nextInt(x.shape().rank()) - x.shape().rank());
      case 8 -> reduceSome(x);
      case 9 -> largest(x, random.nextInt(x.shape().rank())).add(1);
      case 10 -> x.permute(order(x.shape().rank()));
      case 11 -> reshape(x);
      case 12 -> slice(x);
      case 13 -> pad(x);
      case 14 -> Tensor.apply(new Op.Flip(List.of(random.nextInt(x.shape().rank()))), List.of(x));
      case 15 -> Tensor.concat(x.shape().rank() - 1, x, x.cos());
      case 16 -> x.sub(x.mean(x.shape().rank() - 1).reshape(x.shape().with(-1, 1)));
      case 17 -> moved(product(x));
      case 18 -> {
        Tensor y = moved(product(x));
        yield Tensor.concat(
            random.nextInt(y.shape().rank()), y, moved(product(x)).reshape(y.shape()));
      }
      case 19 -> product(x);
      case 20 -> x.erf();
      case 21 -> x.tanh();
      case 22 -> x.square().add(0.5).log();
      case 23 -> x.abs().log1p().sqrt();
      case 24 -> x.expm1();
      case 25 -> x.shape().extent(-1) == 0 ? x.neg() : x.softmax(-1);
      case 26 -> x.maximum(sameShape(x)).div(x.square().add(1));
      case 27 -> x.sub(x.mean(0).broadcastTo(x.shape()));
      case 28 -> Tensor.where(x.lessEqual(sameShape(x)).not(), x.mul(3).floor(), x.sign());
      case 29 -> x.mul(count(x).cast(dtype)).add(x.sign());
      default -> x.sub(largest(x, -1).reshape(x.shape().with(-1, 1))).exp();
    };
  }

  /** The largest along an axis; zeros along an empty one. */
  private static Tensor largest(Tensor x, int axis) {
    return x.shape().extent(axis) == 0 ? x.sum(axis) : x.max(axis);
  }

  /** Integers of the shape of a tensor. */
  private Tensor count(Tensor x) {
    Tensor index = Tensor.arange(x.shape().extent(-1), DType.INT32);
    Tensor stored = Tensor.of(index.value(), index.shape());
    Tensor counted = stored.mul(3).sub(5).add(stored);
    Tensor chosen =
        Tensor.where(
            counted.less(Tensor.scalar(7, DType.INT32)), counted.cast(dtype), stored.cast(dtype));
    return chosen.cast(DType.INT32).add(stored).broadcastTo(x.shape());
  }

  /** Something that lies elsewhere, in another order. */
  private Tensor moved(Tensor x) {
    return random.nextBoolean()
        ? x.permute(order(x.shape().rank()))
        : reshape(x.permute(order(x.shape().rank())));
  }

  private Tensor sameShape(Tensor x) {
    List<Tensor> same =
        java.util.stream.Stream.concat(java.util.stream.Stream.of(x), pool.stream())
            .filter(t -> t.shape().equals(x.shape()))
            .toList();
    return same.get(random.nextInt(same.size()));
  }

  private Tensor reduceSome(Tensor x) {
    int[] axes =
        java.util.stream.IntStream.range(0, x.shape().rank())
            .filter(a -> random.nextBoolean())
            .toArray();
    return axes.length == 0 ? x.exp().add(1).log() : x.sum(axes);
  }

  private int[] order(int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(random.nextInt(i + 1), i);
    }
    return axes.stream().mapToInt(Integer::intValue).toArray();
  }

  private Tensor reshape(Tensor x) {
    int n = Math.toIntExact(x.shape().elements());
    List<Integer> divisors = new ArrayList<>();
    for (int d = 1; d <= n; d++) {
      if (n % d == 0) {
        divisors.add(d);
      }
    }
    if (divisors.isEmpty()) {
      return x;
    }
    int d = divisors.get(random.nextInt(divisors.size()));
    return x.reshape(Shape.of(d, n / d));
  }

  private Tensor slice(Tensor x) {
    int rank = x.shape().rank();
    List<Integer> start = new ArrayList<>();
    List<Integer> end = new ArrayList<>();
    List<Integer> step = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      int extent = x.shape().extent(axis);
      int from = random.nextInt(Math.max(1, extent));
      start.add(from);
      end.add(from + (extent == 0 ? 0 : 1 + random.nextInt(extent - from)));
      step.add(1 + random.nextInt(2));
    }
    return Tensor.apply(new Op.Slice(start, end, step), List.of(x));
  }

  private Tensor pad(Tensor x) {
    int rank = x.shape().rank();
    List<Integer> low = new ArrayList<>();
    List<Integer> high = new ArrayList<>();
    List<Integer> interior = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      low.add(random.nextInt(3));
      high.add(random.nextInt(3));
      interior.add(random.nextInt(4) == 0 ? 1 : 0);
    }
    return Tensor.apply(new Op.Pad(low, high, interior), List.of(x));
  }

  private Tensor product(Tensor x) {
    if (x.shape().rank() < 2) {
      return x.sum().broadcastTo(Shape.of(3, 4)).mul(0.1);
    }
    int[] order = new int[x.shape().rank()];
    Arrays.setAll(order, i -> i);
    int last = order.length - 1;
    order[last] = last - 1;
    order[last - 1] = last;
    return x.matmul(sameShape(x).permute(order)).mul(0.125);
  }
}
