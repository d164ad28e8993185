package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/** The cotangents that reach a node from each of its uses, put together. */
final class Contributions {
  private Contributions() {}

  /**
   * The sum. Where a node was cut into slices that are all used, each slice's cotangent is padded
   * with zeros to the whole; these lie side by side, so that their sum is written as a
   * concatenation, which adds nothing up. A dtype that only stores values is added up in float32.
   *
   * @param contributions at least one, of equal shape, in the order in which they are added
   * @return the sum
   */
  static Tensor sum(List<Tensor> contributions) {
    if (contributions.size() == 1) {
      return contributions.get(0);
    }
    Tensor joined = joined(contributions);
    if (joined != null) {
      return joined;
    }
    DType dtype = contributions.get(0).dtype();
    return contributions.stream()
        .map(Contributions::wide)
        .reduce(Tensor::add)
        .orElseThrow()
        .cast(dtype);
  }

  /**
   * A linear function that adds elements up, of a cotangent whose dtype may only store values: the
   * sums are made in float32 and rounded once.
   *
   * @param cotangent the cotangent
   * @param sums the function
   * @return its result in the cotangent's dtype
   */
  static Tensor sum(Tensor cotangent, UnaryOperator<Tensor> sums) {
    return sums.apply(wide(cotangent)).cast(cotangent.dtype());
  }

  private static Tensor wide(Tensor cotangent) {
    return cotangent.dtype().isStorageOnly() ? cotangent.cast(DType.FLOAT32) : cotangent;
  }

  /** The slices one after another, with zeros between them; null if they overlap. */
  private static Tensor joined(List<Tensor> padded) {
    int axis = -1;
    for (Tensor each : padded) {
      if (!(each.op() instanceof Op.Pad pad)) {
        return null;
      }
      for (int i = 0; i < each.shape().rank(); i++) {
        boolean moved = pad.low().get(i) != 0 || pad.high().get(i) != 0;
        if (pad.interior().get(i) != 0 || (moved && axis >= 0 && axis != i)) {
          return null;
        }
        axis = moved ? i : axis;
      }
    }
    if (axis < 0) {
      return null;
    }
    int along = axis;
    List<Tensor> inOrder = new ArrayList<>(padded);
    inOrder.sort(Comparator.comparingInt(each -> ((Op.Pad) each.op()).low().get(along)));
    int end = 0;
    List<Tensor> slices = new ArrayList<>();
    for (Tensor each : inOrder) {
      Tensor slice = each.inputs().get(0);
      int start = ((Op.Pad) each.op()).low().get(along);
      if (start < end) {
        return null;
      }
      fill(slices, slice, along, start - end);
      end = start + slice.shape().extent(along);
      slices.add(slice);
    }
    fill(slices, slices.get(0), along, padded.get(0).shape().extent(along) - end);
    return Tensor.concat(along, slices.toArray(Tensor[]::new));
  }

  /** What was not used has a cotangent of zero. */
  private static void fill(List<Tensor> slices, Tensor like, int axis, int extent) {
    if (extent > 0) {
      slices.add(Tensor.full(0, like.shape().with(axis, extent), like.dtype()));
    }
  }
}
