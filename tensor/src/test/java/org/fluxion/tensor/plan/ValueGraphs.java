package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Graphs about what is stored, which lie just at, below and above what the planner's rules speak
 * of.
 */
final class ValueGraphs extends FusionGraphs {
  private ValueGraphs(long seed) {
    super(seed);
  }

  /** A value with so many readers and so much behind it. */
  static Graph read(long seed) {
    ValueGraphs drawn = new ValueGraphs(seed);
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
                  input(1000).slice(0, 7, 22).slice(0, 0, 15).pad(0, 0, 1)));
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
    ValueGraphs drawn = new ValueGraphs(seed);
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
    ValueGraphs drawn = new ValueGraphs(seed);
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

  /**
   * Sums and selections of many tensors, parts of which others read too, at times through views.
   */
  static Graph wide(long seed) {
    ValueGraphs drawn = new ValueGraphs(seed);
    List<Tensor> pool = new ArrayList<>();
    for (int i = 4 + drawn.random.nextInt(7); i > 0; i--) {
      pool.add(drawn.input(3, 3));
    }
    List<Tensor> unread = new ArrayList<>(pool);
    for (int i = 6 + drawn.random.nextInt(12); i > 0; i--) {
      Tensor x = drawn.operandOf(unread, pool);
      Tensor y = drawn.operandOf(unread, pool);
      Tensor next =
          switch (drawn.random.nextInt(9)) {
            case 0, 1, 2 -> apply(new Op.Add(), x, y);
            case 3, 4 -> {
              Tensor z = drawn.operandOf(unread, pool);
              yield apply(new Op.Select(), apply(new Op.Less(), x, pool.getFirst()), y, z);
            }
            case 5 -> apply(drawn.oneOf(PLAIN), x);
            case 6 -> apply(new Op.Permute(List.of(1, 0)), x);
            case 7 -> apply(new Op.Add(), apply(new Op.Flip(List.of(0)), x), y);
            default -> apply(new Op.Mul(), apply(new Op.Flip(List.of(1)), x), x);
          };
      pool.add(next);
      unread.add(next);
    }
    Tensor last = pool.getLast();
    drawn.outputs.add(drawn.oneIn(3) ? apply(new Op.Sum(List.of(1)), last) : last);
    while (drawn.oneIn(2)) {
      drawn.outputs.add(drawn.oneOf(pool));
    }
    return drawn.graph();
  }

  /** Mostly one that nothing reads so far, so that much lies behind the last. */
  private Tensor operandOf(List<Tensor> unread, List<Tensor> pool) {
    return unread.isEmpty() || oneIn(4)
        ? oneOf(pool)
        : unread.remove(random.nextInt(unread.size()));
  }

  /** Reductions over any axes of any shape, some of one element. */
  static Graph reduced(long seed) {
    ValueGraphs drawn = new ValueGraphs(seed);
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
    ValueGraphs drawn = new ValueGraphs(seed);
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
}
