package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Graphs about what shares a kernel: what could, what just cannot, and too much of it. */
final class KernelGraphs extends FusionGraphs {
  private KernelGraphs(long seed) {
    super(seed);
  }

  /** Attention, its derivatives and what lies about them. */
  static Graph attentive(long seed) {
    KernelGraphs drawn = new KernelGraphs(seed);
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
        Tensor logSumExp = apply(new Op.AttentionLogSumExp(0.5, false), known.get(0), known.get(1));
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
    KernelGraphs drawn = new KernelGraphs(seed);
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

  /** Values over rows, of rows, of columns, and products between, many of them stored. */
  static Graph woven(long seed) {
    KernelGraphs drawn = new KernelGraphs(seed);
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
    KernelGraphs drawn = new KernelGraphs(seed);
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
    KernelGraphs drawn = new KernelGraphs(0);
    Tensor x = drawn.input(3);
    for (int i = 0; i < values; i++) {
      drawn.outputs.add(apply(new Op.Add(), x, drawn.input(3)));
    }
    return drawn.graph();
  }

  /** Values that share small operands only, or other parts of one. */
  static Graph sharing(long seed) {
    KernelGraphs drawn = new KernelGraphs(seed);
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
    KernelGraphs drawn = new KernelGraphs(seed);
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
    KernelGraphs drawn = new KernelGraphs(seed);
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
