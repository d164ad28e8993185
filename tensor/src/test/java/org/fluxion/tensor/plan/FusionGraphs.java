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
import org.fluxion.tensor.conformance.ElementaryFunctions;
import org.fluxion.tensor.conformance.Streams;

/**
 * Graphs for the laws of fusion, the same for the same seed: small ones of all operations. Nothing
 * runs them.
 */
class FusionGraphs {
  static final List<Op> TRANSCENDENTALS = ElementaryFunctions.transcendentals();

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
    random = Streams.of(seed, 0);
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
}
