package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The table of second derivatives: every operation, in every floating point operand. An operation
 * without a row fails, and so does one whose second derivative is zero: a linear operation's row
 * feeds it something nonlinear. The four compositions of both modes are held against each other,
 * and against differences of the first derivative, by the reference; and as programs in both dtypes
 * against that.
 */
class OpTableTest {
  private static final long[] SEEDS = {1, 20, 300};

  /** Operations that need no row, and why. */
  private static final Map<Class<?>, String> NO_ROW =
      Map.of(Op.Input.class, "a program's variable: no operand, and no value outside a program");

  /**
   * One operation in one operand.
   *
   * @param op the operation
   * @param operand which operand depends on x; −1 for a leaf
   * @param f a function of x [2, 3] in which the operation occurs
   * @param reference what differences are taken of, given where x was first; f if null
   */
  record Row(
      Class<? extends Op> op,
      int operand,
      UnaryOperator<Tensor> f,
      java.util.function.BinaryOperator<Tensor> reference) {
    Row(Class<? extends Op> op, int operand, UnaryOperator<Tensor> f) {
      this(op, operand, f, null);
    }

    @Override
    public String toString() {
      return op.getSimpleName() + (operand < 0 ? "" : " in operand " + operand);
    }
  }

  private static final CustomOp PRODUCT =
      new CustomOp() {
        @Override
        public String name() {
          return "product";
        }

        @Override
        public Tensor expand(List<Tensor> inputs) {
          return inputs.get(0).mul(inputs.get(1));
        }

        @Override
        public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
          return tangents.get(0).mul(inputs.get(1)).add(inputs.get(0).mul(tangents.get(1)));
        }
      };

  private static final Op.Window WINDOW = new Op.Window(2, 2, 1, 1);

  private static Tensor of(Op op, Tensor... operands) {
    return Tensor.apply(op, List.of(operands));
  }

  private static Row unary(Op op) {
    return new Row(op.getClass(), 0, x -> of(op, x.square().add(0.25)));
  }

  private static Stream<Row> binary(Op op) {
    // Between 0.5 and 3, and never a tie at the points of the table.
    UnaryOperator<Tensor> constant = x -> values(x, 91).mul(0.5).add(1.25);
    UnaryOperator<Tensor> argument = x -> x.square().add(0.5);
    return Stream.of(
        new Row(op.getClass(), 0, x -> of(op, argument.apply(x), constant.apply(x))),
        new Row(op.getClass(), 1, x -> of(op, constant.apply(x), argument.apply(x))));
  }

  /** The result has no derivative: it decides, or scales, what has one. */
  private static Stream<Row> decision(Op op) {
    return Stream.of(0, 1)
        .map(
            k ->
                new Row(
                    op.getClass(),
                    k,
                    x -> {
                      Tensor c = values(x, 92);
                      Tensor holds = k == 0 ? of(op, x, c) : of(op, c, x);
                      return Tensor.where(holds, x.square(), x.sin());
                    }));
  }

  private static List<Integer> all(int n) {
    return List.of(n, n);
  }

  private static Tensor index(int... indices) {
    return Tensor.of(indices, 1, indices.length);
  }

  private static Tensor image(Tensor x) {
    return x.square().reshape(1, 1, 2, 3);
  }

  private static List<Row> table() {
    List<Row> rows = new ArrayList<>();
    for (Op op :
        List.of(
            new Op.Neg(),
            new Op.Exp(),
            new Op.Log(),
            new Op.Log1p(),
            new Op.Expm1(),
            new Op.Sin(),
            new Op.Cos(),
            new Op.Tanh(),
            new Op.Sigmoid(),
            new Op.Erf(),
            new Op.Sqrt(),
            new Op.Sum(List.of(1)),
            new Op.ReduceMax(List.of(0)),
            new Op.Permute(List.of(1, 0)),
            new Op.Reshape(Shape.of(6)),
            new Op.Pad(all(1), all(2), all(1)),
            new Op.Slice(List.of(0, 0), List.of(2, 3), List.of(1, 2)),
            new Op.Flip(List.of(0, 1)),
            new Op.Mark())) {
      rows.add(unary(op));
    }
    for (Op op :
        List.of(
            new Op.Add(),
            new Op.Sub(),
            new Op.Mul(),
            new Op.Div(),
            new Op.Pow(),
            new Op.Max(),
            new Op.Min())) {
      rows.addAll(binary(op).toList());
    }
    for (Op op : List.of(new Op.Equal(), new Op.Less(), new Op.LessEqual())) {
      rows.addAll(decision(op).toList());
    }
    rows.addAll(
        List.of(
            new Row(Op.Constant.class, -1, x -> x.square().mul(values(x, 93))),
            new Row(
                Op.Iota.class,
                -1,
                x -> x.square().mul(of(new Op.Iota(x.shape(), 1, x.dtype())).add(1))),
            new Row(
                Op.RandomBits.class,
                -1,
                x ->
                    x.square()
                        .mul(
                            of(new Op.RandomBits(x.shape(), 0), Tensor.tensor(1, 2, 3, 4))
                                .and(Tensor.scalar(7, DType.INT32))
                                .cast(x.dtype())
                                .add(1))),
            new Row(Op.Abs.class, 0, x -> x.abs().mul(x)),
            new Row(Op.Sign.class, 0, x -> x.sign().mul(x.square())),
            new Row(Op.Floor.class, 0, x -> x.mul(2).floor().add(0.5).mul(x.square())),
            new Row(
                Op.Not.class,
                0,
                x -> Tensor.where(x.less(x.zerosLike()).not(), x.square(), x.sin())),
            new Row(
                Op.And.class,
                0,
                x ->
                    Tensor.where(
                        x.less(x.onesLike()).and(x.neg().less(x.onesLike())), x.square(), x.sin())),
            new Row(
                Op.Or.class,
                0,
                x ->
                    Tensor.where(
                        x.less(x.zerosLike()).or(x.onesLike().less(x)), x.square(), x.sin())),
            new Row(
                Op.Select.class,
                1,
                x -> Tensor.where(values(x, 94).less(x.zerosLike()), x.square(), values(x, 95))),
            new Row(
                Op.Select.class,
                2,
                x -> Tensor.where(values(x, 94).less(x.zerosLike()), values(x, 95), x.square())),
            new Row(
                Op.Cast.class,
                0,
                x -> of(new Op.Cast(x.dtype()), of(new Op.Cast(DType.FLOAT64), x.square()))),
            new Row(Op.ArgMax.class, 0, x -> x.argMax(1).oneHot(3, x.dtype()).mul(x.square())),
            new Row(
                Op.ArgSort.class,
                0,
                x -> of(new Op.ArgSort(), x).cast(x.dtype()).add(1).mul(x.square())),
            new Row(
                Op.Broadcast.class,
                0,
                x -> x.square().reshape(2, 1, 3).broadcastTo(Shape.of(2, 4, 3))),
            new Row(Op.Concat.class, 0, x -> Tensor.concat(1, x.square(), values(x, 96))),
            new Row(Op.Concat.class, 1, x -> Tensor.concat(1, values(x, 96), x.square())),
            new Row(Op.Matmul.class, 0, x -> x.square().matmul(values(x, 97).transpose())),
            new Row(Op.Matmul.class, 1, x -> values(x, 97).transpose().matmul(x.square())),
            new Row(Op.Unfold.class, 0, x -> of(new Op.Unfold(WINDOW), image(x))),
            new Row(
                Op.Fold.class,
                0,
                x -> of(new Op.Fold(WINDOW, 2, 3), of(new Op.Unfold(WINDOW), image(x)).square())),
            new Row(
                Op.Gather.class,
                0,
                x -> of(new Op.Gather(), x.square().reshape(1, 2, 3), index(1, 1, 0, 5, -1))),
            new Row(
                Op.ScatterAdd.class,
                0,
                x ->
                    of(new Op.ScatterAdd(4), x.square().reshape(1, 2, 3), index(3, 3))
                        .add(of(new Op.ScatterAdd(4), x.sin().reshape(1, 2, 3), index(4, 0)))),
            // What differences see of a value that is held still: it stays where x was first.
            new Row(
                Op.StopGradient.class,
                0,
                x -> Autodiff.stopGradient(x.sin()).mul(x.square()),
                (x, first) -> first.sin().mul(x.square())),
            new Row(Op.Custom.class, 0, x -> of(new Op.Custom(PRODUCT), x.square(), values(x, 98))),
            new Row(
                Op.Custom.class, 1, x -> of(new Op.Custom(PRODUCT), values(x, 98), x.square()))));
    for (boolean causal : new boolean[] {false, true}) {
      for (Op.Attention op :
          List.of(
              new Op.AttentionOutput(0.5, causal),
              new Op.AttentionLogSumExp(0.5, causal),
              new Op.AttentionTangent(0.5, causal),
              new Op.AttentionQueryCotangent(0.5, causal),
              new Op.AttentionKeyCotangent(0.5, causal),
              new Op.AttentionValueCotangent(0.5, causal))) {
        // The causal ones have a mask besides, of numbers: one more operand.
        for (int operand = 0; operand < op.operands() + (causal ? 1 : 0); operand++) {
          rows.add(attention(op, operand, causal));
        }
      }
    }
    return rows;
  }

  /** Two queries, keys and values of three elements each, of which x is one. */
  private static Row attention(Op.Attention op, int operand, boolean masked) {
    return new Row(
        op.getClass(),
        operand,
        x -> {
          List<Tensor> operands = new ArrayList<>();
          for (int i = 0; i < op.operands(); i++) {
            Tensor each = i == operand ? x.square() : values(x, 200 + i);
            boolean perQuery = op.operands() == 6 && i == 4 && !(op instanceof Op.AttentionTangent);
            operands.add(perQuery ? each.sumKeep(1) : each);
          }
          if (masked) {
            Tensor mask = operand == op.operands() ? x.square() : values(x, 300);
            operands.add(mask.slice(1, 0, 2));
          }
          // A second factor, for what the result does not depend on or is linear in.
          Tensor result = Tensor.apply(op, operands);
          return result.mul(x.square().sumKeep(1));
        });
  }

  /** Odd multiples of 1/128 up to 1.5: exact in every dtype, no integers, no zero. */
  private static Tensor values(Tensor like, long seed) {
    Random random = new Random(seed);
    double[] values = new double[(int) like.shape().elements()];
    Arrays.setAll(values, i -> (2 * random.nextInt(-96, 96) + 1) / 128.0);
    return Tensor.of(values, like.shape().extents()).cast(like.dtype()).detach();
  }

  /**
   * Where second derivatives are taken.
   *
   * @param x the point
   * @param v the direction of the first derivative
   * @param w the direction of the second
   */
  private record Point(Tensor x, Tensor v, Tensor w) implements Tree<Point> {
    static Point of(long seed, DType dtype) {
      return new Point(point(seed, dtype), point(seed + 1, dtype), point(seed + 2, dtype));
    }

    @Override
    public List<Tensor> leaves() {
      return List.of(x, v, w);
    }

    @Override
    public Point withLeaves(List<Tensor> leaves) {
      return new Point(leaves.get(0), leaves.get(1), leaves.get(2));
    }
  }

  private static Tensor point(long seed, DType dtype) {
    return values(Tensor.full(0, Shape.of(2, 3), dtype), seed);
  }

  private static void collect(Class<?> type, Set<Class<?>> operations) {
    if (type.isSealed()) {
      for (Class<?> permitted : type.getPermittedSubclasses()) {
        collect(permitted, operations);
      }
    } else {
      operations.add(type);
    }
  }

  /** Nodes of a class in a row's graph whose operand depends on x. */
  private static List<Tensor> occurrences(Row row) {
    Tensor x = Tensor.input("x", Shape.of(2, 3), DType.FLOAT64);
    Set<Tensor> dependent = new HashSet<>(List.of(x));
    List<Tensor> found = new ArrayList<>();
    for (Tensor node : new Graph(List.of(x), List.of(row.f().apply(x))).nodes()) {
      if (node.inputs().stream().anyMatch(dependent::contains)) {
        dependent.add(node);
      }
      if (node.op().getClass() == row.op()
          && (row.operand() < 0 || dependent.contains(node.inputs().get(row.operand())))) {
        found.add(node);
      }
    }
    return found;
  }

  @Test
  void everyOperationHasARowPerFloatingOperand() {
    Set<Class<?>> operations = new HashSet<>();
    collect(Op.class, operations);
    assertTrue(operations.size() > 40, "the sealed hierarchy was not walked");
    Set<String> missing = new TreeSet<>();
    Set<String> wanted = new TreeSet<>();
    Set<String> present = new TreeSet<>();
    Set<Class<?>> covered = new HashSet<>(NO_ROW.keySet());
    for (Row row : table()) {
      List<Tensor> nodes = occurrences(row);
      assertTrue(!nodes.isEmpty(), () -> row + ": the operation does not occur in the row's graph");
      covered.add(row.op());
      present.add(row.op().getSimpleName() + row.operand());
      for (Tensor node : nodes) {
        for (int k = 0; k < node.inputs().size(); k++) {
          if (node.inputs().get(k).dtype().isFloating()) {
            wanted.add(row.op().getSimpleName() + k);
          }
        }
      }
    }
    operations.stream()
        .filter(op -> !covered.contains(op))
        .forEach(op -> missing.add(op.getSimpleName()));
    wanted.stream().filter(row -> !present.contains(row)).forEach(missing::add);
    assertEquals(Set.of(), missing, "operations or operands without a row");
  }

  /** The second derivative of a weighted sum of f in the directions v and w, four ways. */
  private record Second(
      Tensor forwardForward, Tensor forwardReverse, Tensor reverseForward, Tensor reverseReverse)
      implements Tree<Second> {
    static Second of(UnaryOperator<Tensor> f, Point p) {
      UnaryOperator<Tensor> s = scalar(f);
      Tensor ff = jvp((Tensor a) -> jvp(s, a, p.v()).tangent(), p.x(), p.w()).tangent();
      Tensor fr = jvp(grad(s), p.x(), p.w()).tangent();
      Tensor rf = grad((Tensor a) -> jvp(s, a, p.w()).tangent(), p.x());
      Tensor rr = grad((Tensor a) -> grad(s).apply(a).mul(p.w()).sum(), p.x());
      return new Second(ff, fr, rf, rr);
    }

    @Override
    public List<Tensor> leaves() {
      return List.of(forwardForward, forwardReverse, reverseForward, reverseReverse);
    }

    @Override
    public Second withLeaves(List<Tensor> leaves) {
      return new Second(leaves.get(0), leaves.get(1), leaves.get(2), leaves.get(3));
    }

    int nodes() {
      return new Graph(List.of(), leaves()).nodes().size();
    }

    static UnaryOperator<Tensor> scalar(UnaryOperator<Tensor> f) {
      return a -> {
        Tensor y = f.apply(a);
        return y.mul(values(y, 99)).sum();
      };
    }
  }

  private static void close(
      Row row, String what, double[] expected, double[] actual, double tolerance) {
    for (int i = 0; i < expected.length; i++) {
      double scale = 1 + Math.abs(expected[i]);
      assertEquals(expected[i], actual[i], tolerance * scale, row + ": " + what + ", element " + i);
    }
  }

  private static void check(Row row, long seed) {
    Point p = Point.of(seed, DType.FLOAT64);
    Tensor x = p.x();
    Tensor w = p.w();
    Second second = Second.of(row.f(), p);
    double[] hessian = second.forwardReverse().toDoubleArray();
    assertNotEquals(0, Arrays.stream(hessian).map(Math::abs).max().orElse(0), row + ": zero");
    // Every node may round once.
    double tolerance = second.nodes() * Math.ulp(1.0);
    close(row, "reverse over forward", hessian, second.reverseForward().toDoubleArray(), tolerance);
    close(row, "reverse over reverse", hessian, second.reverseReverse().toDoubleArray(), tolerance);
    double product = p.v().mul(second.forwardReverse()).sum().item();
    double[] forward = second.forwardForward().toDoubleArray();
    close(row, "forward over forward", new double[] {product}, forward, tolerance);
    double h = 1e-4;
    UnaryOperator<Tensor> f = row.reference() == null ? row.f() : a -> row.reference().apply(a, x);
    UnaryOperator<Tensor> gradient = grad(Second.scalar(f));
    double[] slope =
        gradient
            .apply(x.add(w.mul(h)))
            .sub(gradient.apply(x.sub(w.mul(h))))
            .div(2 * h)
            .toDoubleArray();
    // Truncation h² times a fourth derivative of at most some hundreds; rounding ε/h is far below.
    close(row, "differences", slope, hessian, 1e-5);
  }

  @TestFactory
  Stream<DynamicTest> secondDerivatives() {
    return table().stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.toString(),
                    () -> {
                      for (long seed : SEEDS) {
                        check(row, seed);
                      }
                    }));
  }

  /** All four compositions in one program, in the dtype's own precision, by its kernels. */
  @TestFactory
  Stream<DynamicTest> secondDerivativesOfPrograms() {
    return table().stream()
        .flatMap(
            row ->
                Stream.of(DType.FLOAT64, DType.FLOAT32)
                    .map(
                        dtype ->
                            DynamicTest.dynamicTest(
                                row + ", " + dtype, () -> checkProgram(row, dtype))));
  }

  private static void checkProgram(Row row, DType dtype) {
    Point example = Point.of(SEEDS[0], dtype);
    Program<Point, Point, Second> program =
        Program.compile(
            (Point state, Point p) -> new Step<>(state, Second.of(row.f(), p)),
            example,
            example,
            Device.cpu(1));
    int nodes = Second.of(row.f(), example).nodes();
    double tolerance = nodes * (dtype == DType.FLOAT32 ? Math.ulp(1f) : Math.ulp(1.0));
    try (Run<Point, Point, Second> run = program.start(example)) {
      for (long seed : SEEDS) {
        Second actual = run.step(Point.of(seed, dtype));
        // The points are exact in both dtypes: in float64 the reference is as good as exact.
        Second exact = Second.of(row.f(), Point.of(seed, DType.FLOAT64));
        for (int i = 0; i < exact.leaves().size(); i++) {
          double[] expected = exact.leaves().get(i).toDoubleArray();
          close(row, "way " + i, expected, actual.leaves().get(i).toDoubleArray(), tolerance);
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> firstDerivatives() {
    return table().stream()
        .filter(row -> row.reference() == null)
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.toString(),
                    () -> {
                      for (long seed : SEEDS) {
                        // Small enough that the checker's steps meet no kink.
                        DerivativeChecker.check(row.f(), point(seed, DType.FLOAT64), seed)
                            .orThrow();
                      }
                    }));
  }
}
