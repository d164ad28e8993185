package org.fluxion.tensor.plan;

import org.fluxion.tensor.DType;

/**
 * A piece of memory that kernels read and write: contiguous elements of one dtype.
 *
 * @param id its number in the plan
 * @param dtype its element type
 * @param elements how many
 * @param kind where it comes from
 * @param name what listings call it
 */
public record Buffer(int id, DType dtype, long elements, Kind kind, String name) {
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
   * Its size.
   *
   * @return bytes
   */
  public long bytes() {
    return elements * dtype.bytes();
  }

  @Override
  public String toString() {
    return "%" + name;
  }
}
