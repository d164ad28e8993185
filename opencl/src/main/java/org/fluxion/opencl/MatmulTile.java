package org.fluxion.opencl;

import java.util.Optional;
import org.fluxion.tensor.DType;

/**
 * How a matrix product is cut. A work-item holds a tile of the result, rows by columns, in
 * registers. On processors a work-group is one work-item: it packs {@code across} tiles' columns of
 * the right operand into local memory, {@code depth} rows at a time, and walks over rows. On cards
 * {@code down} by {@code across} work-items compute as many tiles from what they have put into
 * local memory.
 *
 * @param rows rows of a work-item's tile
 * @param columns columns of it
 * @param width elements of a vector, which divides the columns
 * @param depth how many elements of the sums are in local memory at once
 * @param down tiles of a work-group, one below the other; 1 on processors
 * @param across tiles of a work-group, side by side
 * @param buffers 2 to fetch the next elements into another part of local memory while these are
 *     multiplied, which only cards do, or else 1
 * @param split into how many parts the sums are cut, which are added in order afterwards
 */
record MatmulTile(
    int rows, int columns, int width, int depth, int down, int across, int buffers, int split) {
  /** Registers that a compiler can be hoped to keep tiles in; more would be moved to memory. */
  private static final int REGISTERS = 512;

  /** Elements of sums in local memory, tiles of a group each way, and parts of a sum: the most. */
  private static final int DEEPEST = 4096;

  private static final int MOST_TILES = 1024;

  static final int MOST_PARTS = 1 << 16;

  /** What a work-item fetches is written out in full, which compilers take time for. */
  private static final int MOST_FETCHES = 256;

  MatmulTile {
    require(rows >= 1 && rows <= 16, "1 to 16 rows", rows);
    require(width >= 1 && width <= 16 && Integer.bitCount(width) == 1, "a vector", width);
    require(columns >= 1 && columns % width == 0, "columns in vectors of " + width, columns);
    require(columns <= REGISTERS / rows, "a tile of at most " + REGISTERS, (long) rows * columns);
    require(depth >= 1 && depth <= DEEPEST, "a depth of 1 to " + DEEPEST, depth);
    require(down >= 1 && down <= MOST_TILES, "1 to " + MOST_TILES + " tiles down", down);
    require(across >= 1 && across <= MOST_TILES, "1 to " + MOST_TILES + " tiles across", across);
    require(buffers == 1 || buffers == 2, "1 or 2 buffers", buffers);
    require(split >= 1 && split <= MOST_PARTS, "1 to " + MOST_PARTS + " parts of a sum", split);
  }

  private static void require(boolean holds, String what, long got) {
    if (!holds) {
      throw new OpenClException("expected %s, got %d".formatted(what, got));
    }
  }

  /** What people read: rows by columns in vectors, tiles of a group, and how sums are cut. */
  String describe() {
    return Text.of(
        "%d×%d by %d, %s%d across, depth %d%s%s",
        rows,
        columns,
        width,
        down == 1 ? "" : down + " down, ",
        across,
        depth,
        buffers == 1 ? "" : " twice",
        split == 1 ? "" : Text.of(", sums in %d parts", split));
  }

  /** The same tile with the sums in so many parts. */
  MatmulTile withSplit(int parts) {
    return new MatmulTile(rows, columns, width, depth, down, across, buffers, parts);
  }

  /** Columns of the result that a work-group computes at once. */
  int groupColumns() {
    return columns * across;
  }

  /** Rows of the result that a work-group computes at once. */
  int groupRows() {
    return rows * down;
  }

  /** The smallest vector that holds a column of the tile. */
  int packedRows() {
    return rows == 1 ? 1 : 2 * Integer.highestOneBit(rows - 1);
  }

  /** The local memory that a work-group takes. */
  long localBytes(Family family, DType dtype) {
    long perStep =
        family.lanes() == 1
            ? groupColumns() + packedRows()
            : (long) buffers * (groupColumns() + groupRows() + 2L * width);
    return perStep * depth * dtype.bytes();
  }

  /**
   * Why it cannot be used.
   *
   * @param family the form of the kernels
   * @param dtype of the operands
   * @param limits of the device
   * @return one line, or empty if it can be used
   */
  Optional<String> obstacle(Family family, DType dtype, MatmulLimits limits) {
    if (localBytes(family, dtype) > limits.localBytes()) {
      return Optional.of(
          "it takes %,d bytes of local memory of %,d"
              .formatted(localBytes(family, dtype), limits.localBytes()));
    }
    if (family.lanes() == 1) {
      return down == 1 && buffers == 1
          ? Optional.empty()
          : Optional.of("on a processor a work-group is one work-item with one buffer");
    }
    int items = down * across;
    if (items > limits.largestGroup()) {
      return Optional.of(
          "it has %d work-items in a group of at most %d".formatted(items, limits.largestGroup()));
    }
    if (depth % width != 0 || groupRows() % width != 0) {
      return Optional.of("its depth and rows are no vectors of " + width);
    }
    if (groupRows() * depth % (items * width) != 0
        || groupColumns() * depth % (items * width) != 0) {
      return Optional.of("its %d work-items cannot share the fetching".formatted(items));
    }
    if (Math.max(groupRows(), groupColumns()) * depth / items > MOST_FETCHES) {
      return Optional.of(
          "its work-items would fetch more than %d elements".formatted(MOST_FETCHES));
    }
    return Optional.empty();
  }
}
