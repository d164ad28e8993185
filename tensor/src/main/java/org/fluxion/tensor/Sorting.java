package org.fluxion.tensor;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Sorting as a permutation: the indices have no derivative, the values are gathered by them and so
 * are linear in the operand, in both modes and to any order.
 */
final class Sorting {
  private Sorting() {}

  /** An axis brought to the end; the same call on the result brings it back. */
  private static Tensor swapLast(Tensor x, int axis) {
    int[] order = IntStream.range(0, x.shape().rank()).toArray();
    order[x.shape().axis(axis)] = order.length - 1;
    order[order.length - 1] = x.shape().axis(axis);
    return x.permute(order);
  }

  static Tensor argSort(Tensor x, int axis) {
    x.shape().axis("argSort", axis);
    return swapLast(Tensor.apply(new Op.ArgSort(), List.of(swapLast(x, axis))), axis);
  }

  /**
   * The ascending order of the flipped axis, read backwards: unlike the order of −x it is right for
   * the smallest integer, keeps ties in their order and puts NaN first.
   */
  static Tensor argSortDescending(Tensor x, int axis) {
    x.shape().axis("argSortDescending", axis);
    Tensor backwards = argSort(x.flip(axis), axis).flip(axis);
    return Tensor.scalar(x.shape().extent(axis) - 1, DType.INT32).sub(backwards);
  }

  static Tensor takeAlong(Tensor x, Tensor indices, int axis) {
    int along = x.shape().axis("takeAlong", axis);
    if (!indices.dtype().isInteger()) {
      throw new TensorException(
          "takeAlong: expected integer indices, got %s %s; cast them to int32"
              .formatted(indices.dtype(), indices.shape()));
    }
    if (indices.shape().rank() != x.shape().rank()
        || !indices.shape().with(along, x.shape().extent(along)).equals(x.shape())) {
      throw new TensorException(
          "takeAlong: indices %s do not fit %s along axis %d; all other extents must be equal"
              .formatted(indices.shape(), x.shape(), axis));
    }
    KnownIndices.requireInside(
        "takeAlong",
        "index",
        indices,
        x.shape().extent(along),
        "axis %d of %s".formatted(along, x.shape()));
    Tensor source = swapLast(x, along);
    Tensor picks = swapLast(indices, along);
    int n = x.shape().extent(along);
    int k = indices.shape().extent(along);
    int batch = rows(x.shape(), along);
    Tensor picked =
        Tensor.apply(
            new Op.Gather(),
            List.of(source.reshape(Shape.of(batch, n, 1)), picks.reshape(Shape.of(batch, k))));
    return swapLast(picked.reshape(picks.shape()), along);
  }

  private static int rows(Shape shape, int axis) {
    return Shape.checkedExtent("takeAlong", shape.with(axis, 1).elements());
  }

  static TopK topK(Tensor x, int k, int axis) {
    x.shape().axis("topK", axis);
    if (k < 0 || k > x.shape().extent(axis)) {
      throw new TensorException(
          "topK: cannot take %d of axis %d of %s; give k from 0 to %d"
              .formatted(k, axis, x.shape(), x.shape().extent(axis)));
    }
    Tensor indices = argSortDescending(x, axis).slice(axis, 0, k);
    return new TopK(takeAlong(x, indices, axis), indices);
  }
}
