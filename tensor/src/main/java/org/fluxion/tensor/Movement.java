package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Functions that move elements without computing any, composed of the movement primitives. */
final class Movement {
  private Movement() {}

  /** Another shape, one of whose extents may be −1 and is worked out. */
  static Tensor reshape(Tensor x, int... extents) {
    int[] target = extents.clone();
    int unknown = -1;
    long known = 1;
    for (int axis = 0; axis < target.length; axis++) {
      if (target[axis] == -1 && unknown >= 0) {
        throw new TensorException(
            "reshape: %s to %s: only one extent can be worked out; give all but one −1"
                .formatted(x.shape(), Arrays.toString(extents)));
      }
      if (target[axis] == -1) {
        unknown = axis;
      } else {
        known = Math.multiplyHigh(known, target[axis]) == 0 ? known * target[axis] : -1;
      }
    }
    if (unknown < 0) {
      return x.reshape(Shape.of(target));
    }
    long elements = x.shape().elements();
    if (known <= 0 || elements % known != 0) {
      throw new TensorException(
          "reshape: %s has %d elements, which do not divide into %s; the given extents' product"
                  .formatted(x.shape(), elements, Arrays.toString(extents))
              + " must divide them");
    }
    target[unknown] = Shape.checkedExtent("reshape", elements / known);
    return x.reshape(Shape.of(target));
  }

  /** A new axis of extent 1. */
  static Tensor expandDims(Tensor x, int axis) {
    int rank = x.shape().rank();
    if (axis < -rank - 1 || axis > rank) {
      throw new TensorException(
          "expandDims: a new axis of %s cannot be at %d; give a place from %d to %d"
              .formatted(x.shape(), axis, -rank - 1, rank));
    }
    int place = axis < 0 ? axis + rank + 1 : axis;
    int[] extents = new int[rank + 1];
    Arrays.setAll(extents, i -> i == place ? 1 : x.shape().extent(i < place ? i : i - 1));
    return x.reshape(Shape.of(extents));
  }

  /** Axes of extent 1 taken away; without axes all of them. */
  static Tensor squeeze(Tensor x, int... axes) {
    Shape shape = x.shape();
    List<Integer> named = shape.axes("squeeze", axes);
    for (int axis : axes.length == 0 ? List.<Integer>of() : named) {
      if (shape.extent(axis) != 1) {
        throw new TensorException(
            "squeeze: axis %d of %s has extent %d; only axes of extent 1 can be taken away"
                .formatted(axis, shape, shape.extent(axis)));
      }
    }
    return x.reshape(
        Shape.of(
            IntStream.range(0, shape.rank())
                .filter(axis -> shape.extent(axis) != 1 || !named.contains(axis))
                .map(shape::extent)
                .toArray()));
  }

  /** Contiguous elements along an axis; negative bounds count from the end. */
  static Tensor slice(Tensor x, int axis, int start, int end) {
    int sliced = x.shape().axis("slice", axis);
    int n = x.shape().extent(sliced);
    return ascending(x, sliced, fromFront(start, n), fromFront(end, n), 1);
  }

  /** Every stride-th element; a negative stride goes backwards. */
  static Tensor slice(Tensor x, int axis, int start, int end, int stride) {
    int sliced = x.shape().axis("slice", axis);
    int n = x.shape().extent(sliced);
    if (stride > 0) {
      return ascending(x, sliced, fromFront(start, n), fromFront(end, n), stride);
    }
    if (stride == 0) {
      throw new TensorException(
          "slice: a stride of 0 along axis %d of %s never ends; give 1 or more, or -1 or less"
              .formatted(sliced, x.shape()));
    }
    int from = start < 0 ? start + n : start;
    int to = end < 0 ? end + n : end;
    if (from >= n || to < -1 || from < to) {
      throw new TensorException(
          "slice: %d down to %d by %d is outside axis %d of %s; start at most at %d and end there"
                  .formatted(start, end, stride, sliced, x.shape(), n - 1)
              + " or before, at %d to include the first element".formatted(-n - 1));
    }
    int count = (int) Math.ceilDiv((long) from - to, -(long) stride);
    int lowest = count == 0 ? 0 : Math.toIntExact(from + (count - 1L) * stride);
    int above = count == 0 ? 0 : from + 1;
    // The same elements the other way round: a step too wide for an int takes one element.
    int step = count < 2 ? 1 : -stride;
    return ascending(x, sliced, lowest, above, step).flip(sliced);
  }

  /** A bound that may count from the end; one that is outside stays, for the error to name it. */
  private static int fromFront(int bound, int n) {
    return bound < 0 && bound >= -n ? bound + n : bound;
  }

  private static Tensor ascending(Tensor x, int axis, int start, int end, int stride) {
    int rank = x.shape().rank();
    List<Integer> from = new ArrayList<>(Collections.nCopies(rank, 0));
    List<Integer> to = new ArrayList<>(Arrays.stream(x.shape().extents()).boxed().toList());
    List<Integer> by = new ArrayList<>(Collections.nCopies(rank, 1));
    from.set(axis, start);
    to.set(axis, end);
    by.set(axis, stride);
    return Tensor.apply(new Op.Slice(from, to, by), List.of(x));
  }

  /** Zeros before and after an axis. */
  static Tensor pad(Tensor x, int axis, int low, int high) {
    List<Integer> none = Collections.nCopies(x.shape().rank(), 0);
    List<Integer> before = new ArrayList<>(none);
    List<Integer> after = new ArrayList<>(none);
    before.set(x.shape().axis("pad", axis), low);
    after.set(x.shape().axis("pad", axis), high);
    return Tensor.apply(new Op.Pad(before, after, none), List.of(x));
  }

  /** Equal parts. */
  static List<Tensor> split(Tensor x, int parts, int axis) {
    int cut = x.shape().axis("split", axis);
    int extent = x.shape().extent(cut);
    if (parts < 1 || extent % parts != 0) {
      throw new TensorException(
          "split: axis %d of %s does not divide into %d equal parts"
              .formatted(axis, x.shape(), parts));
    }
    int size = extent / parts;
    return IntStream.range(0, parts)
        .mapToObj(i -> slice(x, cut, i * size, (i + 1) * size))
        .toList();
  }

  /** Parts of the sizes given. */
  static List<Tensor> split(Tensor x, int[] sizes, int axis) {
    int cut = x.shape().axis("split", axis);
    long total = Arrays.stream(sizes).asLongStream().sum();
    if (Arrays.stream(sizes).anyMatch(size -> size < 0) || total != x.shape().extent(cut)) {
      throw new TensorException(
          "split: axis %d of %s does not divide into parts of %s; give sizes that add up to %d"
              .formatted(axis, x.shape(), Arrays.toString(sizes), x.shape().extent(cut)));
    }
    List<Tensor> parts = new ArrayList<>();
    int start = 0;
    for (int size : sizes) {
      parts.add(slice(x, cut, start, start + size));
      start += size;
    }
    return List.copyOf(parts);
  }

  /** One after another along an axis. */
  static Tensor concat(int axis, List<Tensor> tensors) {
    int along = tensors.isEmpty() ? axis : tensors.get(0).shape().axis("concat", axis);
    return Tensor.apply(new Op.Concat(along), tensors);
  }

  /** Tensors of equal shape along a new axis. */
  static Tensor stack(int axis, List<Tensor> tensors) {
    for (Tensor each : tensors) {
      if (!each.shape().equals(tensors.get(0).shape()) || each.dtype() != tensors.get(0).dtype()) {
        throw new TensorException(
            "stack: %s %s does not stack on %s %s; all shapes and dtypes must be equal"
                .formatted(
                    each.dtype(), each.shape(), tensors.get(0).dtype(), tensors.get(0).shape()));
      }
    }
    if (tensors.isEmpty()) {
      throw new TensorException("stack: no operands; give at least one");
    }
    Tensor stacked = concat(0, tensors.stream().map(t -> expandDims(t, 0)).toList());
    int target = stacked.shape().axis("stack", axis);
    return stacked.permute(
        IntStream.range(0, stacked.shape().rank())
            .map(i -> i == target ? 0 : i < target ? i + 1 : i)
            .toArray());
  }

  /** Rows of the first axis. */
  static Tensor take(Tensor x, Tensor indices) {
    if (x.shape().rank() == 0 || !indices.dtype().isInteger()) {
      throw new TensorException(
          "take: expected a table of rank 1 or more and integer indices, got %s and %s %s; %s"
              .formatted(
                  x.shape(),
                  indices.dtype(),
                  indices.shape(),
                  x.shape().rank() == 0
                      ? "reshape the table to [1]"
                      : "cast the indices to int32"));
    }
    int rows = x.shape().extent(0);
    KnownIndices.requireInside(
        "take", "index", indices, rows, "the %d rows of %s".formatted(rows, x.shape()));
    int width = Shape.checkedExtent("take", x.shape().with(0, 1).elements());
    int picks = Shape.checkedExtent("take", indices.shape().elements());
    Tensor picked =
        Tensor.apply(
            new Op.Gather(),
            List.of(x.reshape(Shape.of(1, rows, width)), indices.reshape(Shape.of(1, picks))));
    int rank = indices.shape().rank();
    int[] extents = Arrays.copyOf(indices.shape().extents(), rank + x.shape().rank() - 1);
    System.arraycopy(x.shape().extents(), 1, extents, rank, x.shape().rank() - 1);
    return picked.reshape(Shape.of(extents));
  }
}
