package org.fluxion.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The tiles of matrix products of one dtype: their size, by the registers of the processor, and how
 * operands are packed for them, multiplied and stored.
 */
final class GemmTiles {
  /** Products in a chain: a block of a that deep stays in the L2 cache. */
  static final int DEPTH = 256;

  /**
   * Elements between the tiles of a block: without them, what is packed at the same time would lie
   * a multiple of 4 KB apart, where a cache has few places.
   */
  private static final int PADDING = 16;

  /** Rows of a block of a, at most. */
  static final int BLOCK_ROWS = 96;

  /**
   * Where a tile's accumulators go before they are added to c; each thread has one. Arrays, since
   * storing to memory segments takes so much of the compiler's budget that the last accumulators
   * would end up on the heap.
   */
  static final class Tile {
    private static final int MOST = 12 * 32;
    private static final int BLOCK = (BLOCK_ROWS + 12) * DEPTH + BLOCK_ROWS / 4 * PADDING;
    final float[] floats = new float[MOST];
    final double[] doubles = new double[MOST];

    /** The block of a that is being multiplied. */
    final float[] floatBlock;

    final double[] doubleBlock;

    Tile(boolean floatProducts, boolean doubleProducts) {
      floatBlock = new float[floatProducts ? BLOCK : 0];
      doubleBlock = new double[doubleProducts ? BLOCK : 0];
    }
  }

  private final boolean doubles;
  private final int bytes;
  private final boolean wide;
  private final boolean byRows;

  /** Elements of a vector, or 0 where there are none. */
  final int lanes;

  /** Rows of a tile. */
  final int rows;

  /** Columns of a tile. */
  final int columns;

  /** Whether there is a tile of half as many columns. */
  final boolean halves;

  /**
   * Tiles for products.
   *
   * @param doubles whether they are of float64, else of float32
   * @param byRows whether blocks of a are packed row by row, else column by column
   */
  GemmTiles(boolean doubles, boolean byRows) {
    this.doubles = doubles;
    this.byRows = byRows;
    this.bytes = doubles ? 8 : 4;
    this.lanes = !Width.VECTORS ? 0 : doubles ? Species.DOUBLE.length() : Species.FLOAT.length();
    this.wide = lanes * bytes == 64;
    this.rows = lanes == 0 ? ScalarGemmKernel.SIDE : wide ? 12 : 4;
    this.columns = lanes == 0 ? ScalarGemmKernel.SIDE : 2 * lanes;
    this.halves = wide && !doubles;
  }

  /** Elements from a tile of the block to the next. */
  private int stride(int depth) {
    return rows * depth + PADDING;
  }

  /**
   * Multiplies a tile of the packed block by a panel of b.
   *
   * @param depth products in each chain
   * @param row the tile's first row in the block
   * @param bt the address of the panel: for each product a row of the tile's columns
   * @param used how many columns are asked for; the others are undefined
   * @param tile block and accumulators
   */
  void multiply(int depth, int row, long bt, int used, Tile tile) {
    int from = row / rows * stride(depth);
    if (lanes == 0) {
      if (doubles) {
        ScalarGemmKernel.doubles(depth, tile.doubleBlock, from, byRows, bt, tile.doubles);
      } else {
        ScalarGemmKernel.floats(depth, tile.floatBlock, from, byRows, bt, tile.floats);
      }
    } else if (doubles) {
      multiply(depth, tile.doubleBlock, from, bt, tile.doubles);
    } else if (halves && used <= lanes) {
      if (byRows) {
        FloatGemmKernel.rows12x1(depth, tile.floatBlock, from, bt, tile.floats);
      } else {
        FloatGemmKernel.columns12x1(depth, tile.floatBlock, from, bt, tile.floats);
      }
    } else {
      multiply(depth, tile.floatBlock, from, bt, tile.floats);
    }
  }

  private void multiply(int depth, double[] block, int from, long bt, double[] tile) {
    if (wide) {
      if (byRows) {
        DoubleGemmKernel.rows12x2(depth, block, from, bt, tile);
      } else {
        DoubleGemmKernel.columns12x2(depth, block, from, bt, tile);
      }
    } else if (byRows) {
      DoubleGemmKernel.rows4x2(depth, block, from, bt, tile);
    } else {
      DoubleGemmKernel.columns4x2(depth, block, from, bt, tile);
    }
  }

  private void multiply(int depth, float[] block, int from, long bt, float[] tile) {
    if (wide) {
      if (byRows) {
        FloatGemmKernel.rows12x2(depth, block, from, bt, tile);
      } else {
        FloatGemmKernel.columns12x2(depth, block, from, bt, tile);
      }
    } else if (byRows) {
      FloatGemmKernel.rows4x2(depth, block, from, bt, tile);
    } else {
      FloatGemmKernel.columns4x2(depth, block, from, bt, tile);
    }
  }

  /**
   * Stores the accumulators.
   *
   * @param ct the address of the first element; strides count elements
   * @param add whether they are added to what is there
   */
  void store(
      long ct, long rowStride, long columnStride, Tile tile, int rows, int columns, boolean add) {
    if (columnStride != 1) {
      for (int column = 0; column < columns; column++) {
        storeColumn(ct + column * columnStride * bytes, rowStride * bytes, tile, column, rows, add);
      }
      return;
    }
    for (int row = 0; row < rows; row++) {
      addRow(ct + row * rowStride * bytes, tile, row * this.columns, columns, add);
    }
  }

  private void storeColumn(long ct, long step, Tile tile, int column, int rows, boolean add) {
    for (int row = 0; row < rows; row++) {
      long target = ct + row * step;
      int source = row * columns + column;
      if (doubles) {
        double v = tile.doubles[source];
        Memory.putDouble(target, add ? Memory.getDouble(target) + v : v);
      } else {
        float v = tile.floats[source];
        Memory.putFloat(target, add ? Memory.getFloat(target) + v : v);
      }
    }
  }

  private void addRow(long target, Tile tile, int source, int columns, boolean add) {
    if (lanes == 0) {
      if (doubles) {
        ScalarGemmKernel.addRow(target, tile.doubles, source, columns, add);
      } else {
        ScalarGemmKernel.addRow(target, tile.floats, source, columns, add);
      }
    } else if (doubles) {
      DoubleGemmKernel.addRow(target, tile.doubles, source, columns, add);
    } else {
      FloatGemmKernel.addRow(target, tile.floats, source, columns, add);
    }
  }

  /**
   * Copies a block of a, a tile's rows after the other: row by row, or column by column where those
   * are contiguous. Rows beyond the last are left as they are: their sums are not used.
   *
   * @param pa the address of the block's first element; strides count elements
   */
  void packA(long pa, long rowStride, long columnStride, int count, int depth, Tile tile) {
    if (lanes > 0 && !doubles && !byRows) {
      FloatPacking.columns(
          pa, columnStride * 4, count, rows, depth, stride(depth), tile.floatBlock);
      return;
    }
    for (int row = 0; row < count; row += rows) {
      int height = Math.min(rows, count - row);
      int out = row / rows * stride(depth);
      if (byRows) {
        for (int i = 0; i < height; i++) {
          copy(pa + (row + i) * rowStride * bytes, columnStride, tile, out + i * depth, depth);
        }
      } else {
        for (int p = 0; p < depth; p++) {
          long in = pa + (row * rowStride + p * columnStride) * bytes;
          copy(in, rowStride, tile, out + p * rows, height);
        }
      }
    }
  }

  private void copy(long in, long stride, Tile tile, int out, int n) {
    if (doubles) {
      if (stride == 1) {
        MemorySegment.copy(
            Memory.ALL, ValueLayout.JAVA_DOUBLE_UNALIGNED, in, tile.doubleBlock, out, n);
      } else {
        for (int i = 0; i < n; i++) {
          tile.doubleBlock[out + i] = Memory.getDouble(in + i * stride * 8);
        }
      }
    } else if (stride == 1) {
      MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, in, tile.floatBlock, out, n);
    } else {
      for (int i = 0; i < n; i++) {
        tile.floatBlock[out + i] = Memory.getFloat(in + i * stride * 4);
      }
    }
  }

  /**
   * Copies panels of b: for each product a tile's row, the last one filled up with zeros.
   *
   * @param pb the address of the first panel's first element; strides count elements
   * @param used columns of all panels together
   * @param out where to
   * @param panelBytes from a panel to the next
   */
  void packB(
      long pb, long rowStride, long columnStride, int depth, int used, long out, long panelBytes) {
    boolean floats = lanes > 0 && !doubles;
    int whole = floats && columnStride == 1 ? used / columns : 0;
    if (whole > 0) {
      FloatPacking.panels(pb, rowStride * 4, depth, whole, out, panelBytes);
    }
    for (int first = whole * columns; first < used; first += columns) {
      int width = Math.min(columns, used - first);
      long from = pb + first * columnStride * bytes;
      long to = out + first / columns * panelBytes;
      if (width < columns) {
        Copies.fillBits(bytes, to, 0, columns * depth);
      }
      if (floats && rowStride == 1) {
        FloatPacking.transpose(from, columnStride * 4, depth, width, to, columns * 4L);
      } else {
        Copies.copy2d(bytes, to, columns, 1, from, rowStride, columnStride, depth, width);
      }
    }
  }

  /**
   * The bytes from a panel to the next, chosen so that the same rows of several panels have
   * different places in a cache.
   */
  long panelBytes(int depth) {
    return (long) depth * columns * bytes + PADDING * 8;
  }
}
