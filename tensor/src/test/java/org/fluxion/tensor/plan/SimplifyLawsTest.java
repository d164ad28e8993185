package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Streams;
import org.junit.jupiter.api.Test;

/**
 * A simplified graph means the same, bit for bit; in it no two nodes are the same computation,
 * nothing is left that only moves elements to where they are, and simplifying it again changes
 * nothing. Split sums are the same sums, of which none is long.
 */
class SimplifyLawsTest {
  private static final int SEEDS = 200;
  private static final double[] NUMBERS = {0.0, -0.0, 1, -2.5, 3, 0.5, Double.NaN, 1e300};

  // ---- graphs of which much can be simplified ----

  private static final class Grown {
    final Random random;
    final List<Tensor> inputs = new ArrayList<>();
    final List<Tensor> pool = new ArrayList<>();

    Grown(long seed) {
      random = Streams.of(seed, 0);
      for (int i = 0; i < 2; i++) {
        inputs.add(Tensor.input("x" + i, Shape.of(2, 3), DType.FLOAT64));
      }
      inputs.add(Tensor.input("none", Shape.of(0, 3), DType.FLOAT64));
      pool.addAll(inputs);
      pool.add(inputs.get(0).reshape(1, 2, 3));
      for (int i = 0; i < 14; i++) {
        Tensor x = pool.get(random.nextInt(pool.size()));
        if (x.shape().elements() <= 64) {
          pool.add(next(x));
        }
      }
    }

    Graph graph() {
      List<Tensor> outputs = new ArrayList<>(pool.subList(pool.size() - 4, pool.size()));
      outputs.add(pool.get(random.nextInt(pool.size())));
      return new Graph(inputs, outputs);
    }

    private Tensor other(Tensor x) {
      List<Tensor> alike = pool.stream().filter(y -> y.shape().equals(x.shape())).toList();
      return alike.get(random.nextInt(alike.size()));
    }

    private List<Integer> axes(Tensor x) {
      return IntStream.range(0, x.shape().rank())
          .filter(axis -> random.nextBoolean())
          .boxed()
          .toList();
    }

    private Tensor ones(Shape shape) {
      int[] narrow = new int[shape.rank()];
      Arrays.fill(narrow, 1);
      Tensor one = Tensor.scalar(random.nextInt(3) == 0 ? 2 : 1, DType.FLOAT64);
      return switch (random.nextInt(3)) {
        case 0 -> one.reshape(narrow).broadcastTo(shape);
        case 1 -> Tensor.full(1, shape, DType.FLOAT64);
        default -> one.reshape(1, 1, 1).reshape(narrow).broadcastTo(shape);
      };
    }

    private Tensor table(Shape shape) {
      double[] values = new double[(int) shape.elements()];
      Arrays.fill(values, 0.25);
      if (values.length > 0 && random.nextInt(3) == 0) {
        values[0] = 1;
        values[values.length - 1] = random.nextBoolean() ? 0.0 : -0.0;
      }
      return Tensor.of(values, shape.extents());
    }

    private Tensor next(Tensor x) {
      int rank = x.shape().rank();
      return switch (random.nextInt(20)) {
        case 0 -> x.neg();
        case 1 -> x.mul(ones(x.shape()));
        case 2 -> ones(x.shape()).mul(x);
        case 3 -> x.div(ones(x.shape()));
        // Not by what may be a zero: a sum of zeros has either sign.
        case 4 -> x.div(table(x.shape()));
        case 5 -> x.add(other(x));
        case 6 -> x.sub(other(x));
        case 7 -> x.mul(table(x.shape()));
        case 8 -> x.reshape(Shape.of((int) x.shape().elements()));
        case 9 -> x.reshape(Shape.of(1, (int) x.shape().elements()));
        case 10 -> Tensor.apply(new Op.Permute(order(rank)), List.of(x));
        case 11 -> rank < 2 ? x.neg().neg() : x.transpose();
        case 12 -> Tensor.apply(new Op.Sum(axes(x)), List.of(x));
        case 13 ->
            x.shape().elements() == 0 ? x : Tensor.apply(new Op.ReduceMax(axes(x)), List.of(x));
        case 14 -> Tensor.apply(new Op.Mark(), List.of(x));
        case 15 -> Tensor.apply(new Op.StopGradient(), List.of(x));
        case 16 -> Tensor.apply(new Op.Custom(OpTable.PRODUCT), List.of(x, other(x)));
        case 17 -> rank < 2 ? x.abs() : x.matmul(x.transpose()).transpose();
        case 18 -> rank == 0 ? x : joined(x);
        default ->
            Tensor.apply(
                new Op.Broadcast(rank == 0 ? x.shape() : Shape.of(x.shape().extents())),
                List.of(x));
      };
    }

    private Tensor joined(Tensor x) {
      Tensor nothing = x.slice(0, 0, 0);
      return switch (random.nextInt(4)) {
        case 0 -> Tensor.concat(0, nothing, x);
        case 1 -> Tensor.concat(0, x, nothing, x.neg());
        case 2 -> nothing.pad(0, 1, 1);
        default -> Tensor.apply(new Op.Sum(List.of(0)), List.of(nothing));
      };
    }

    private List<Integer> order(int rank) {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < rank; i++) {
        order.add(random.nextInt(i + 1), i);
      }
      return order;
    }
  }

  private static Map<Tensor, HostData> values(Graph graph, Random random) {
    Map<Tensor, HostData> values = new HashMap<>();
    for (Tensor input : graph.inputs()) {
      HostData data = HostData.allocate(input.dtype(), input.shape().elements());
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, NUMBERS[random.nextInt(NUMBERS.length)]);
      }
      values.put(input, data);
    }
    return values;
  }

  private static void assertSame(Graph before, Graph after, long seed) {
    Map<Tensor, HostData> values = values(before, new Random(seed));
    List<HostData> expected = ReferenceInterpreter.evaluate(before.outputs(), values);
    List<HostData> actual = ReferenceInterpreter.evaluate(after.outputs(), values);
    for (int i = 0; i < expected.size(); i++) {
      String what = "seed %d, output %d, %s".formatted(seed, i, before.outputs().get(i));
      assertEquals(before.outputs().get(i).shape(), after.outputs().get(i).shape(), what);
      assertEquals(before.outputs().get(i).dtype(), after.outputs().get(i).dtype(), what);
      for (long j = 0; j < expected.get(i).elements(); j++) {
        double a = expected.get(i).getDouble(j);
        double b = actual.get(i).getDouble(j);
        // A sum of zeros is a zero of either sign.
        assertTrue(a == 0 ? b == 0 : Double.compare(a, b) == 0, () -> what + ": " + a + ", " + b);
      }
    }
  }

  // ---- the laws ----

  @Test
  void itMeansTheSameAndLeavesNothingToSimplify() {
    int smaller = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Graph before = new Grown(seed).graph();
      Graph after = Simplify.run(before);
      assertSame(before, after, seed);
      leavesNothing(after, "seed " + seed);
      Graph again = Simplify.run(after);
      assertEquals(after.nodes().size(), again.nodes().size(), "seed " + seed);
      smaller += after.nodes().size() < before.nodes().size() ? 1 : 0;
      // What has to be done is done without identities as well, and nothing else.
      Graph least = Simplify.run(before, false, Map.of(), note -> {});
      Simplify.verify(least);
      assertSame(before, least, seed);
      assertTrue(least.nodes().size() >= after.nodes().size(), "seed " + seed);
    }
    assertTrue(smaller > SEEDS / 2);
  }

  private static void leavesNothing(Graph graph, String what) {
    Map<Tensor, Integer> readers = new HashMap<>();
    graph.outputs().forEach(output -> readers.merge(output, 1, Integer::sum));
    graph.nodes().forEach(n -> n.inputs().forEach(x -> readers.merge(x, 1, Integer::sum)));
    Set<List<Object>> known = new HashSet<>();
    for (Tensor node : graph.nodes()) {
      List<Object> same = new ArrayList<>(node.inputs());
      if (node.op() instanceof Op.Constant constant) {
        HostData data = constant.data();
        same.addAll(List.of(data.dtype(), node.shape()));
        for (long i = 0; i < data.elements(); i++) {
          same.add(Double.doubleToRawLongBits(data.getDouble(i)));
        }
      } else {
        same.add(node.op());
      }
      assertTrue(known.add(same), what + ": twice " + node.op() + " of " + node.inputs());
      if (graph.inputs().contains(node)) {
        continue;
      }
      assertFalse(isEmpty(node) && !(node.op() instanceof Op.Constant), what);
      Tensor x = node.inputs().isEmpty() ? null : node.inputs().get(0);
      boolean isLeft =
          switch (node.op()) {
            case Op.Marker o -> true;
            case Op.Custom o -> true;
            case Op.Reshape o -> x.op() instanceof Op.Reshape || o.shape().equals(x.shape());
            case Op.Broadcast o -> o.shape().equals(x.shape());
            case Op.Permute o ->
                x.op() instanceof Op.Permute
                    || isAscending(o.axes())
                    || (x.op() instanceof Op.Matmul
                        && readers.get(x) == 1
                        && node.shape().extent(-1) == x.shape().extent(-2)
                        && isAscending(o.axes().subList(0, o.axes().size() - 2)));
            case Op.Concat o -> node.inputs().size() == 1;
            case Op.Neg o -> x.op() instanceof Op.Neg;
            case Op.Mul o -> isOne(x) || isOne(node.inputs().get(1));
            case Op.Div o -> isOne(node.inputs().get(1));
            case Op.Sum o -> o.axes().stream().allMatch(axis -> x.shape().extent(axis) == 1);
            case Op.ReduceMax o -> o.axes().stream().allMatch(axis -> x.shape().extent(axis) == 1);
            default -> false;
          };
      assertFalse(isLeft, what + ": " + node.op() + " of " + node.inputs());
    }
  }

  private static boolean isEmpty(Tensor tensor) {
    return tensor.shape().elements() == 0;
  }

  private static boolean isAscending(List<Integer> axes) {
    return axes.equals(axes.stream().sorted().toList());
  }

  private static boolean isOne(Tensor tensor) {
    return switch (tensor.op()) {
      case Op.Broadcast o -> isOne(tensor.inputs().get(0));
      case Op.Reshape o -> isOne(tensor.inputs().get(0));
      case Op.Constant o -> o.data().elements() == 1 && o.data().getDouble(0) == 1;
      default -> false;
    };
  }

  @Test
  void constantsAreOneIfTheirBitsAre() {
    List<List<Tensor>> apart =
        List.of(
            List.of(Tensor.tensor(0.0), Tensor.tensor(-0.0)),
            List.of(Tensor.tensor(1.0), Tensor.tensor(1f), Tensor.tensor(1), Tensor.tensor(1L)),
            List.of(Tensor.tensor(1.0), Tensor.scalar(1, DType.FLOAT64)),
            List.of(Tensor.tensor(1L << 60), Tensor.tensor((1L << 60) + 1)),
            List.of(Tensor.tensor(1.0, 2.0), Tensor.tensor(1.0, 3.0)),
            List.of(Tensor.tensor(1.0, 2.0), Tensor.of(new double[] {1, 2}, 1, 2)),
            // The same bytes in another dtype.
            List.of(
                Tensor.tensor(1, 2),
                Tensor.tensor(Float.intBitsToFloat(1), Float.intBitsToFloat(2))));
    for (List<Tensor> constants : apart) {
      assertEquals(constants.size(), distinct(constants), constants::toString);
    }
    // Comparing more than 2²⁰ bytes would cost more than it saves.
    int most = 1 << 17;
    assertEquals(1, distinct(List.of(doubles(most), doubles(most))));
    assertEquals(2, distinct(List.of(doubles(most + 1), doubles(most + 1))));
    assertEquals(1, distinct(List.of(Tensor.tensor(5L), Tensor.tensor(5L))));
    assertEquals(1, distinct(List.of(Tensor.tensor(5.5), Tensor.tensor(5.5))));
  }

  private static Tensor doubles(int n) {
    return Tensor.of(new double[n], n);
  }

  private static long distinct(List<Tensor> constants) {
    Graph graph =
        new Graph(List.of(), constants.stream().map(c -> c.cast(DType.FLOAT64).abs()).toList());
    return Simplify.run(graph).nodes().stream().filter(n -> n.op() instanceof Op.Constant).count();
  }

  @Test
  void withoutIdentitiesNothingIsRemovedAndNothingMadeTwice() {
    Tensor x = Tensor.input("x", Shape.of(2), DType.FLOAT64);
    Tensor exp = x.exp();
    CustomOp captures =
        new CustomOp() {
          @Override
          public String name() {
            return "captures";
          }

          @Override
          public Tensor expand(List<Tensor> inputs) {
            return inputs.get(0).mul(exp);
          }

          @Override
          public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
            return tangents.get(0).mul(exp);
          }
        };
    Tensor product = Tensor.apply(new Op.Custom(captures), List.of(exp.neg().neg()));
    Graph before = new Graph(List.of(x), List.of(exp, x.mul(x), x.mul(x), product));
    Graph after = Simplify.run(before, false, Map.of(), note -> {});
    Map<Class<?>, Integer> counts = new HashMap<>();
    after.nodes().forEach(node -> counts.merge(node.op().getClass(), 1, Integer::sum));
    assertEquals(
        Map.of(Op.Input.class, 1, Op.Exp.class, 1, Op.Neg.class, 2, Op.Mul.class, 3), counts);
  }

  @Test
  void aTransposedProductWithOtherReadersStays() {
    Tensor x = Tensor.input("x", Shape.of(2, 3, 4), DType.FLOAT64);
    Tensor y = Tensor.input("y", Shape.of(2, 4, 5), DType.FLOAT64);
    Tensor product = x.matmul(y);
    List<Tensor> inputs = List.of(x, y);
    Graph alone = Simplify.run(new Graph(inputs, List.of(product.transpose())));
    assertTrue(alone.outputs().get(0).op() instanceof Op.Matmul);
    Graph twice = Simplify.run(new Graph(inputs, List.of(product.transpose(), product)));
    assertEquals(1, twice.nodes().stream().filter(n -> n.op() instanceof Op.Matmul).count());
    Graph used =
        Simplify.run(
            new Graph(inputs, List.of(product.transpose().add(product.abs().transpose()))));
    assertEquals(1, used.nodes().stream().filter(n -> n.op() instanceof Op.Matmul).count());
    // Not the last two axes.
    Graph other = Simplify.run(new Graph(inputs, List.of(product.permute(1, 0, 2))));
    assertTrue(other.outputs().get(0).op() instanceof Op.Permute);
    assertSame(new Graph(inputs, List.of(product.permute(1, 0, 2))), other, 1);
  }

  @Test
  void whatIsNotLegalIsNamed() {
    Tensor x = Tensor.input("x", Shape.of(2), DType.FLOAT64);
    Tensor none = Tensor.input("none", Shape.of(0), DType.FLOAT64);
    Map<Tensor, String> illegal = new HashMap<>();
    illegal.put(Tensor.apply(new Op.Mark(), List.of(x)), "simplify left a marker: mark");
    illegal.put(
        Tensor.apply(new Op.Custom(OpTable.PRODUCT), List.of(x, x)),
        "simplify left a custom function: mul");
    illegal.put(none.abs(), "simplify left an empty axis: ");
    illegal.put(none.sum().abs(), "simplify left an empty axis: ");
    illegal.put(x.slice(0, 0, 0), "simplify left an empty axis: ");
    illegal.forEach(
        (node, message) ->
            assertTrue(
                assertThrows(
                        IllegalStateException.class,
                        () -> Simplify.verify(new Graph(List.of(x, none), List.of(node))))
                    .getMessage()
                    .startsWith(message),
                message));
    Tensor foreign = Tensor.input("noise", Shape.of(2), DType.FLOAT32);
    assertEquals(
        "compile: input 'noise' float32 [2] is not among the program's inputs; add it to them",
        assertThrows(
                TensorException.class,
                () -> Simplify.run(new Graph(List.of(x), List.of(foreign.abs()))))
            .getMessage());
    Tensor nothing = Tensor.input("nothing", Shape.of(0), DType.FLOAT32);
    assertEquals(
        "compile: input 'nothing' float32 [0] is not among the program's inputs; add it to them",
        assertThrows(
                TensorException.class, () -> Simplify.run(new Graph(List.of(x), List.of(nothing))))
            .getMessage());
    Simplify.verify(
        new Graph(List.of(x, none), List.of(x.abs(), none, Tensor.of(new double[0], 0))));
  }

  /** Its definition stands in where the kernels end, and a note says so where there are kernels. */
  @Test
  void attentionHasKernelsUpToASize() {
    for (int size : new int[] {7, 8, 9}) {
      for (int valueSize : new int[] {7, 8, 9}) {
        for (int largest : new int[] {-1, 0, 8}) {
          Tensor q = Tensor.input("q", Shape.of(2, 3, size), DType.FLOAT64);
          Tensor v = Tensor.input("v", Shape.of(2, 3, valueSize), DType.FLOAT64);
          Map<DType, Integer> sizes =
              largest < 0
                  ? Map.of()
                  : largest == 0 ? Map.of(DType.FLOAT32, 8) : Map.of(DType.FLOAT64, largest);
          Attention attention = Attention.over(q, q, v);
          check(attention.output(), Math.max(size, valueSize), largest, sizes, List.of(q, v));
          check(attention.logSumExp(), size, largest, sizes, List.of(q, v));
        }
      }
    }
  }

  private static void check(
      Tensor output, int wanted, int largest, Map<DType, Integer> sizes, List<Tensor> inputs) {
    List<String> notes = new ArrayList<>();
    Graph before = new Graph(inputs, List.of(output));
    Graph after = Simplify.run(before, true, sizes, notes::add);
    boolean kept = after.nodes().stream().anyMatch(n -> n.op() instanceof Op.Attention);
    assertEquals(wanted <= largest, kept);
    assertEquals(!kept && largest >= 0 ? 1 : 0, notes.size());
    String expected =
        "attention of head size %d in float64 is computed by its definition: the device's kernels take up to %d"
            .formatted(wanted, Math.max(0, largest));
    notes.forEach(note -> assertEquals(expected, note));
  }

  // ---- sums in stages ----

  @Test
  void splitSumsAreTheSameSumsAndNoneIsLong() {
    for (int[] extents :
        new int[][] {
          {16_384}, {16_385}, {18_432}, {20_000}, {64, 16_385}, {65, 16_385}, {2, 3, 16_385},
          {2, 8, 5}, {2, 7, 5}, {1, 16, 5}, {3, 9, 1}, {2, 3, 5, 4}, {2, 4, 4, 1, 3}, {9, 9}
        }) {
      Tensor x = Tensor.input("x", Shape.of(extents), DType.INT64);
      for (int chosen = 1; chosen < 1 << extents.length; chosen++) {
        int bits = chosen;
        List<Integer> axes =
            IntStream.range(0, extents.length).filter(i -> (bits >> i & 1) == 1).boxed().toList();
        Graph before =
            new Graph(List.of(x), List.of(Tensor.apply(new Op.Sum(axes), List.of(x)).neg()));
        check(before, axes);
      }
    }
  }

  private static void check(Graph before, List<Integer> axes) {
    Graph after = SplitSums.run(before);
    Tensor x = before.inputs().get(0);
    String what = "%s over %s".formatted(x.shape(), axes);
    HostData data = HostData.allocate(DType.INT64, x.shape().elements());
    for (long i = 0; i < data.elements(); i++) {
      data.setLong(i, i * i % 1009 - 500);
    }
    List<HostData> expected = ReferenceInterpreter.evaluate(before.outputs(), Map.of(x, data));
    List<HostData> actual = ReferenceInterpreter.evaluate(after.outputs(), Map.of(x, data));
    assertArrayEquals(longs(expected.get(0)), longs(actual.get(0)), what);
    long folded = axes.stream().mapToLong(x.shape()::extent).reduce(1, (a, b) -> a * b);
    long kept = x.shape().elements() / folded;
    int rank = x.shape().rank();
    boolean leading = axes.getLast() == axes.size() - 1;
    boolean trailing = axes.getFirst() == rank - axes.size();
    List<Op.Sum> sums =
        after.nodes().stream()
            .filter(n -> n.op() instanceof Op.Sum)
            .map(n -> (Op.Sum) n.op())
            .toList();
    int outermost = x.shape().extent(0);
    if (leading && kept > 1 && axes.size() > 1) {
      boolean two = outermost > 1 && folded / outermost >= 8;
      assertEquals(
          two
              ? List.of(new Op.Sum(axes.subList(1, axes.size())), new Op.Sum(List.of(0)))
              : List.of(new Op.Sum(axes)),
          sums,
          what);
    } else if (trailing && folded > 16_384 && kept <= 64) {
      // Pieces of 2,048, what is left, and the sum of the pieces' sums.
      assertEquals(folded % 2048 == 0 ? 2 : 3, sums.size(), what);
      List<Long> lengths =
          after.nodes().stream()
              .filter(n -> n.op() instanceof Op.Sum)
              .map(n -> n.inputs().get(0).shape().elements() / n.shape().elements())
              .sorted()
              .toList();
      List<Long> said = new ArrayList<>(List.of(folded / 2048, 2048L));
      if (folded % 2048 != 0) {
        said.add(folded % 2048);
      }
      said.sort(null);
      assertEquals(said, lengths, what);
    } else {
      assertEquals(List.of(new Op.Sum(axes)), sums, what);
      assertEquals(before.outputs(), after.outputs(), what + ": made anew");
    }
  }

  private static long[] longs(HostData data) {
    return IntStream.range(0, (int) data.elements()).mapToLong(data::getLong).toArray();
  }

  /** The pieces' sums are cut into pieces themselves, if there are more than fit one. */
  @Test
  void noSumOfAFewRowsIsLong() {
    for (int pieces : new int[] {16_384, 16_385, 2048 * 9}) {
      for (int rest : new int[] {0, 1, 2047}) {
        for (int rows : new int[] {1, 3}) {
          Tensor x =
              Tensor.scalar(1, DType.FLOAT32).broadcastTo(Shape.of(rows, 2048 * pieces + rest));
          Graph split = SplitSums.run(new Graph(List.of(), List.of(x.sum(1))));
          List<Long> lengths =
              split.nodes().stream()
                  .filter(n -> n.op() instanceof Op.Sum)
                  .map(n -> n.inputs().get(0).shape().elements() / n.shape().elements())
                  .sorted()
                  .toList();
          List<Long> said = new ArrayList<>(List.of(2048L));
          if (rest > 0) {
            said.add((long) rest);
          }
          if (pieces > 16_384) {
            said.addAll(List.of(2048L, (long) pieces / 2048));
            said.addAll(pieces % 2048 > 0 ? List.of((long) pieces % 2048) : List.of());
          } else {
            said.add((long) pieces);
          }
          said.sort(null);
          assertEquals(said, lengths, pieces + " pieces and " + rest);
          assertEquals(Shape.of(rows), split.outputs().get(0).shape());
          // What is whole needs no slice.
          boolean cut = rest > 0 || pieces % 2048 > 0 && pieces > 16_384;
          assertEquals(cut, split.nodes().stream().anyMatch(n -> n.op() instanceof Op.Slice));
        }
      }
    }
  }

  @Test
  void aSumThatIsAnInputIsNotMadeAnew() {
    Tensor sum = Tensor.scalar(1, DType.FLOAT32).broadcastTo(Shape.of(20_000)).sum();
    Graph graph = new Graph(List.of(sum), List.of(sum.neg()));
    assertEquals(graph.outputs(), SplitSums.run(graph).outputs());
  }

  /** No kernel folds more elements than an int counts, but along one axis. */
  @Test
  void whatCannotBeCountedIsFoldedInStages() {
    long most = Integer.MAX_VALUE;
    for (int[] extents :
        new int[][] {
          {3, 1 << 30, 5},
          {2, 1 << 15, 1 << 15, 3},
          {1 << 16, 1 << 16, 2},
          {1, Integer.MAX_VALUE, 2},
          {4, 1 << 16, 1 << 16, 2}
        }) {
      Tensor x = Tensor.scalar(1, DType.FLOAT32).broadcastTo(Shape.of(extents));
      List<Integer> axes = IntStream.range(0, extents.length - 1).boxed().toList();
      for (Op op : List.of(new Op.ReduceMax(axes), new Op.Sum(axes))) {
        Tensor reduced = Tensor.apply(op, List.of(x));
        Tensor staged = SplitSums.run(new Graph(List.of(), List.of(reduced))).outputs().get(0);
        assertEquals(reduced.shape(), staged.shape());
        long all = 1;
        int stages = 0;
        for (Tensor node : new Graph(List.of(), List.of(staged)).nodes()) {
          if (node.op() instanceof Op.Reduction) {
            assertEquals(op.getClass(), node.op().getClass());
            long folds = node.inputs().get(0).shape().elements() / node.shape().elements();
            all *= folds;
            stages++;
            int own =
                node.op() instanceof Op.Sum sum
                    ? sum.axes().size()
                    : ((Op.ReduceMax) node.op()).axes().size();
            assertTrue(folds <= most || own == 1, () -> node.op() + " folds " + folds);
          }
        }
        assertEquals(x.shape().elements() / reduced.shape().elements(), all);
        assertTrue(stages >= 2 || all <= most);
        if (op instanceof Op.ReduceMax && all <= most) {
          assertEquals(1, stages);
        }
      }
    }
  }
}
