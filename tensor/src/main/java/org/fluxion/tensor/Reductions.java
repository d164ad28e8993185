package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Reductions and scans composed of primitives in a logarithmic number of steps. None divides by an
 * element or takes its logarithm, so that values and derivatives of every order hold at zeros, too.
 */
final class Reductions {
  private Reductions() {}

  /** The product along axes: halves of the axis are multiplied until one element is left. */
  static Tensor product(Tensor x, List<Integer> axes) {
    if (axes.isEmpty()) {
      return x;
    }
    int rank = x.shape().rank();
    int[] kept = IntStream.range(0, rank).filter(axis -> !axes.contains(axis)).toArray();
    int[] order = Arrays.copyOf(kept, rank);
    long folded = 1;
    for (int i = 0; i < axes.size(); i++) {
      order[kept.length + i] = axes.get(i);
      folded *= x.shape().extent(axes.get(i));
    }
    int[] extents = new int[kept.length + 1];
    Arrays.setAll(extents, i -> i < kept.length ? x.shape().extent(kept[i]) : 0);
    extents[kept.length] = Math.toIntExact(folded);
    Tensor left = x.permute(order).reshape(Shape.of(extents));
    int axis = kept.length;
    Shape result = Shape.of(Arrays.copyOf(extents, axis));
    if (folded == 0) {
      return Tensor.full(1, result, x.dtype());
    }
    while (left.shape().extent(axis) > 1) {
      int n = left.shape().extent(axis);
      int half = (n + 1) / 2;
      Tensor right = left.slice(axis, half, n);
      if (n % 2 == 1) {
        Tensor one = Tensor.full(1, left.shape().with(axis, 1), x.dtype());
        right = Tensor.concat(axis, right, one);
      }
      left = left.slice(axis, 0, half).mul(right);
    }
    return left.reshape(result);
  }

  /**
   * The running sum by doubling (Hillis and Steele 1986): after step s every element holds the sum
   * of the last 2ˢ. A product with a triangular matrix would let an infinity reach back.
   */
  static Tensor cumulativeSum(Tensor x, int axis) {
    int n = x.shape().extent(axis);
    Tensor sums = x;
    for (int distance = 1; distance < n; distance *= 2) {
      sums = sums.add(sums.slice(axis, 0, n - distance).pad(axis, distance, 0));
    }
    return sums;
  }

  /**
   * √Σx², scaled by the largest element so that no square leaves the dtype's range. The scale is a
   * constant to derivatives, which it does not change; at zero the derivative is zero.
   */
  static Tensor norm(Tensor x, int... axes) {
    if (x.shape().elements() == 0) {
      return x.square().sum(axes);
    }
    Tensor zero = Tensor.scalar(0, x.dtype());
    Tensor one = Tensor.scalar(1, x.dtype());
    Tensor peak = constant(x.abs().maxKeep(axes));
    Tensor usable = peak.greater(zero).and(peak.less(infinity(x.dtype())));
    Tensor scale = Tensor.where(usable, peak, one);
    Tensor squares = x.div(scale).square().sum(axes);
    Tensor isZero = squares.equal(zero);
    // The root's slope is infinite at 0: it never sees one.
    Tensor root = Tensor.where(isZero, zero, Tensor.where(isZero, one, squares).sqrt());
    return root.mul(scale.reshape(root.shape()));
  }

  /** ln Σeˣ, with the largest element taken out; infinities pass as they should. */
  static Tensor logSumExp(Tensor x, int... axes) {
    Tensor peak = constant(x.maxKeep(axes));
    Tensor finite = peak.abs().less(infinity(x.dtype()));
    Tensor shift = Tensor.where(finite, peak, Tensor.scalar(0, x.dtype()));
    Tensor sum = x.sub(shift).exp().sum(axes).log();
    return sum.add(shift.reshape(sum.shape()));
  }

  private static Tensor infinity(DType dtype) {
    return Tensor.scalar(Double.POSITIVE_INFINITY, dtype);
  }

  private static Tensor constant(Tensor x) {
    return Tensor.apply(new Op.StopGradient(), List.of(x));
  }
}
