package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Graphs for the laws of fusion, the same for the same seed: small ones of all operations, and such
 * as lie just at, below and above what the planner's rules speak of. Nothing runs them.
 */
final class FusionGraphs {
  static final List<Op> TRANSCENDENTALS =
      List.of(
          new Op.Exp(),
          new Op.Log(),
          new Op.Log1p(),
          new Op.Expm1(),
          new Op.Sin(),
          new Op.Cos(),
          new Op.Tanh(),
          new Op.Erf());

  static final List<Op> PLAIN =
      List.of(new Op.Neg(), new Op.Sqrt(), new Op.Abs(), new Op.Sign(), new Op.Floor());

  private static final int[][] SHAPES = {
    {2, 3, 4}, {24}, {6, 4}, {4}, {3, 4}, {2, 3, 1}, {8, 3}, {1, 4}, {2, 1, 4}
  };

  final Random random;
  final List<Tensor> inputs = new ArrayList<>();
  final List<Tensor> outputs = new ArrayList<>();
  private final List<Tensor> pool = new ArrayList<>();

  FusionGraphs(long seed) {
    // The first numbers of neighbouring seeds are alike.
    random = new Random(seed * 0x9E3779B97F4A7C15L);
  }

  Graph graph() {
    return new Graph(inputs, outputs);
  }

  static Tensor apply(Op op, Tensor... operands) {
    return Tensor.apply(op, List.of(operands));
  }

  Tensor input(int... shape) {
    Tensor input = Tensor.input("x" + inputs.size(), Shape.of(shape), DType.FLOAT32);
    inputs.add(input);
    return input;
  }

  int oneOf(int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  // ---- graphs of all operations ----

  /** A graph of all operations. */
  static Graph mixed(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    for (int i = 1 + drawn.random.nextInt(3); i >= 0; i--) {
      drawn.pool.add(drawn.input(drawn.oneOf(List.of(SHAPES))));
    }
    if (drawn.oneIn(3)) {
      // What differentiation has marked may be a variable too, with what it is made of outside.
      Tensor marked = apply(new Op.Mark(), apply(new Op.Neg(), drawn.pool.getFirst()));
      drawn.inputs.add(marked);
      drawn.pool.add(marked);
    }
    if (drawn.oneIn(4)) {
      drawn.pool.add(apply(new Op.Reshape(Shape.of(1, 1)), Tensor.scalar(3.0, DType.FLOAT32)));
    }
    for (int i = 4 + drawn.random.nextInt(14); i > 0; i--) {
      Tensor x = drawn.oneIn(2) ? drawn.pool.getLast() : drawn.oneOf(drawn.pool);
      Tensor next = drawn.next(x);
      if (next.shape().elements() <= 100) {
        drawn.pool.add(next);
      }
    }
    drawn.outputs.add(drawn.pool.getLast());
    for (int i = drawn.random.nextInt(3); i > 0; i--) {
      drawn.outputs.add(drawn.oneOf(drawn.pool));
    }
    return drawn.graph();
  }

  private Tensor next(Tensor x) {
    int rank = x.shape().rank();
    return switch (random.nextInt(26)) {
      case 0 -> apply(oneOf(PLAIN), x);
      case 1 -> apply(oneOf(TRANSCENDENTALS), x);
      case 2, 3 -> apply(oneOf(List.of(new Op.Add(), new Op.Mul())), x, like(x, true));
      case 4 -> apply(new Op.Pow(), x, like(x, true));
      case 5 -> apply(new Op.Select(), apply(new Op.Less(), x, like(x, true)), x, like(x, false));
      case 6 -> apply(new Op.Sum(some(rank)), x);
      case 7 -> apply(new Op.ReduceMax(some(rank)), x);
      case 8, 9 -> normalised(x);
      case 10, 11 -> reshaped(x);
      case 12, 13 -> apply(new Op.Permute(order(rank)), x);
      case 14 -> sliced(x);
      case 15 -> apply(new Op.Flip(some(rank)), x);
      case 16 -> padded(x, 0);
      case 17 -> chain(x, oneOf(1, 2, 3, 7), random.nextInt(2));
      case 18, 19 -> rank == 0 ? x : widened(x);
      case 20 -> rank == 0 ? x : windows(x);
      case 21 -> oneIn(3) ? padded(x, 1) : apply(oneOf(PLAIN), like(x, true));
      case 22 -> rank == 0 ? x : apply(new Op.Concat(random.nextInt(rank)), x, like(x, false));
      case 23 -> rank < 2 ? x : product(x);
      case 24 -> rank == 0 ? x : picked(x);
      default -> rank == 0 ? x : folded(x);
    };
  }

  /** Another tensor of a shape: known, made of a smaller one, a constant, or a number. */
  private Tensor like(Tensor x, boolean any) {
    Shape shape = x.shape();
    if (any && oneIn(4)) {
      int[] ones = new int[shape.rank()];
      Arrays.fill(ones, 1);
      Tensor literal = Tensor.scalar(2.0, DType.FLOAT32);
      return switch (random.nextInt(3)) {
        case 0 -> Tensor.of(new float[(int) shape.elements()], shape.extents());
        case 1 -> apply(new Op.Broadcast(shape), apply(new Op.Reshape(Shape.of(ones)), literal));
        default ->
            shape.rank() == 0
                ? literal
                : apply(new Op.Iota(shape, random.nextInt(shape.rank()), DType.FLOAT32));
      };
    }
    List<Tensor> alike = pool.stream().filter(y -> fits(y, shape)).toList();
    Tensor found = oneOf(alike);
    return found.shape().equals(shape) ? found : apply(new Op.Broadcast(shape), found);
  }

  private static boolean fits(Tensor y, Shape shape) {
    return y.shape().rank() == shape.rank()
        && IntStream.range(0, shape.rank())
            .allMatch(a -> y.shape().extent(a) == shape.extent(a) || y.shape().extent(a) == 1);
  }

  List<Integer> some(int rank) {
    return IntStream.range(0, rank).filter(axis -> random.nextBoolean()).boxed().toList();
  }

  List<Integer> order(int rank) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.shuffle(order, random);
    return order;
  }

  /** Something less its mean along some axes, as in norms and softmax. */
  private Tensor normalised(Tensor x) {
    List<Integer> axes = some(x.shape().rank());
    Tensor sum = oneIn(3) ? apply(new Op.ReduceMax(axes), x) : apply(new Op.Sum(axes), x);
    int[] kept = x.shape().extents();
    axes.forEach(axis -> kept[axis] = 1);
    Tensor small = chain(apply(new Op.Reshape(Shape.of(kept)), sum), random.nextInt(4), 0);
    return apply(new Op.Sub(), x, apply(new Op.Broadcast(x.shape()), small));
  }

  Tensor reshaped(Tensor x) {
    int left = (int) x.shape().elements();
    List<Integer> extents = new ArrayList<>();
    while (left > 1) {
      int rest = left;
      int[] divisors = IntStream.rangeClosed(2, rest).filter(d -> rest % d == 0).toArray();
      int extent = oneOf(divisors);
      extents.add(extent);
      left /= extent;
    }
    if (extents.size() < 3 && oneIn(2)) {
      extents.add(random.nextInt(extents.size() + 1), 1);
    }
    return apply(new Op.Reshape(Shape.of(extents)), x);
  }

  private Tensor sliced(Tensor x) {
    int rank = x.shape().rank();
    List<Integer> start = new ArrayList<>();
    List<Integer> end = new ArrayList<>();
    List<Integer> stride = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      int extent = x.shape().extent(axis);
      int from = oneIn(2) ? 0 : random.nextInt(extent);
      start.add(from);
      end.add(oneIn(2) ? extent : from + 1 + random.nextInt(extent - from));
      stride.add(oneOf(1, 1, 2));
    }
    return apply(new Op.Slice(start, end, stride), x);
  }

  private Tensor padded(Tensor x, int interior) {
    int rank = x.shape().rank();
    List<Integer> low = new ArrayList<>();
    List<Integer> high = new ArrayList<>();
    List<Integer> inside = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      low.add(oneOf(0, 0, 1));
      high.add(oneOf(0, 0, 1));
      inside.add(oneIn(2) ? 0 : interior);
    }
    return apply(new Op.Pad(low, high, inside), x);
  }

  /** Some operations one after another. */
  Tensor chain(Tensor x, int operations, int transcendentals) {
    Tensor result = x;
    for (int i = 0; i < operations; i++) {
      result = apply(oneOf(i < transcendentals ? TRANSCENDENTALS : PLAIN), result);
    }
    return result;
  }

  /** Broadcast along a new axis. */
  private Tensor widened(Tensor x) {
    int at = random.nextInt(x.shape().rank() + 1);
    List<Integer> narrow = new ArrayList<>(Arrays.stream(x.shape().extents()).boxed().toList());
    narrow.add(at, 1);
    List<Integer> wide = new ArrayList<>(narrow);
    wide.set(at, oneOf(2, 3));
    return apply(new Op.Broadcast(Shape.of(wide)), apply(new Op.Reshape(Shape.of(narrow)), x));
  }

  private Tensor image(Tensor x) {
    int last = x.shape().extent(-1);
    return apply(new Op.Reshape(Shape.of(1, 1, (int) x.shape().elements() / last, last)), x);
  }

  private Tensor windows(Tensor x) {
    int padding = random.nextInt(2);
    Tensor image = image(x);
    int least = Math.min(image.shape().extent(2), image.shape().extent(3));
    int size = least + 2 * padding < 2 ? 1 : 2;
    return apply(new Op.Unfold(new Op.Window(size, size, oneOf(1, 2), padding)), image);
  }

  private Tensor folded(Tensor x) {
    if (oneIn(2)) {
      return oneIn(2)
          ? apply(new Op.ArgSort(), x).cast(DType.FLOAT32)
          : apply(new Op.ArgMax(random.nextInt(x.shape().rank())), x).cast(DType.FLOAT32);
    }
    Tensor image = image(x);
    int height = image.shape().extent(2);
    int width = image.shape().extent(3);
    Tensor columns = apply(new Op.Reshape(Shape.of(1, 1, height * width)), image);
    return apply(new Op.Fold(new Op.Window(1, 1, 1, 0), height, width), columns);
  }

  private Tensor product(Tensor x) {
    int rank = x.shape().rank();
    List<Integer> turned = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.swap(turned, rank - 1, rank - 2);
    Tensor other = like(x, true);
    return apply(new Op.Matmul(), x, apply(new Op.Permute(turned), other));
  }

  private Tensor picked(Tensor x) {
    int last = x.shape().extent(-1);
    int rows = (int) x.shape().elements() / last;
    Tensor table = apply(new Op.Reshape(Shape.of(1, rows, last)), x);
    Tensor flat = apply(new Op.Reshape(Shape.of((int) x.shape().elements())), x);
    if (oneIn(4)) {
      Tensor key = flat.shape().elements() < 4 ? null : flat.slice(0, 0, 4).cast(DType.INT32);
      return key == null ? x : apply(new Op.RandomBits(Shape.of(2, 3), 0), key).cast(DType.FLOAT32);
    }
    Tensor indices = apply(new Op.Reshape(Shape.of(1, rows)), flat.slice(0, 0, rows));
    return oneIn(2)
        ? apply(new Op.Gather(), table, indices.cast(DType.INT32))
        : apply(new Op.ScatterAdd(2), table, indices.cast(DType.INT32));
  }

  // ---- graphs about one rule ----

  /** A value with so many readers and so much behind it. */
  static Graph read(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor x = drawn.input(4, 16);
    int transcendentals = drawn.oneOf(0, 0, 0, 3, 4, 5);
    int operations = drawn.oneOf(1, 5, 7, 22, 23, 24, 25, 26, 117, 118, 119, 120, 121);
    Tensor value = x;
    for (int i = drawn.random.nextInt(3); i > 0; i--) {
      value = apply(new Op.Mul(), value, drawn.operand());
    }
    value = drawn.chain(value, operations, transcendentals);
    if (drawn.oneIn(3)) {
      value = apply(new Op.Pow(), value, x);
    }
    if (drawn.oneIn(3)) {
      value = apply(new Op.Add(), value, value);
    }
    drawn.readers(value, x);
    return drawn.graph();
  }

  /** [4, 16] of a tensor of as many elements, or of fewer, or a part of one of more. */
  private Tensor operand() {
    Shape shape = Shape.of(4, 16);
    return switch (random.nextInt(6)) {
      case 0 -> input(4, 16);
      case 1 -> apply(new Op.Broadcast(shape), input(1, 16));
      case 2 -> apply(new Op.Broadcast(shape), input(4, 1));
      case 3 ->
          apply(
              new Op.Reshape(shape),
              apply(new Op.Broadcast(Shape.of(4, 15)), input(1, 15)).pad(1, 0, 1));
      case 4 -> apply(new Op.Reshape(shape), input(1000).slice(0, 7, 71));
      default ->
          apply(
              new Op.Broadcast(shape),
              apply(
                  new Op.Reshape(Shape.of(1, 16)),
                  input(1000).slice(0, 7, oneOf(23, 22) + 0).slice(0, 0, 15).pad(0, 0, 1)));
    };
  }

  private void readers(Tensor value, Tensor x) {
    Shape shape = value.shape();
    int readers = oneOf(1, 2, 2, 3);
    for (int i = 0; i < readers; i++) {
      outputs.add(
          switch (random.nextInt(6)) {
            case 0 -> apply(new Op.Sum(List.of(1)), value);
            case 1 -> apply(new Op.Mul(), value, value);
            case 2 -> apply(new Op.Add(), apply(new Op.Flip(List.of(0)), value), value);
            case 3 -> apply(new Op.Permute(List.of(1, 0)), value);
            case 4 -> apply(new Op.Add(), value, x);
            default ->
                apply(oneOf(PLAIN), apply(new Op.Reshape(Shape.of((int) shape.elements())), value));
          });
    }
    if (oneIn(3)) {
      outputs.add(outputs.getLast());
    }
  }

  /** A value with little behind it that is broadcast, along whichever axis. */
  static Graph broadcast(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor small = drawn.oneIn(2) ? drawn.input(1, 16) : drawn.input(4, 1);
    Tensor x = drawn.input(4, 16);
    Tensor value = drawn.chain(small, drawn.oneOf(0, 1, 2, 3, 4), drawn.oneOf(0, 0, 1));
    if (drawn.oneIn(3)) {
      value =
          apply(
              new Op.Sum(List.of(0)),
              apply(new Op.Reshape(Shape.of(1, 4, 4, 4)), drawn.chain(drawn.input(64), 1, 0)));
      value =
          apply(
              new Op.Reshape(Shape.of(1, 16)),
              drawn.chain(apply(new Op.Sum(List.of(0)), value), drawn.oneOf(2, 3), 0));
    }
    List<Tensor> wide = new ArrayList<>();
    for (int i = drawn.oneOf(1, 1, 2); i > 0; i--) {
      Tensor seen = value;
      for (int j = drawn.oneOf(0, 0, 1, 2); j > 0; j--) {
        seen = apply(new Op.Flip(List.of(drawn.random.nextInt(2))), seen);
      }
      wide.add(apply(new Op.Broadcast(Shape.of(4, 16)), seen));
    }
    Tensor result = x;
    for (Tensor each : wide) {
      result = apply(new Op.Mul(), result, each);
    }
    drawn.outputs.add(drawn.oneIn(4) ? wide.getLast() : result);
    if (drawn.oneIn(2)) {
      drawn.readers(result, x);
    }
    if (drawn.oneIn(4)) {
      drawn.outputs.add(apply(new Op.Broadcast(Shape.of()), apply(new Op.Sum(List.of(0, 1)), x)));
    }
    return drawn.graph();
  }

  /** A sum of so many operands that a kernel may or may not read them all. */
  static Graph crowded(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor condition = Tensor.input("c", Shape.of(3), DType.BOOL);
    Tensor sum = drawn.input(3);
    int loads = drawn.oneOf(118, 119, 120, 121, 122);
    while (drawn.inputs.size() < loads) {
      Tensor a = drawn.input(3);
      Tensor b = drawn.inputs.size() < loads ? drawn.input(3) : a;
      sum = apply(new Op.Add(), sum, apply(new Op.Select(), condition, a, b));
    }
    drawn.inputs.add(condition);
    drawn.outputs.add(apply(new Op.Neg(), sum));
    return drawn.graph();
  }

  /** Reductions over any axes of any shape, some of one element. */
  static Graph reduced(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    int rank = drawn.random.nextInt(6);
    int[] shape = new int[rank];
    for (int axis = 0; axis < rank; axis++) {
      shape[axis] = drawn.oneOf(1, 2, 2, 3);
    }
    Tensor x = drawn.input(shape);
    Tensor value =
        drawn.oneIn(3)
            ? x
            : drawn.oneIn(2) ? drawn.reshaped(x) : apply(new Op.Permute(drawn.order(rank)), x);
    for (int i = 0; i < 2; i++) {
      List<Integer> axes = drawn.some(value.shape().rank());
      drawn.outputs.add(apply(drawn.oneIn(2) ? new Op.Sum(axes) : new Op.ReduceMax(axes), value));
    }
    return drawn.graph();
  }

  /** Products of matrices that lie in other orders, at times such as no loops reach together. */
  static Graph multiplied(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    List<Tensor> sources =
        List.of(drawn.input(2, 3, 4, 4), drawn.input(3, 2, 4, 4), drawn.input(6, 8, 2));
    for (int i = drawn.random.nextInt(3); i >= 0; i--) {
      Tensor a = drawn.matrices(drawn.oneOf(sources));
      Tensor b = drawn.matrices(drawn.oneOf(sources));
      Tensor product = apply(new Op.Matmul(), a, b);
      drawn.outputs.add(product);
      if (drawn.oneIn(3)) {
        drawn.outputs.add(drawn.oneIn(2) ? a : b.inputs().get(0));
      }
      if (drawn.oneIn(3)) {
        drawn.outputs.add(apply(new Op.Matmul(), drawn.matrices(product), a));
      }
    }
    return drawn.graph();
  }

  /** [6, 4, 4] of a tensor of 96 elements. */
  private Tensor matrices(Tensor source) {
    int rank = source.shape().rank();
    Tensor turned =
        switch (random.nextInt(6)) {
          case 0 -> source;
          case 1 -> apply(new Op.Permute(order(rank)), source);
          case 2 -> chain(source, 1, 0);
          case 3 -> apply(new Op.Flip(some(rank)), source);
          default -> rank == 4 ? source.permute(1, 0, 2, 3) : source.permute(0, 2, 1);
        };
    Tensor matrices = apply(new Op.Reshape(Shape.of(6, 4, 4)), turned);
    return switch (random.nextInt(5)) {
      case 0 -> matrices.transpose();
      case 1 -> apply(new Op.Broadcast(Shape.of(6, 4, 4)), matrices.slice(0, 2, 3));
      case 2 -> apply(new Op.Broadcast(Shape.of(6, 4, 4)), matrices.slice(1, 2, 3));
      case 3 -> matrices.slice(2, 0, 3).pad(2, 0, 1);
      default -> matrices;
    };
  }

  /** Attention, its derivatives and what lies about them. */
  static Graph attentive(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor mask = Tensor.input("mask", Shape.of(6, 4, 4), DType.BOOL);
    List<Tensor> known = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      known.add(drawn.input(6, 4, 4));
    }
    known.add(drawn.input(2, 3, 4, 4).permute(1, 0, 2, 3).reshape(6, 4, 4));
    known.add(drawn.input(3, 2, 4, 4).permute(1, 0, 2, 3).reshape(6, 4, 4));
    drawn.inputs.add(mask);
    for (int i = 1 + drawn.random.nextInt(5); i >= 0; i--) {
      // Mostly of the same queries and keys.
      List<Tensor> in = new ArrayList<>();
      in.add(drawn.oneIn(6) ? drawn.oneOf(known) : known.get(0));
      in.add(drawn.oneIn(6) ? drawn.oneOf(known) : known.get(1));
      in.add(drawn.oneIn(4) ? drawn.oneOf(known) : known.get(2));
      double scale = drawn.oneIn(6) ? 0.25 : 0.5;
      boolean causal = drawn.oneIn(6);
      Tensor logSumExp = null;
      Op op =
          switch (drawn.random.nextInt(7)) {
            case 0, 1 -> new Op.AttentionOutput(scale, causal);
            case 2 -> new Op.AttentionLogSumExp(scale, causal);
            case 3 -> new Op.AttentionTangent(scale, causal);
            case 4 -> new Op.AttentionQueryCotangent(scale, causal);
            case 5 -> new Op.AttentionKeyCotangent(scale, causal);
            default -> new Op.AttentionValueCotangent(scale, causal);
          };
      if (op instanceof Op.AttentionLogSumExp) {
        in.removeLast();
      } else if (op instanceof Op.AttentionTangent) {
        for (int j = 0; j < 3; j++) {
          in.add(drawn.oneOf(known));
        }
      } else if (!(op instanceof Op.AttentionOutput)) {
        Tensor given = known.get(3);
        logSumExp = apply(new Op.AttentionLogSumExp(0.5, false), known.get(0), known.get(1));
        in.addAll(
            List.of(
                drawn.oneIn(6) ? drawn.oneOf(known) : given,
                drawn.oneIn(4) ? given.slice(2, 0, 1) : logSumExp,
                given));
      }
      if (drawn.oneIn(5)) {
        in.add(mask);
      }
      if (drawn.oneIn(3)) {
        drawn.outputs.add(apply(new Op.Matmul(), in.get(0), drawn.oneOf(known)));
      }
      Tensor result = Tensor.apply(op, in);
      drawn.outputs.add(result);
      if (result.shape().equals(known.get(0).shape()) && drawn.oneIn(2)) {
        Tensor next = drawn.oneIn(2) ? result : drawn.chain(result, 1, 0);
        if (drawn.oneIn(2)) {
          next = next.reshape(drawn.oneOf(2, 3), -1, 4, 4).permute(1, 0, 2, 3).reshape(6, 4, 4);
        }
        if (drawn.oneIn(2)) {
          drawn.outputs.removeLast();
          drawn.outputs.add(next);
        }
        if (drawn.oneIn(2)) {
          known.set(drawn.random.nextInt(4), next);
        } else {
          known.add(next);
        }
      }
    }
    return drawn.graph();
  }

  /** An attention and its tangent, each written in an order of its own. */
  static Graph turned(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor q = drawn.input(6, 4, 4);
    Tensor k = drawn.input(6, 4, 4);
    List<Op> ops = List.of(new Op.AttentionOutput(1, false), new Op.AttentionTangent(1, false));
    for (Op op : ops) {
      Tensor result =
          op instanceof Op.AttentionOutput ? apply(op, q, k, k) : apply(op, q, k, k, q, k, k);
      int outer = drawn.oneOf(2, 3);
      drawn.outputs.add(result.reshape(outer, 6 / outer, 4, 4).permute(1, 0, 2, 3));
    }
    return drawn.graph();
  }

  // ---- graphs for which kernels are shared ----

  /** Values over rows, of rows, of columns, and products between, many of them stored. */
  static Graph woven(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Shape shape = drawn.oneOf(List.of(Shape.of(4, 16), Shape.of(5, 13), Shape.of(16, 4)));
    int rows = shape.extent(0);
    int columns = shape.extent(1);
    List<Tensor> full =
        new ArrayList<>(List.of(drawn.input(rows, columns), drawn.input(rows, columns)));
    List<Tensor> ofRows = new ArrayList<>(List.of(drawn.input(rows)));
    List<Tensor> ofColumns = new ArrayList<>(List.of(drawn.input(columns)));
    Tensor flat = drawn.input(1000);
    int stored = drawn.oneOf(2, 3, 6);
    for (int i = 6 + drawn.random.nextInt(25); i > 0; i--) {
      Tensor x = drawn.recent(full);
      Tensor y = drawn.recent(full);
      Tensor row = drawn.recent(ofRows);
      Tensor column = drawn.recent(ofColumns);
      List<Tensor> to = full;
      Tensor next;
      switch (drawn.random.nextInt(16)) {
        case 0, 1, 2 -> next = apply(new Op.Add(), x, y);
        case 3 -> next = drawn.chain(x, 1, drawn.random.nextInt(2));
        case 4, 5 -> {
          to = ofRows;
          next = apply(drawn.oneIn(4) ? new Op.ReduceMax(List.of(1)) : new Op.Sum(List.of(1)), x);
        }
        case 6 -> {
          to = ofColumns;
          next = apply(new Op.Sum(List.of(0)), x);
        }
        case 7 -> {
          to = ofRows;
          next = apply(new Op.Mul(), row, drawn.recent(ofRows));
        }
        case 8 -> {
          to = ofColumns;
          next = apply(new Op.Mul(), column, drawn.recent(ofColumns));
        }
        case 9, 10 -> {
          Tensor narrow = apply(new Op.Reshape(Shape.of(rows, 1)), row);
          next = apply(new Op.Sub(), x, apply(new Op.Broadcast(shape), narrow));
        }
        case 11 -> {
          Tensor narrow = apply(new Op.Reshape(Shape.of(1, columns)), column);
          next = apply(new Op.Mul(), x, apply(new Op.Broadcast(shape), narrow));
        }
        case 12 ->
            next =
                apply(
                    new Op.Matmul(),
                    x,
                    drawn.oneIn(2) ? drawn.input(columns, columns) : y.transpose().matmul(x));
        case 13 -> {
          Tensor part = flat.slice(0, i, i + rows * columns);
          next = apply(new Op.Add(), x, apply(new Op.Reshape(shape), part));
        }
        case 14 -> next = apply(new Op.Add(), apply(new Op.Flip(List.of(0)), x), y);
        default -> next = drawn.input(rows, columns);
      }
      to.add(next);
      if (drawn.oneIn(stored)) {
        drawn.outputs.add(next);
      }
    }
    drawn.outputs.add(full.getLast());
    drawn.outputs.add(ofRows.getLast());
    return drawn.graph();
  }

  private Tensor recent(List<Tensor> known) {
    int window = Math.min(known.size(), oneIn(3) ? 100 : 4);
    return known.get(known.size() - 1 - random.nextInt(window));
  }

  /** More kernels that want the same operand, or have a reader in common, than are tried. */
  static Graph contested(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    int[] widths = {2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 30, 36};
    boolean common = drawn.oneIn(2);
    Tensor x = drawn.input(720);
    Tensor all = drawn.input(4);
    for (int i = 12 + drawn.random.nextInt(16); i > 0; i--) {
      int width = drawn.oneOf(widths);
      Tensor operand =
          common
              ? apply(new Op.Reshape(Shape.of(720 / width, width)), x)
              : drawn.input(4, drawn.oneOf(widths));
      Tensor sum = apply(new Op.Sum(List.of(1)), operand);
      if (common) {
        drawn.outputs.add(sum);
      } else {
        all = apply(new Op.Add(), all, sum);
      }
    }
    drawn.outputs.add(all);
    return drawn.graph();
  }

  /** So many values of one operand. */
  static Graph apart(int values) {
    FusionGraphs drawn = new FusionGraphs(0);
    Tensor x = drawn.input(3);
    for (int i = 0; i < values; i++) {
      drawn.outputs.add(apply(new Op.Add(), x, drawn.input(3)));
    }
    return drawn.graph();
  }

  /** Values that share small operands only, or other parts of one. */
  static Graph sharing(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Shape shape = Shape.of(drawn.oneOf(3, 4, 5), drawn.oneOf(3, 4, 5));
    int axis = drawn.random.nextInt(2);
    int[] small = shape.extents();
    small[axis] = 1;
    Tensor shared = drawn.input(small);
    Tensor large = drawn.input(shape.extents());
    if (drawn.oneIn(2)) {
      shared = apply(new Op.Sum(List.of(0)), drawn.input(2, small[0], small[1]));
    }
    for (int i = 0; i < 3; i++) {
      Tensor own = drawn.input(shape.extents());
      if (drawn.oneIn(3)) {
        own = apply(new Op.Add(), own, apply(new Op.Flip(drawn.some(2)), large));
      }
      drawn.outputs.add(apply(new Op.Mul(), own, apply(new Op.Broadcast(shape), shared)));
    }
    return drawn.graph();
  }

  /** Sums over any axes of the same tensors. */
  static Graph summed(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Tensor x = drawn.input(2, 4, 8);
    Tensor y = drawn.input(2, 4, 8);
    for (int i = 2 + drawn.random.nextInt(4); i > 0; i--) {
      Tensor operand = drawn.oneOf(List.of(x, y, x.mul(y)));
      List<Integer> axes = drawn.some(3);
      drawn.outputs.add(apply(drawn.oneIn(3) ? new Op.ReduceMax(axes) : new Op.Sum(axes), operand));
    }
    return drawn.graph();
  }

  /** Values of nothing in common but what reads them, in order or not, and joins them. */
  static Graph related(long seed) {
    FusionGraphs drawn = new FusionGraphs(seed);
    Shape shape = Shape.of(3, 8);
    List<Tensor> values = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Tensor value = drawn.chain(drawn.input(3, 8), 1, 0);
      if (drawn.oneIn(3)) {
        value = apply(new Op.Sum(List.of(drawn.random.nextInt(2))), value);
      } else if (drawn.oneIn(5)) {
        value = apply(new Op.Matmul(), value, drawn.input(8, 8));
      }
      values.add(value);
      drawn.outputs.add(value);
    }
    for (int i = 1 + drawn.random.nextInt(4); i > 0; i--) {
      Tensor a = drawn.seen(drawn.oneOf(values), shape);
      Tensor b = drawn.seen(drawn.oneOf(values), shape);
      Tensor reader = apply(new Op.Add(), a, b);
      if (drawn.oneIn(3)) {
        Tensor product = apply(new Op.Matmul(), drawn.oneIn(2) ? a : b, drawn.input(8, 8));
        reader = apply(new Op.Add(), reader, product);
      }
      if (drawn.oneIn(3)) {
        Tensor other = drawn.chain(drawn.input(3, 8), 1, 0);
        reader = apply(new Op.Concat(0), drawn.chain(b, 1, 0), other);
        Tensor wide =
            apply(
                new Op.Broadcast(Shape.of(2, 3, 8)),
                apply(new Op.Reshape(Shape.of(1, 3, 8)), other));
        drawn.outputs.add(apply(new Op.Mul(), wide, drawn.input(2, 3, 8)));
        reader = apply(new Op.Neg(), reader);
      }
      drawn.outputs.add(reader);
      if (reader.shape().equals(shape)) {
        values.add(reader);
      }
    }
    if (drawn.oneIn(2)) {
      Tensor product = apply(new Op.Matmul(), drawn.inputs.getFirst(), drawn.input(8, 8));
      drawn.outputs.add(apply(new Op.Neg(), apply(new Op.Flip(drawn.some(2)), product)));
      drawn.outputs.add(product.reshape(6, 4));
    }
    return drawn.graph();
  }

  /** A value as large as others, perhaps in another order. */
  private Tensor seen(Tensor value, Shape shape) {
    Tensor wide = value;
    if (value.shape().rank() == 1) {
      boolean rows = value.shape().extent(0) == shape.extent(0);
      Shape narrow = rows ? Shape.of(shape.extent(0), 1) : Shape.of(1, shape.extent(1));
      wide = apply(new Op.Broadcast(shape), apply(new Op.Reshape(narrow), value));
    }
    return oneIn(3) ? apply(new Op.Flip(List.of(random.nextInt(2))), wide) : wide;
  }
}
