package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;

/** The matrix product of any ranks, brought to the batched primitive. */
final class Products {
  private Products() {}

  /** [..., m, k] × [..., k, n], where a right operand of rank 2 serves every batch. */
  static Tensor matmul(Tensor a, Tensor b) {
    if (a.shape().rank() < 2 || b.shape().rank() < 2) {
      throw new TensorException(
          "matmul: expected matrices, got %s × %s; reshape vectors to [n, 1] or [1, n]"
              .formatted(a.shape(), b.shape()));
    }
    int inner = a.shape().extent(-1);
    if (inner != b.shape().extent(-2)) {
      throw new TensorException(
          "matmul: inner dimensions differ: %s × %s (%d ≠ %d)"
              .formatted(a.shape(), b.shape(), inner, b.shape().extent(-2)));
    }
    if (a.shape().rank() > 2 && b.shape().rank() == 2) {
      // One tall product instead of many small ones.
      int rows = Shape.checkedExtent("matmul", a.shape().elements() / Math.max(1, inner));
      if (inner > 0) {
        return product(a.reshape(Shape.of(rows, inner)), b)
            .reshape(a.shape().with(-1, b.shape().extent(-1)));
      }
    }
    Shape batch = Shape.broadcast("matmul batch", leading(a.shape()), leading(b.shape()));
    return product(batched(a, batch), batched(b, batch));
  }

  private static Tensor product(Tensor a, Tensor b) {
    return Tensor.apply(new Op.Matmul(), List.of(a, b));
  }

  private static Shape leading(Shape shape) {
    return Shape.of(Arrays.copyOf(shape.extents(), shape.rank() - 2));
  }

  private static Tensor batched(Tensor x, Shape batch) {
    int[] extents = Arrays.copyOf(batch.extents(), batch.rank() + 2);
    extents[batch.rank()] = x.shape().extent(-2);
    extents[batch.rank() + 1] = x.shape().extent(-1);
    return x.broadcastTo(Shape.of(extents));
  }
}
