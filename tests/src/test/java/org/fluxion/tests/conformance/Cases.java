package org.fluxion.tests.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** A row for every operation: how it is drawn at a dtype, and how exact a backend must be. */
final class Cases {
  /** How near a result must come to the reference. */
  enum Accuracy {
    /** Equal: one rounding at most, of which there is one right outcome. */
    EXACT,
    /** Within a few units in the last place. */
    ELEMENTARY,
    /** Within what sums of so many terms may lose in any order. */
    SUM
  }

  /**
   * An operation with values of its operands.
   *
   * @param op the operation
   * @param operands their values
   * @param accuracy how exact it must be
   * @param terms how many products or numbers a sum has
   */
  record Case(Op op, List<Tensor> operands, Accuracy accuracy, long terms) {
    Case {
      operands = List.copyOf(operands);
    }
  }

  /** Draws a case at a dtype, whether or not the type rules allow it. */
  @FunctionalInterface
  interface Source {
    Case draw(DType dtype, Draw draw);
  }

  /**
   * One way in which an operation is used.
   *
   * @param op the operation
   * @param source its cases
   */
  record Row(Class<? extends Op> op, Source source) {}

  private static final CustomOp PRODUCT =
      new CustomOp() {
        @Override
        public String name() {
          // As the operation that it is made of, whose type rules speak in errors.
          return "mul";
        }

        @Override
        public Tensor expand(List<Tensor> inputs) {
          return inputs.get(0).mul(inputs.get(1));
        }

        @Override
        public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
          throw new UnsupportedOperationException("no derivative is asked for");
        }
      };

  private Cases() {}

  /** Every row. */
  static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    rows.addAll(leaves());
    rows.addAll(elementwise());
    rows.addAll(reductions());
    rows.addAll(movement());
    rows.addAll(windowsAndRows());
    return rows;
  }

  private static Case exact(Op op, Tensor... operands) {
    return new Case(op, List.of(operands), Accuracy.EXACT, 1);
  }

  private static Case sum(Op op, long terms, Tensor... operands) {
    return new Case(op, List.of(operands), Accuracy.SUM, terms);
  }

  private static List<Row> leaves() {
    return List.of(
        new Row(Op.Input.class, (t, d) -> exact(new Op.Input("x", d.loose(0, 3), t))),
        new Row(
            Op.Constant.class,
            (t, d) -> {
              Shape shape = d.loose(0, 3);
              return exact(new Op.Constant(d.any(t, shape).value(), shape));
            }),
        new Row(
            Op.Iota.class,
            (t, d) -> {
              Shape shape = d.loose(1, 3);
              return exact(new Op.Iota(shape, d.axis(shape), t));
            }),
        // Its dtype is fixed: what is drawn here is that of the key, which is refused but for one.
        new Row(
            Op.RandomBits.class,
            (t, d) ->
                exact(
                    new Op.RandomBits(d.loose(0, 3), d.bits() >>> d.between(1, 63)),
                    d.any(t, Shape.of(4)))));
  }

  private static List<Row> elementwise() {
    List<Row> rows = new ArrayList<>();
    for (Op op :
        List.of(
            new Op.Neg(),
            new Op.Sqrt(),
            new Op.Abs(),
            new Op.Sign(),
            new Op.Floor(),
            new Op.Not(),
            new Op.Mark(),
            new Op.StopGradient())) {
      rows.add(new Row(op.getClass(), (t, d) -> exact(op, d.any(t, d.loose(0, 4)))));
    }
    for (Op op :
        List.of(
            new Op.Exp(),
            new Op.Log(),
            new Op.Log1p(),
            new Op.Expm1(),
            new Op.Sin(),
            new Op.Cos(),
            new Op.Tanh(),
            new Op.Erf())) {
      rows.add(
          new Row(
              op.getClass(),
              (t, d) -> new Case(op, List.of(d.any(t, d.loose(0, 4))), Accuracy.ELEMENTARY, 1)));
    }
    for (Op op :
        List.of(
            new Op.Add(),
            new Op.Sub(),
            new Op.Mul(),
            new Op.Div(),
            new Op.Max(),
            new Op.Min(),
            new Op.Equal(),
            new Op.Less(),
            new Op.LessEqual(),
            new Op.And(),
            new Op.Or(),
            new Op.Pow(),
            new Op.Custom(PRODUCT))) {
      Accuracy accuracy = op instanceof Op.Pow ? Accuracy.ELEMENTARY : Accuracy.EXACT;
      rows.add(
          new Row(
              op.getClass(),
              (t, d) -> {
                Shape shape = d.loose(0, 4);
                Tensor right = op instanceof Op.Pow ? d.exponents(t, shape) : d.any(t, shape);
                return new Case(op, List.of(d.any(t, shape), right), accuracy, 1);
              }));
    }
    rows.add(
        new Row(
            Op.Select.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              return exact(
                  new Op.Select(), d.any(DType.BOOL, shape), d.any(t, shape), d.any(t, shape));
            }));
    for (DType to : DType.values()) {
      rows.add(new Row(Op.Cast.class, (t, d) -> exact(new Op.Cast(to), d.any(t, d.loose(0, 4)))));
    }
    return rows;
  }

  private static List<Row> reductions() {
    return List.of(
        new Row(
            Op.Sum.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              List<Integer> axes = d.axes(shape);
              long terms = axes.stream().mapToLong(shape::extent).reduce(1, (a, b) -> a * b);
              return sum(new Op.Sum(axes), terms, d.moderate(t, shape));
            }),
        new Row(
            Op.ReduceMax.class,
            (t, d) -> {
              Shape shape = d.shape(0, 4);
              return exact(new Op.ReduceMax(d.axes(shape)), d.any(t, shape));
            }),
        new Row(
            Op.ArgMax.class,
            (t, d) -> {
              Shape shape = d.shape(1, 4);
              return exact(new Op.ArgMax(d.axis(shape)), d.any(t, shape));
            }),
        new Row(Op.ArgSort.class, (t, d) -> exact(new Op.ArgSort(), d.any(t, d.loose(1, 3)))),
        new Row(
            Op.Matmul.class,
            (t, d) -> {
              int most = d.isLarge() ? 90 : 9;
              int m = d.between(1, most);
              int k = d.between(0, d.isLarge() ? 700 : 9);
              int n = d.between(1, most);
              int[] batch =
                  IntStream.generate(() -> d.between(1, 3)).limit(d.between(0, 2)).toArray();
              int[] left = Arrays.copyOf(batch, batch.length + 2);
              int[] right = left.clone();
              left[batch.length] = m;
              left[batch.length + 1] = k;
              right[batch.length] = k;
              right[batch.length + 1] = n;
              return sum(
                  new Op.Matmul(),
                  k,
                  d.moderate(t, Shape.of(left)),
                  d.moderate(t, Shape.of(right)));
            }));
  }

  private static List<Row> movement() {
    return List.of(
        new Row(
            Op.Reshape.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              return exact(new Op.Reshape(d.regrouped(shape)), d.any(t, shape));
            }),
        new Row(
            Op.Permute.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              return exact(new Op.Permute(d.order(shape)), d.any(t, shape));
            }),
        new Row(
            Op.Broadcast.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              return exact(new Op.Broadcast(shape), d.any(t, d.narrowed(shape)));
            }),
        new Row(
            Op.Pad.class,
            (t, d) -> {
              Shape shape = d.loose(0, d.isLarge() ? 2 : 4);
              Op pad =
                  new Op.Pad(
                      d.amounts(shape, 0, 2), d.amounts(shape, 0, 2), d.amounts(shape, 0, 2));
              return exact(pad, d.any(t, shape));
            }),
        new Row(
            Op.Slice.class,
            (t, d) -> {
              Shape shape = d.shape(0, 4);
              List<Integer> start = new ArrayList<>();
              List<Integer> end = new ArrayList<>();
              for (int axis = 0; axis < shape.rank(); axis++) {
                start.add(d.between(0, Math.min(9, shape.extent(axis) - 1)));
                end.add(d.between(start.get(axis) + 1, shape.extent(axis)));
              }
              return exact(new Op.Slice(start, end, d.amounts(shape, 1, 3)), d.any(t, shape));
            }),
        new Row(
            Op.Concat.class,
            (t, d) -> {
              Shape shape = d.shape(1, 4);
              int axis = d.axis(shape);
              Tensor[] parts = new Tensor[d.between(1, 3)];
              Arrays.setAll(parts, i -> d.any(t, shape.with(axis, d.between(0, 40))));
              return exact(new Op.Concat(axis), parts);
            }),
        new Row(
            Op.Flip.class,
            (t, d) -> {
              Shape shape = d.loose(0, 4);
              return exact(new Op.Flip(d.axes(shape)), d.any(t, shape));
            }));
  }

  private static List<Row> windowsAndRows() {
    return List.of(
        new Row(
            Op.Unfold.class,
            (t, d) ->
                exact(
                    new Op.Unfold(window(d)), d.any(t, Shape.of(images(d), 3, side(d), side(d))))),
        new Row(
            Op.Fold.class,
            (t, d) -> {
              Op.Window w = window(d);
              int height = side(d);
              int width = side(d);
              int area = w.kernelHeight() * w.kernelWidth();
              int positions =
                  w.positions(height, w.kernelHeight()) * w.positions(width, w.kernelWidth());
              Shape columns = Shape.of(images(d), 2 * area, positions);
              return sum(new Op.Fold(w, height, width), area, d.moderate(t, columns));
            }),
        new Row(
            Op.Gather.class,
            (t, d) -> {
              int batch = d.between(1, 3);
              int rows = d.between(1, 5);
              Shape table = Shape.of(batch, rows, d.between(1, 40));
              Tensor indices = d.indices(rows, Shape.of(batch, picks(d)));
              return exact(new Op.Gather(), d.any(t, table), indices);
            }),
        new Row(
            Op.ScatterAdd.class,
            (t, d) -> {
              int batch = d.between(1, 3);
              int rows = d.between(1, 5);
              int picks = picks(d);
              Tensor updates = d.moderate(t, Shape.of(batch, picks, d.between(1, 40)));
              return sum(
                  new Op.ScatterAdd(rows), picks, updates, d.indices(rows, Shape.of(batch, picks)));
            }));
  }

  private static Op.Window window(Draw d) {
    // At least one position fits into the smallest side.
    return new Op.Window(d.between(1, 3), d.between(1, 3), d.between(1, 3), d.between(0, 2));
  }

  private static int images(Draw d) {
    return d.isLarge() ? 20 : d.between(1, 2);
  }

  private static int side(Draw d) {
    return d.isLarge() ? d.between(20, 30) : d.between(3, 7);
  }

  private static int picks(Draw d) {
    return d.isLarge() ? d.between(1_000, 2_000) : d.between(0, 7);
  }
}
