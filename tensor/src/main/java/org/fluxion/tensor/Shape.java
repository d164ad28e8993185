package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The extents of a tensor's axes, outermost first. Immutable; the empty shape {@code []} is a
 * scalar's, and an axis may have no elements.
 */
public final class Shape {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape(new int[0]);

  private final int[] extents;
  private final long elements;

  private Shape(int[] extents) {
    this.extents = extents;
    this.elements = count(extents);
  }

  private static long count(int[] extents) {
    boolean empty = false;
    for (int extent : extents) {
      if (extent < 0) {
        throw new TensorException(
            "shape: an extent is negative: " + Arrays.toString(extents) + "; give extents >= 0");
      }
      empty |= extent == 0;
    }
    long product = 1;
    for (int extent : extents) {
      if (!empty && product > Long.MAX_VALUE / extent) {
        throw new TensorException(
            "shape: %s has more than 2⁶³ − 1 elements; give smaller extents"
                .formatted(Arrays.toString(extents)));
      }
      product *= extent;
    }
    return empty ? 0 : product;
  }

  /**
   * A shape from its extents.
   *
   * @param extents the extent of each axis, outermost first, each at least 0
   * @return the shape
   * @throws TensorException if an extent is negative, or there are too many elements to count
   */
  public static Shape of(int... extents) {
    return extents.length == 0 ? SCALAR : new Shape(extents.clone());
  }

  /**
   * A shape from a list of extents.
   *
   * @param extents the extent of each axis, outermost first
   * @return the shape
   * @throws TensorException if an extent is negative, or there are too many elements to count
   */
  public static Shape of(List<Integer> extents) {
    return of(extents.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * The number of axes.
   *
   * @return the rank, 0 for a scalar
   */
  public int rank() {
    return extents.length;
  }

  /**
   * The number of elements: the product of the extents, 1 for a scalar.
   *
   * @return the element count
   */
  public long elements() {
    return elements;
  }

  /**
   * The extent of one axis.
   *
   * @param axis from 0 to rank − 1, or from −rank to −1 counted from the end
   * @return the extent
   * @throws TensorException if there is no such axis
   */
  public int extent(int axis) {
    return extents[axis(axis)];
  }

  /**
   * Turns an axis that may be counted from the end into one counted from the front.
   *
   * @param axis from −rank to rank − 1
   * @return the same axis, from 0 to rank − 1
   * @throws TensorException if there is no such axis
   */
  public int axis(int axis) {
    return axis("shape", axis);
  }

  /**
   * Turns an axis that may be counted from the end into one counted from the front.
   *
   * @param operation the operation named in the error
   * @param axis from −rank to rank − 1
   * @return the same axis, from 0 to rank − 1
   * @throws TensorException if there is no such axis
   */
  int axis(String operation, int axis) {
    if (axis >= -rank() && axis < rank()) {
      return axis < 0 ? axis + rank() : axis;
    }
    throw new TensorException(
        rank() == 0
            ? "%s: there is no axis %d of a scalar, shape []; reshape it to [1] to give it one"
                .formatted(operation, axis)
            : "%s: axis %d is out of range for shape %s; give one from %d to %d"
                .formatted(operation, axis, this, -rank(), rank() - 1));
  }

  /**
   * The axes that an operation is asked to work along.
   *
   * @param operation the operation named in the error
   * @param axes from −rank to rank − 1, in any order; none means all
   * @return the same axes counted from the front, in ascending order
   * @throws TensorException if there is no such axis or one is named twice
   */
  List<Integer> axes(String operation, int... axes) {
    if (axes.length == 0) {
      return IntStream.range(0, rank()).boxed().toList();
    }
    int[] sorted = Arrays.stream(axes).map(axis -> axis(operation, axis)).sorted().toArray();
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] == sorted[i - 1]) {
        throw new TensorException(
            "%s: axis %d is named twice in %s for shape %s; name each axis once"
                .formatted(operation, sorted[i], Arrays.toString(axes), this));
      }
    }
    return Arrays.stream(sorted).boxed().toList();
  }

  /**
   * An extent that was worked out, checked to be one.
   *
   * @param operation the operation named in the error
   * @param extent the number of elements along an axis
   * @return the same number
   * @throws TensorException if it is larger than an axis can be
   */
  static int checkedExtent(String operation, long extent) {
    if (extent > Integer.MAX_VALUE) {
      throw new TensorException(
          "%s: an axis would have %d elements, and %d is the most; use smaller or fewer extents"
              .formatted(operation, extent, Integer.MAX_VALUE));
    }
    return (int) extent;
  }

  /**
   * The extents as an array.
   *
   * @return a fresh array
   */
  public int[] extents() {
    return extents.clone();
  }

  /**
   * The strides of a contiguous row-major tensor of this shape.
   *
   * @return the distance in elements between neighbours along each axis
   */
  public long[] strides() {
    long[] strides = new long[rank()];
    long stride = 1;
    for (int axis = rank() - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= extents[axis];
    }
    return strides;
  }

  /**
   * This shape with another extent along one axis.
   *
   * @param axis the axis, which may be counted from the end
   * @param extent its new extent
   * @return the changed shape
   */
  public Shape with(int axis, int extent) {
    int[] changed = extents.clone();
    changed[axis(axis)] = extent;
    return of(changed);
  }

  /**
   * The shape that two shapes broadcast to by NumPy's rule: aligned at the last axis, equal extents
   * or one of them 1.
   *
   * @param operation the operation named in the error
   * @param a one shape
   * @param b the other
   * @return the common shape
   * @throws TensorException if the shapes do not broadcast
   */
  public static Shape broadcast(String operation, Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] result = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int ea = i <= a.rank() ? a.extent(-i) : 1;
      int eb = i <= b.rank() ? b.extent(-i) : 1;
      if (ea != eb && ea != 1 && eb != 1) {
        throw new TensorException(
            "%s: shapes do not broadcast: %s and %s (%d ≠ %d at axis %d from the end); reshape one"
                .formatted(operation, a, b, ea, eb, i)
                .concat(" so that the extents are equal or 1"));
      }
      result[rank - i] = ea == 1 ? eb : ea;
    }
    return of(result);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  /**
   * The shape as it is printed in errors.
   *
   * @return such as {@code [2, 3]}
   */
  @Override
  public String toString() {
    return Arrays.stream(extents)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
