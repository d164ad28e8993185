package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Small graphs of every kind of work that a plan has kernels for, and values for their inputs. */
final class RandomPrograms {
  private static final double[] NUMBERS = {-1, -0.5, 0, 0.5, 1, 1.5};

  final Random random;
  final Graph graph;
  final int[] donations;
  final Map<Tensor, HostData> values = new HashMap<>();

  private final List<Tensor> inputs = new ArrayList<>();
  private final List<Tensor> pool = new ArrayList<>();

  /** The same program for the same seed. */
  RandomPrograms(long seed) {
    random = RandomMoves.random(seed);
    for (int i = 0; i < 3; i++) {
      add(input(i < 2 ? Shape.of(2, 3, 4) : Shape.of(4)));
    }
    if (random.nextInt(4) == 0) {
      // What nothing reads need not be an input by name.
      inputs.add(inputs.get(0).mul(2));
    }
    for (int i = 2 + random.nextInt(9); i >= 0; i--) {
      int from = random.nextInt(3) == 0 ? 0 : Math.max(0, pool.size() - 4);
      Tensor x = pool.get(from + random.nextInt(pool.size() - from));
      add(next(x));
    }
    List<Tensor> outputs = new ArrayList<>(List.of(pool.getLast()));
    for (int i = random.nextInt(3); i > 0; i--) {
      outputs.add(pool.get(random.nextInt(pool.size())));
    }
    boolean swapped = random.nextInt(6) == 0;
    if (swapped) {
      // Inputs that trade places.
      outputs.addAll(List.of(inputs.get(1), inputs.get(0)));
    }
    graph = new Graph(inputs, outputs);
    donations = new int[outputs.size()];
    List<Integer> free = new ArrayList<>(IntStream.range(0, inputs.size()).boxed().toList());
    for (int i = 0; i < donations.length; i++) {
      Tensor output = outputs.get(i);
      List<Integer> fitting =
          free.stream()
              .filter(
                  input ->
                      inputs.get(input).shape().equals(output.shape())
                          && inputs.get(input).dtype() == output.dtype())
              .toList();
      boolean donated = !fitting.isEmpty() && random.nextBoolean();
      donations[i] = donated ? fitting.get(random.nextInt(fitting.size())) : -1;
      free.remove((Integer) donations[i]);
    }
    if (swapped) {
      Arrays.fill(donations, -1);
      donations[donations.length - 1] = 1;
      donations[donations.length - 2] = 0;
    }
    for (Tensor input : inputs) {
      HostData data = HostData.allocate(input.dtype(), input.shape().elements());
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, NUMBERS[random.nextInt(NUMBERS.length)]);
      }
      values.put(input, data);
    }
  }

  private Tensor input(Shape shape) {
    Tensor input = Tensor.input("x" + inputs.size(), shape, DType.FLOAT64);
    inputs.add(input);
    return input;
  }

  private void add(Tensor tensor) {
    boolean small = tensor.shape().elements() <= 64 && tensor.shape().rank() < 6;
    if (small && tensor.shape().elements() > 0 && tensor.dtype() == DType.FLOAT64) {
      pool.add(tensor);
    }
  }

  private Tensor other(Tensor x) {
    List<Tensor> alike = pool.stream().filter(y -> y.shape().equals(x.shape())).toList();
    return alike.isEmpty() ? x : alike.get(random.nextInt(alike.size()));
  }

  /** A tensor of a shape, some of them made of an input by movements. */
  private Tensor of(Shape shape) {
    List<Tensor> alike = pool.stream().filter(y -> y.shape().equals(shape)).toList();
    if (!alike.isEmpty() && random.nextInt(3) > 0) {
      return alike.get(random.nextInt(alike.size()));
    }
    Tensor moved = RandomMoves.moved(shape, "x" + inputs.size(), random);
    inputs.add(Roots.base(moved));
    return moved;
  }

  private List<Integer> axes(Tensor x) {
    int rank = x.shape().rank();
    List<Integer> axes =
        IntStream.range(0, rank).filter(axis -> random.nextBoolean()).boxed().toList();
    return switch (random.nextInt(4)) {
      case 0 -> rank == 0 ? axes : List.of(rank - 1);
      case 1 -> rank == 0 ? axes : List.of(0);
      default -> axes;
    };
  }

  private Tensor next(Tensor x) {
    int rank = x.shape().rank();
    return switch (random.nextInt(26)) {
      case 0 -> x.tanh();
      case 1 -> random.nextBoolean() ? x.neg() : x.abs();
      case 2 -> x.add(other(x));
      case 3 -> x.mul(other(x));
      case 4 -> x.mul(0.5);
      case 5 -> Tensor.apply(new Op.Sum(axes(x)), List.of(x));
      case 6 -> Tensor.apply(new Op.ReduceMax(axes(x)), List.of(x));
      case 7, 8 -> RandomMoves.next(x, random);
      case 9 -> RandomMoves.permute(x, random);
      case 10 -> rank == 0 ? x : x.sub(x.mul(x).mean(rank - 1).expandDims(rank - 1));
      case 11 -> rank == 0 ? x : x.sub(x.max(0).expandDims(0).broadcastTo(x.shape()));
      case 12, 13 -> rank < 2 ? x.neg() : product(x);
      case 14, 15, 16 -> rank < 2 ? x.neg() : attention(x);
      case 17 -> rank == 0 ? x : Tensor.concat(random.nextInt(rank), x, other(x));
      case 18 -> rank == 0 ? x : x.take(Tensor.tensor(0, x.shape().extent(0) - 1));
      case 19 -> rank == 0 ? x : x.sort(random.nextInt(rank));
      case 20 -> rank == 0 ? x : x.argMax(random.nextInt(rank)).cast(DType.FLOAT64);
      case 21 -> rank == 0 ? x : x.add(iota(x));
      case 22 -> Tensor.where(x.less(other(x)), x, other(x).mul(0.25));
      case 23 -> x.add(Tensor.of(table(x), x.shape().extents()));
      case 24 -> rank == 4 ? folded(x) : x.cast(DType.FLOAT32).abs().cast(DType.FLOAT64);
      default -> rank == 0 ? x : x.cumulativeSum(random.nextInt(rank));
    };
  }

  private Tensor iota(Tensor x) {
    int axis = random.nextInt(x.shape().rank());
    return Tensor.apply(new Op.Iota(x.shape(), axis, DType.FLOAT64), List.of()).mul(0.125);
  }

  private double[] table(Tensor x) {
    return random.doubles(x.shape().elements()).map(v -> Math.round(4 * v) / 4.0).toArray();
  }

  private Tensor folded(Tensor x) {
    Op.Window window = new Op.Window(1, 1 + random.nextInt(x.shape().extent(3)), 1, 0);
    Tensor columns = Tensor.apply(new Op.Unfold(window), List.of(x));
    return Tensor.apply(
        new Op.Fold(window, x.shape().extent(2), x.shape().extent(3)), List.of(columns.mul(2)));
  }

  private Tensor product(Tensor x) {
    Tensor right =
        random.nextInt(3) == 0
            ? x.transpose()
            : of(x.shape().with(-2, x.shape().extent(-1)).with(-1, 1 + random.nextInt(4)));
    Tensor product = x.mul(0.25).matmul(right);
    return random.nextBoolean() ? product : RandomMoves.permute(product, random);
  }

  /** Some of the family over the same queries and keys; one of them is what goes on. */
  private Tensor attention(Tensor q) {
    int size = q.shape().extent(-1);
    int count = 1 + random.nextInt(4);
    int valueSize = 1 + random.nextInt(5);
    Shape keys = q.shape().with(-2, count).with(-1, size);
    Shape out = q.shape().with(-1, valueSize);
    Tensor k = of(keys);
    Tensor v = of(keys.with(-1, valueSize));
    boolean causal = random.nextInt(3) == 0;
    List<Tensor> mask =
        switch (random.nextInt(4)) {
          case 0 -> List.of(of(q.shape().with(-1, count)));
          case 1 -> List.of(of(q.shape().with(-1, count)).less(0.6));
          default -> List.of();
        };
    List<Tensor> results = new ArrayList<>();
    if (random.nextBoolean()) {
      results.add(apply(new Op.AttentionOutput(0.5, causal), mask, q, k, v));
    }
    if (random.nextBoolean()) {
      results.add(apply(new Op.AttentionLogSumExp(0.5, causal), mask, q, k));
    }
    if (random.nextInt(3) == 0) {
      Tensor tangent = of(q.shape());
      results.add(
          apply(
              new Op.AttentionTangent(0.5, causal),
              mask,
              q,
              k,
              v,
              tangent,
              of(keys),
              of(keys.with(-1, valueSize))));
    }
    if (random.nextBoolean()) {
      Tensor[] all = {q, k, v, of(out), of(q.shape().with(-1, 1)), of(out)};
      results.add(apply(new Op.AttentionKeyCotangent(0.5, causal), mask, all));
      results.add(apply(new Op.AttentionValueCotangent(0.5, causal), mask, all));
      results.add(apply(new Op.AttentionQueryCotangent(0.5, causal), mask, all));
      results.remove(random.nextInt(results.size()));
    }
    results.forEach(this::add);
    return results.isEmpty() ? q : results.get(random.nextInt(results.size()));
  }

  private static Tensor apply(Op op, List<Tensor> mask, Tensor... operands) {
    List<Tensor> all = new ArrayList<>(List.of(operands));
    all.addAll(mask);
    return Tensor.apply(op, all);
  }
}
