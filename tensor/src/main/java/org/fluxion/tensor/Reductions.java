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

  /** The result of a reduction with the folded axes kept at extent 1. */
  static Tensor keep(Tensor x, Tensor reduced, int... axes) {
    Shape kept = x.shape();
    for (int axis : x.shape().axes("reshape", axes)) {
      kept = kept.with(axis, 1);
    }
    return reduced.reshape(kept);
  }

  /** The sum over axes, under the name that errors give it. */
  static Tensor sum(String name, Tensor x, int... axes) {
    List<Integer> folded = x.shape().axes(name, axes);
    return folded.isEmpty() ? x : Tensor.apply(name, new Op.Sum(folded), List.of(x));
  }

  /** The mean over axes: a fraction, which integers do not hold. */
  static Tensor mean(String name, Tensor x, int... axes) {
    TypeRules.requireFloating(name, x);
    Tensor sum = sum(name, x, axes);
    return sum.div((double) x.shape().elements() / Math.max(1, sum.shape().elements()));
  }

  /** The mean squared distance from the mean. */
  static Tensor variance(String name, Tensor x, int... axes) {
    return mean(name, x.sub(keep(x, mean(name, x, axes), axes)).square(), axes);
  }

  /** The largest elements, under the name that errors give them. */
  static Tensor max(String name, Tensor x, int... axes) {
    List<Integer> folded = x.shape().axes(name, axes);
    return folded.isEmpty() ? x : Tensor.apply(name, new Op.ReduceMax(folded), List.of(x));
  }

  /** The smallest elements. */
  static Tensor min(Tensor x, int... axes) {
    TypeRules.requireNumeric("min", x);
    return reversed(max("min", reversed(x), axes));
  }

  /** Numbers in reverse order, back again when applied twice. */
  private static Tensor reversed(Tensor x) {
    // −1 − x turns the order round without overflow; −x does not for the smallest integer.
    return x.dtype().isInteger() ? x.neg().sub(1) : x.neg();
  }

  /** The index of the first largest element along an axis. */
  static Tensor argMax(Tensor x, int axis) {
    return Tensor.apply("argMax", new Op.ArgMax(x.shape().axis("argMax", axis)), List.of(x));
  }

  /** The index of the first smallest element along an axis. */
  static Tensor argMin(Tensor x, int axis) {
    TypeRules.requireNumeric("argMin", x);
    Op largest = new Op.ArgMax(x.shape().axis("argMin", axis));
    return Tensor.apply("argMin", largest, List.of(reversed(x)));
  }

  /** All elements along one axis, for a function of an axis to work over all of them. */
  static Tensor flat(String name, Tensor x) {
    return x.reshape(Shape.of(Shape.checkedExtent(name, x.shape().elements())));
  }

  /** max |x|, which is 0 of nothing. */
  static Tensor maximumNorm(Tensor x, int... axes) {
    return foldsNothing("maximumNorm", x, axes)
        ? sum("maximumNorm", x.abs(), axes)
        : max("maximumNorm", x.abs(), axes);
  }

  /** Whether an axis to be folded away has no elements. */
  private static boolean foldsNothing(String name, Tensor x, int... axes) {
    return x.shape().axes(name, axes).stream().anyMatch(axis -> x.shape().extent(axis) == 0);
  }

  /** The product along axes: halves of the axis are multiplied until one element is left. */
  static Tensor product(Tensor x, List<Integer> axes) {
    TypeRules.requireNumeric("product", x);
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
    extents[kept.length] = Shape.checkedExtent("product", folded);
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
    TypeRules.requireFloating("norm", x);
    if (x.shape().elements() == 0) {
      return sum("norm", x.square(), axes);
    }
    Tensor zero = Tensor.scalar(0, x.dtype());
    Tensor one = Tensor.scalar(1, x.dtype());
    Tensor peak = constant(keep(x, max("norm", x.abs(), axes), axes));
    Tensor usable = peak.greater(zero).and(peak.less(infinity(x.dtype())));
    Tensor scale = Tensor.where(usable, peak, one);
    Tensor squares = x.div(scale).square().sum(axes);
    Tensor isZero = squares.equal(zero);
    // The root's slope is infinite at 0: it never sees one.
    Tensor root = Tensor.where(isZero, zero, Tensor.where(isZero, one, squares).sqrt());
    return root.mul(scale.reshape(root.shape()));
  }

  /** ln Σeˣ, with the largest element taken out; infinities pass as they should. */
  static Tensor logSumExp(String name, Tensor x, int... axes) {
    TypeRules.requireFloating(name, x);
    if (foldsNothing(name, x, axes)) {
      Shape kept = sum(name, x, axes).shape();
      return Tensor.full(Double.NEGATIVE_INFINITY, kept, x.dtype());
    }
    Tensor peak = constant(keep(x, max(name, x, axes), axes));
    Tensor finite = peak.abs().less(infinity(x.dtype()));
    Tensor shift = Tensor.where(finite, peak, Tensor.scalar(0, x.dtype()));
    Tensor sum = x.sub(shift).exp().sum(axes).log();
    return sum.add(shift.reshape(sum.shape()));
  }

  /** eˣ / Σeˣ along an axis, the largest element taken out; of nothing it is empty. */
  static Tensor softmax(Tensor x, int axis) {
    TypeRules.requireFloating("softmax", x);
    if (foldsNothing("softmax", x, axis)) {
      return x;
    }
    Tensor e = x.sub(constant(keep(x, max("softmax", x, axis), axis))).exp();
    // One division a row rather than one an element.
    return e.mul(e.sumKeep(axis).reciprocal());
  }

  /** x − ln Σeˣ along an axis. */
  static Tensor logSoftmax(Tensor x, int axis) {
    return x.sub(keep(x, logSumExp("logSoftmax", x, axis), axis));
  }

  private static Tensor infinity(DType dtype) {
    return Tensor.scalar(Double.POSITIVE_INFINITY, dtype);
  }

  private static Tensor constant(Tensor x) {
    return Tensor.apply(new Op.StopGradient(), List.of(x));
  }
}
