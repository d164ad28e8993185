package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/** Copies with strides, and blocks filled with one value, with repeated values or with indices. */
final class Copies {
  /** The side of the squares in which two dimensions are copied: eight cache lines at a time. */
  private static final int SIDE = 8;

  /** Rows shorter than this are copied by a loop, since calling for a copy costs more. */
  private static final int SHORT_BYTES = 64;

  private Copies() {}

  /** Copies n elements of 1, 2, 4 or 8 bytes; strides count elements and may be negative or 0. */
  static void copyStrided(
      int elementSize, long out, long outStride, long in, long inStride, int n) {
    if (outStride == 1 && inStride == 1 && (long) n * elementSize >= SHORT_BYTES) {
      Memory.copy(out, in, (long) n * elementSize);
      return;
    }
    switch (elementSize) {
      case 1 -> {
        for (int i = 0; i < n; i++) {
          Memory.putByte(out + outStride * i, Memory.getByte(in + inStride * i));
        }
      }
      case 2 -> {
        for (int i = 0; i < n; i++) {
          Memory.putShort(out + 2L * outStride * i, Memory.getShort(in + 2L * inStride * i));
        }
      }
      case 4 -> {
        for (int i = 0; i < n; i++) {
          Memory.putInt(out + 4L * outStride * i, Memory.getInt(in + 4L * inStride * i));
        }
      }
      case 8 -> {
        for (int i = 0; i < n; i++) {
          Memory.putLong(out + 8L * outStride * i, Memory.getLong(in + 8L * inStride * i));
        }
      }
      default -> throw unsupported(elementSize);
    }
  }

  /**
   * Copies rows × columns elements; strides count elements. Fastest where the columns of both sides
   * are contiguous; else square by square, so that a transpose uses whole cache lines.
   */
  static void copy2d(
      int elementSize,
      long out,
      long outRowStride,
      long outColumnStride,
      long in,
      long inRowStride,
      long inColumnStride,
      int rows,
      int columns) {
    if (outColumnStride == 1 && inColumnStride == 1) {
      if (outRowStride == columns && inRowStride == columns) {
        Memory.copy(out, in, (long) elementSize * rows * columns);
        return;
      }
      for (int row = 0; row < rows; row++) {
        copyStrided(
            elementSize,
            out + elementSize * outRowStride * row,
            1,
            in + elementSize * inRowStride * row,
            1,
            columns);
      }
      return;
    }
    long outRow = elementSize * outRowStride;
    long outColumn = elementSize * outColumnStride;
    long inRow = elementSize * inRowStride;
    long inColumn = elementSize * inColumnStride;
    for (int row = 0; row < rows; row += SIDE) {
      int height = Math.min(SIDE, rows - row);
      for (int column = 0; column < columns; column += SIDE) {
        int width = Math.min(SIDE, columns - column);
        long to = out + outRow * row + outColumn * column;
        long from = in + inRow * row + inColumn * column;
        switch (elementSize) {
          case 1 -> squareBytes(to, outRow, outColumn, from, inRow, inColumn, height, width);
          case 2 -> squareShorts(to, outRow, outColumn, from, inRow, inColumn, height, width);
          case 4 -> squareInts(to, outRow, outColumn, from, inRow, inColumn, height, width);
          case 8 -> squareLongs(to, outRow, outColumn, from, inRow, inColumn, height, width);
          default -> throw unsupported(elementSize);
        }
      }
    }
  }

  private static void squareBytes(
      long out,
      long outRow,
      long outColumn,
      long in,
      long inRow,
      long inColumn,
      int height,
      int width) {
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        Memory.putByte(
            out + outRow * row + outColumn * column,
            Memory.getByte(in + inRow * row + inColumn * column));
      }
    }
  }

  private static void squareShorts(
      long out,
      long outRow,
      long outColumn,
      long in,
      long inRow,
      long inColumn,
      int height,
      int width) {
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        Memory.putShort(
            out + outRow * row + outColumn * column,
            Memory.getShort(in + inRow * row + inColumn * column));
      }
    }
  }

  private static void squareInts(
      long out,
      long outRow,
      long outColumn,
      long in,
      long inRow,
      long inColumn,
      int height,
      int width) {
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        Memory.putInt(
            out + outRow * row + outColumn * column,
            Memory.getInt(in + inRow * row + inColumn * column));
      }
    }
  }

  private static void squareLongs(
      long out,
      long outRow,
      long outColumn,
      long in,
      long inRow,
      long inColumn,
      int height,
      int width) {
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        Memory.putLong(
            out + outRow * row + outColumn * column,
            Memory.getLong(in + inRow * row + inColumn * column));
      }
    }
  }

  /** Repeats each of rows elements length times. */
  static void expandRows(int elementSize, long a, int rows, int length, long out) {
    switch (elementSize) {
      case 1 -> {
        for (int row = 0; row < rows; row++) {
          fillBytes(out + row * length, Memory.getByte(a + row), length);
        }
      }
      case 2 -> {
        for (int row = 0; row < rows; row++) {
          fillShorts(out + 2L * row * length, Memory.getShort(a + 2L * row), length);
        }
      }
      case 4 -> {
        for (int row = 0; row < rows; row++) {
          fillInts(out + 4L * row * length, Memory.getInt(a + 4L * row), length);
        }
      }
      case 8 -> {
        for (int row = 0; row < rows; row++) {
          fillLongs(out + 8L * row * length, Memory.getLong(a + 8L * row), length);
        }
      }
      default -> throw unsupported(elementSize);
    }
  }

  /** Writes the same bits n times. */
  static void fillBits(int elementSize, long out, long bits, int n) {
    switch (elementSize) {
      case 1 -> fillBytes(out, (byte) bits, n);
      case 2 -> fillShorts(out, (short) bits, n);
      case 4 -> fillInts(out, (int) bits, n);
      case 8 -> fillLongs(out, bits, n);
      default -> throw unsupported(elementSize);
    }
  }

  /** Writes a value, rounded to its dtype, n times. */
  static void fill(DType dtype, long out, double value, int n) {
    fillBits(dtype.bytes(), out, bits(dtype, value), n);
  }

  /** The bits of a value in a dtype, rounded as a cast from float64 does. */
  static long bits(DType dtype, double value) {
    return switch (dtype) {
      case FLOAT32 -> Float.floatToRawIntBits((float) value);
      case FLOAT64 -> Double.doubleToRawLongBits(value);
      case INT32 -> (int) value;
      case INT64 -> (long) value;
      case BOOL -> value != 0 ? 1 : 0;
      case FLOAT16 -> Float.floatToFloat16((float) value);
      case BFLOAT16 -> Casts.floatToBrain((float) value);
    };
  }

  private static void fillBytes(long out, byte value, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putByte(out + i, value);
    }
  }

  private static void fillShorts(long out, short value, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putShort(out + 2L * i, value);
    }
  }

  private static void fillInts(long out, int value, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putInt(out + 4L * i, value);
    }
  }

  private static void fillLongs(long out, long value, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putLong(out + 8L * i, value);
    }
  }

  /** Writes start, start + step, start + 2 step and so on, n of them. */
  static void iota(DType dtype, long out, long start, long step, int n) {
    switch (dtype) {
      case FLOAT32 -> {
        for (int i = 0; i < n; i++) {
          Memory.putFloat(out + 4L * i, start + step * i);
        }
      }
      case FLOAT64 -> {
        for (int i = 0; i < n; i++) {
          Memory.putDouble(out + 8L * i, start + step * i);
        }
      }
      case INT32 -> {
        for (int i = 0; i < n; i++) {
          Memory.putInt(out + 4L * i, (int) (start + step * i));
        }
      }
      case INT64 -> {
        for (int i = 0; i < n; i++) {
          Memory.putLong(out + 8L * i, start + step * i);
        }
      }
      case BOOL -> {
        for (int i = 0; i < n; i++) {
          Memory.putBoolean(out + i, start + step * i != 0);
        }
      }
      case FLOAT16, BFLOAT16 ->
          throw new IllegalArgumentException(
              "iota: %s only stores values; count in float32 and cast".formatted(dtype));
    }
  }

  private static IllegalArgumentException unsupported(int elementSize) {
    return new IllegalArgumentException(
        "copy: expected elements of 1, 2, 4 or 8 bytes, got " + elementSize);
  }
}
