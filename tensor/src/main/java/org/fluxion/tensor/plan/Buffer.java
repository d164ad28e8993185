package org.fluxion.tensor.plan;

import java.util.Locale;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;

/**
 * A piece of memory that kernels read and write: contiguous elements of one dtype.
 *
 * @param id its number in the plan
 * @param dtype its element type
 * @param shape the shape of the tensor that it holds, row-major
 * @param kind where it comes from
 * @param name what listings call it
 */
public record Buffer(int id, DType dtype, Shape shape, Kind kind, String name) {
  /** Where a buffer's contents come from, which decides who owns its memory. */
  public enum Kind {
    /** Bound to a program's input when it runs. */
    INPUT,
    /** Known when the program is compiled. */
    CONSTANT,
    /** A result that outlives the run. */
    OUTPUT,
    /** Lives in the arena between its first write and its last read. */
    TEMPORARY
  }

  /**
   * How many elements it has.
   *
   * @return the product of the shape's extents
   */
  public long elements() {
    return shape.elements();
  }

  /**
   * Its size.
   *
   * @return bytes
   */
  public long bytes() {
    return elements() * dtype.bytes();
  }

  /**
   * What errors say of it.
   *
   * @return name, dtype, shape and size
   */
  public String describe() {
    return String.format(
        Locale.ROOT, "%s %s %s = %.1f MiB", name, dtype, shape, bytes() / 1048576.0);
  }

  /** Its number, which no other buffer of the plan has: plans look buffers up all the time. */
  @Override
  public int hashCode() {
    return id;
  }

  @Override
  public String toString() {
    return "%" + name;
  }
}
