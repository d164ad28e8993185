package org.fluxion.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Brings floats into the order in which the kernels of matrix products read them. Copies alone, so
 * nothing here can change a bit.
 */
final class FloatPacking {
  private static final VectorSpecies<Float> SPECIES = Species.FLOAT;
  private static final long BYTES = SPECIES.vectorByteSize();

  private FloatPacking() {}

  /**
   * A block of a whose columns are contiguous: the tiles one after the other, each column by
   * column.
   *
   * @param a the address of the first element
   * @param step bytes from a column to the next
   * @param rows rows of the block, not necessarily whole tiles
   * @param tileRows 4 or 12
   * @param depth columns of the block
   * @param stride elements from a tile to the next
   * @param block where to, from element 0 on
   */
  static void columns(
      long a, long step, int rows, int tileRows, int depth, int stride, float[] block) {
    int whole = rows / tileRows * tileRows;
    for (int p = 0; p < depth; p++) {
      long in = a + p * step;
      int out = p * tileRows;
      for (int row = 0; row < whole; row += tileRows) {
        // One by one: the JIT did not always see through vectors shorter than the preferred ones
        // here, and then boxed each, 160 MB a training step.
        for (int i = 0; i < tileRows; i += 4) {
          block[out + i] = Memory.getFloat(in);
          block[out + i + 1] = Memory.getFloat(in + 4);
          block[out + i + 2] = Memory.getFloat(in + 8);
          block[out + i + 3] = Memory.getFloat(in + 12);
          in += 16;
        }
        out += stride;
      }
      for (int row = whole; row < rows; row++) {
        block[out + row - whole] = Memory.getFloat(in);
        in += 4;
      }
    }
  }

  /**
   * Whole panels of two vectors, row by row, so that the matrix is read in order.
   *
   * @param in the address of the first panel's first element
   * @param inRow bytes from a row of the matrix to the next
   * @param rows rows of each panel
   * @param panels how many panels lie side by side
   * @param out where the first panel goes, without gaps
   * @param outPanel bytes from a panel to the next
   */
  static void panels(long in, long inRow, int rows, int panels, long out, long outPanel) {
    for (int row = 0; row < rows; row++) {
      long from = in + row * inRow;
      long to = out + row * (2 * BYTES);
      for (int panel = 0; panel < panels; panel++) {
        FloatVector first = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from, Memory.ORDER);
        FloatVector second =
            FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from + BYTES, Memory.ORDER);
        first.intoMemorySegment(Memory.ALL, to, Memory.ORDER);
        second.intoMemorySegment(Memory.ALL, to + BYTES, Memory.ORDER);
        from += 2 * BYTES;
        to += outPanel;
      }
    }
  }

  /**
   * Transposes: element (i, j) of the result is element (j, i) of a matrix with contiguous rows.
   * Eight rows at a time, so that the addresses stay in registers and the stores are in order.
   *
   * @param in the address of the matrix
   * @param inRow bytes from one of its rows to the next
   * @param rows rows of the result
   * @param columns columns of the result
   * @param out the address of the result
   * @param outRow bytes from one of its rows to the next
   */
  static void transpose(long in, long inRow, int rows, int columns, long out, long outRow) {
    int column = 0;
    for (; column + 8 <= columns; column += 8) {
      long a = in + column * inRow;
      long b = a + inRow;
      long c = b + inRow;
      long d = c + inRow;
      long e = d + inRow;
      long f = e + inRow;
      long g = f + inRow;
      long h = g + inRow;
      long to = out + column * 4L;
      for (int row = 0; row < rows; row++) {
        long at = row * 4L;
        int first = Memory.getInt(a + at);
        int second = Memory.getInt(b + at);
        int third = Memory.getInt(c + at);
        int fourth = Memory.getInt(d + at);
        Memory.putInt(to, first);
        Memory.putInt(to + 4, second);
        Memory.putInt(to + 8, third);
        Memory.putInt(to + 12, fourth);
        int fifth = Memory.getInt(e + at);
        int sixth = Memory.getInt(f + at);
        int seventh = Memory.getInt(g + at);
        int eighth = Memory.getInt(h + at);
        Memory.putInt(to + 16, fifth);
        Memory.putInt(to + 20, sixth);
        Memory.putInt(to + 24, seventh);
        Memory.putInt(to + 28, eighth);
        to += outRow;
      }
    }
    for (; column < columns; column++) {
      long from = in + column * inRow;
      long to = out + column * 4L;
      for (int row = 0; row < rows; row++) {
        Memory.putInt(to, Memory.getInt(from + row * 4L));
        to += outRow;
      }
    }
  }

  /** Adds rows of n floats that lie a step of bytes apart, in order, to a row or without it. */
  static void addSlices(long in, long step, int slices, int n, long out, boolean add) {
    int i = 0;
    for (; i < SPECIES.loopBound(n); i += SPECIES.length()) {
      long from = in + 4L * i;
      FloatVector sum = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from, Memory.ORDER);
      if (add) {
        sum =
            FloatVector.fromMemorySegment(SPECIES, Memory.ALL, out + 4L * i, Memory.ORDER).add(sum);
      }
      for (int slice = 1; slice < slices; slice++) {
        from += step;
        sum = sum.add(FloatVector.fromMemorySegment(SPECIES, Memory.ALL, from, Memory.ORDER));
      }
      sum.intoMemorySegment(Memory.ALL, out + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      long from = in + 4L * i;
      float sum = Memory.getFloat(from);
      sum = add ? Memory.getFloat(out + 4L * i) + sum : sum;
      for (int slice = 1; slice < slices; slice++) {
        from += step;
        sum += Memory.getFloat(from);
      }
      Memory.putFloat(out + 4L * i, sum);
    }
  }
}
