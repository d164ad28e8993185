package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A row for every operation, and for every way in which it is used: how a case of it is drawn, and
 * what is to be known of it.
 */
public final class OpTable {
  /** Draws a case at a dtype, whether or not the type rules allow it. */
  @FunctionalInterface
  interface Source {
    OpCase draw(DType dtype, Draw draw);
  }

  /** A row, of an operation. */
  public static final class Row {
    private final Class<? extends Op> op;
    private final Source source;

    Row(Class<? extends Op> op, Source source) {
      this.op = op;
      this.source = source;
    }

    /**
     * The operation.
     *
     * @return its class
     */
    public Class<? extends Op> op() {
      return op;
    }

    /**
     * What is to be known of the operation.
     *
     * @return its line
     */
    public OpTraits traits() {
      return OpTraits.of(draw(DType.FLOAT32, new Draw(new Random(1), Draw.Kind.MODERATE)).op());
    }

    /**
     * Draws a case.
     *
     * @param dtype the dtype of its operands, or of most of them
     * @param draw where shapes and elements come from
     * @return the case, whether or not the type rules allow it
     */
    public OpCase draw(DType dtype, Draw draw) {
      return source.draw(dtype, draw);
    }

    /**
     * Whether the operation takes a dtype, which does not hang on what is drawn.
     *
     * @param dtype the dtype
     * @return whether the type rules allow its cases
     */
    public boolean takes(DType dtype) {
      return draw(dtype, new Draw(new Random(1), Draw.Kind.ANY)).isAllowed();
    }
  }

  /** The custom function of the table: a product with its own rule. */
  public static final CustomOp PRODUCT =
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
          return tangents.get(0).mul(inputs.get(1)).add(inputs.get(0).mul(tangents.get(1)));
        }
      };

  private OpTable() {}

  /**
   * Every row.
   *
   * @return the rows, of the same operation beside each other
   */
  public static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    rows.addAll(leaves());
    rows.addAll(elementwise());
    rows.addAll(reductions());
    rows.addAll(movement());
    rows.addAll(windowsAndRows());
    rows.addAll(attention());
    return rows;
  }

  /**
   * Every operation there is.
   *
   * @return the classes of the sealed hierarchy
   */
  public static Set<Class<?>> operations() {
    Set<Class<?>> operations = new LinkedHashSet<>();
    collect(Op.class, operations);
    return operations;
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

  private static OpCase of(Op op, Tensor... operands) {
    return new OpCase(op, List.of(operands));
  }

  private static List<Row> leaves() {
    return List.of(
        new Row(Op.Input.class, (t, d) -> of(new Op.Input("x", d.loose(0, 3), t))),
        new Row(
            Op.Constant.class,
            (t, d) -> {
              Shape shape = d.loose(0, 3);
              return of(new Op.Constant(d.any(t, shape).value(), shape));
            }),
        new Row(
            Op.Iota.class,
            (t, d) -> {
              Shape shape = d.loose(1, 3);
              return of(new Op.Iota(shape, d.axis(shape), t));
            }),
        // Its dtype is fixed: what is drawn here is that of the key, which is refused but for one.
        new Row(
            Op.RandomBits.class,
            (t, d) ->
                of(
                    new Op.RandomBits(d.loose(0, 3), d.bits() >>> d.between(1, 63)),
                    d.any(t, Shape.of(4)))));
  }

  private static List<Row> elementwise() {
    List<Row> rows = new ArrayList<>();
    for (Op op :
        List.of(
            new Op.Neg(),
            new Op.Abs(),
            new Op.Sign(),
            new Op.Floor(),
            new Op.Not(),
            new Op.Mark(),
            new Op.StopGradient())) {
      rows.add(new Row(op.getClass(), (t, d) -> of(op, d.any(t, d.loose(0, 5)))));
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
            new Op.Sigmoid(),
            new Op.Erf(),
            new Op.Sqrt())) {
      // Of moderate operands all are inside.
      double least = Math.max(-2, OpTraits.of(op).domain().least());
      rows.add(new Row(op.getClass(), (t, d) -> of(op, d.above(least, t, d.loose(0, 5)))));
    }
    for (Op op :
        List.of(
            new Op.Add(),
            new Op.Sub(),
            new Op.Mul(),
            new Op.Max(),
            new Op.Min(),
            new Op.Equal(),
            new Op.Less(),
            new Op.LessEqual(),
            new Op.And(),
            new Op.Or(),
            new Op.Custom(PRODUCT))) {
      rows.add(
          new Row(
              op.getClass(),
              (t, d) -> {
                Shape shape = d.loose(0, 5);
                return of(op, d.any(t, shape), d.any(t, shape));
              }));
    }
    rows.add(
        new Row(
            Op.Div.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Div(), d.any(t, shape), d.above(0, t, shape));
            }));
    rows.add(
        new Row(
            Op.Pow.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Pow(), d.above(0, t, shape), d.exponents(t, shape));
            }));
    rows.add(
        new Row(
            Op.Select.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(
                  new Op.Select(), d.any(DType.BOOL, shape), d.any(t, shape), d.any(t, shape));
            }));
    for (DType to : DType.values()) {
      rows.add(new Row(Op.Cast.class, (t, d) -> of(new Op.Cast(to), d.any(t, d.loose(0, 5)))));
    }
    return rows;
  }

  private static List<Row> reductions() {
    return List.of(
        new Row(
            Op.Sum.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              List<Integer> axes = d.axes(shape);
              return of(new Op.Sum(axes), d.moderate(t, shape));
            }),
        new Row(
            Op.ReduceMax.class,
            (t, d) -> {
              Shape shape = d.shape(0, 5);
              List<Integer> axes = d.axes(shape);
              return of(new Op.ReduceMax(axes), d.any(t, d.emptied(shape, axes)));
            }),
        new Row(
            Op.ArgMax.class,
            (t, d) -> {
              Shape shape = d.shape(1, 5);
              int axis = d.axis(shape);
              return of(new Op.ArgMax(axis), d.any(t, d.emptied(shape, List.of(axis))));
            }),
        new Row(Op.ArgSort.class, (t, d) -> of(new Op.ArgSort(), d.any(t, d.loose(1, 3)))),
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
              return of(
                  new Op.Matmul(), d.moderate(t, Shape.of(left)), d.moderate(t, Shape.of(right)));
            }));
  }

  private static List<Row> movement() {
    return List.of(
        new Row(
            Op.Reshape.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Reshape(d.regrouped(shape)), d.any(t, shape));
            }),
        new Row(
            Op.Permute.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Permute(d.order(shape)), d.any(t, shape));
            }),
        new Row(
            Op.Broadcast.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Broadcast(shape), d.any(t, d.narrowed(shape)));
            }),
        new Row(
            Op.Pad.class,
            (t, d) -> {
              Shape shape = d.loose(0, d.isLarge() ? 2 : 5);
              Op pad =
                  new Op.Pad(
                      d.amounts(shape, 0, 2), d.amounts(shape, 0, 2), d.amounts(shape, 0, 2));
              return of(pad, d.any(t, shape));
            }),
        new Row(
            Op.Slice.class,
            (t, d) -> {
              Shape shape = d.shape(0, 5);
              List<Integer> start = new ArrayList<>();
              List<Integer> end = new ArrayList<>();
              for (int axis = 0; axis < shape.rank(); axis++) {
                start.add(d.between(0, Math.min(9, shape.extent(axis) - 1)));
                end.add(d.between(start.get(axis) + 1, shape.extent(axis)));
              }
              return of(new Op.Slice(start, end, d.amounts(shape, 1, 3)), d.any(t, shape));
            }),
        new Row(
            Op.Concat.class,
            (t, d) -> {
              Shape shape = d.shape(1, 5);
              int axis = d.axis(shape);
              Tensor[] parts = new Tensor[d.between(1, 3)];
              Arrays.setAll(parts, i -> d.any(t, shape.with(axis, d.between(0, 40))));
              return of(new Op.Concat(axis), parts);
            }),
        new Row(
            Op.Flip.class,
            (t, d) -> {
              Shape shape = d.loose(0, 5);
              return of(new Op.Flip(d.axes(shape)), d.any(t, shape));
            }));
  }

  private static List<Row> windowsAndRows() {
    return List.of(
        new Row(
            Op.Unfold.class,
            (t, d) ->
                of(new Op.Unfold(window(d)), d.any(t, Shape.of(images(d), 3, side(d), side(d))))),
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
              return of(new Op.Fold(w, height, width), d.moderate(t, columns));
            }),
        new Row(
            Op.Gather.class,
            (t, d) -> {
              int batch = d.between(1, 3);
              int rows = d.between(1, 5);
              Shape table = Shape.of(batch, rows, d.between(1, 40));
              Tensor indices = d.indices(rows, Shape.of(batch, picks(d)));
              return of(new Op.Gather(), d.any(t, table), indices);
            }),
        new Row(
            Op.ScatterAdd.class,
            (t, d) -> {
              int batch = d.between(1, 3);
              int rows = d.between(1, 5);
              int picks = picks(d);
              Tensor updates = d.moderate(t, Shape.of(batch, picks, d.between(1, 40)));
              return of(new Op.ScatterAdd(rows), updates, d.indices(rows, Shape.of(batch, picks)));
            }));
  }

  private static List<Row> attention() {
    List<Row> rows = new ArrayList<>();
    for (boolean causal : new boolean[] {false, true}) {
      for (Op.Attention op :
          List.of(
              new Op.AttentionOutput(0.5, causal),
              new Op.AttentionLogSumExp(0.5, causal),
              new Op.AttentionTangent(0.5, causal),
              new Op.AttentionQueryCotangent(0.5, causal),
              new Op.AttentionKeyCotangent(0.5, causal),
              new Op.AttentionValueCotangent(0.5, causal))) {
        rows.add(new Row(op.getClass(), (t, d) -> attention(op, t, d)));
      }
    }
    return rows;
  }

  /** Cross-attention of ragged lengths, with a mask of either sort or without one. */
  private static OpCase attention(Op.Attention op, DType t, Draw d) {
    int batch = d.between(1, 2);
    int most = d.isLarge() ? 150 : 9;
    Shape queries = Shape.of(batch, d.between(1, most), d.between(1, most));
    Shape keys = queries.with(1, d.between(1, most));
    Shape values = keys.with(2, d.between(1, most));
    Shape output = values.with(1, queries.extent(1));
    List<Tensor> operands = new ArrayList<>(List.of(d.moderate(t, queries), d.moderate(t, keys)));
    if (!(op instanceof Op.AttentionLogSumExp)) {
      operands.add(d.moderate(t, values));
    }
    if (op instanceof Op.AttentionTangent) {
      operands.addAll(List.of(d.moderate(t, queries), d.moderate(t, keys), d.moderate(t, values)));
    } else if (op.operands() > operands.size()) {
      operands.add(d.moderate(t, output));
      operands.add(d.moderate(t, queries.with(2, 1)));
      operands.add(d.moderate(t, output));
    }
    Shape scores = queries.with(2, keys.extent(1));
    switch (d.between(0, 2)) {
      case 0 -> operands.add(d.any(DType.BOOL, scores));
      case 1 -> operands.add(d.hiding(t, scores));
      default -> {}
    }
    return new OpCase(op, operands);
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
