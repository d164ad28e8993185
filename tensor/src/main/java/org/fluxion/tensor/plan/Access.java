package org.fluxion.tensor.plan;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Where a kernel reads or writes a buffer at a point of its loops: element offset + Σ stride·index,
 * if every bound holds; a read out of bounds is zero.
 *
 * @param buffer the buffer
 * @param offset the element at index zero
 * @param strides elements per step of each loop
 * @param bounds the conditions, from padding; usually none
 */
public record Access(Buffer buffer, long offset, long[] strides, List<Bound> bounds) {
  /** Copies the arrays. */
  public Access {
    strides = strides.clone();
    bounds = List.copyOf(bounds);
  }

  /**
   * The strides.
   *
   * @return a fresh array, one per loop
   */
  @Override
  public long[] strides() {
    return strides.clone();
  }

  /**
   * A condition on loop indices: 0 ≤ offset + Σ stride·index &lt; extent.
   *
   * @param offset the value at index zero
   * @param strides the value's step of each loop
   * @param extent the value before which it holds
   */
  public record Bound(long offset, long[] strides, long extent) {
    /** Copies the array. */
    public Bound {
      strides = strides.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Bound b
          && offset == b.offset
          && extent == b.extent
          && Arrays.equals(strides, b.strides);
    }

    @Override
    public int hashCode() {
      return Objects.hash(offset, extent, Arrays.hashCode(strides));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Access a
        && buffer.equals(a.buffer)
        && offset == a.offset
        && Arrays.equals(strides, a.strides)
        && bounds.equals(a.bounds);
  }

  @Override
  public int hashCode() {
    return Objects.hash(buffer, offset, Arrays.hashCode(strides));
  }

  @Override
  public String toString() {
    return buffer
        + "["
        + offset
        + " + "
        + Arrays.toString(strides)
        + (bounds.isEmpty() ? "" : " if " + bounds.size() + " bounds")
        + "]";
  }
}
