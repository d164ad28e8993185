package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/** Stable sorting of rows, by merging; what it needs lies in scratch memory. */
final class Sorting {
  private Sorting() {}

  /** Writes the order of each row's elements as int32; NaN comes last, both zeros are equal. */
  static void argSort(
      DType dtype, long in, long out, int length, long fromRow, long toRow, long scratch) {
    for (long row = fromRow; row < toRow; row++) {
      long base = in + row * length * dtype.bytes();
      long a = out + row * length * 4;
      for (int i = 0; i < length; i++) {
        Memory.putInt(a + i * 4L, i);
      }
      for (int width = 1; width < length; width *= 2) {
        for (int start = 0; start < length; start += 2 * width) {
          int middle = Math.min(start + width, length);
          merge(dtype, base, a, scratch, start, middle, Math.min(start + 2 * width, length));
        }
        Memory.copy(a, scratch, length * 4L);
      }
    }
  }

  private static void merge(
      DType dtype, long base, long order, long merged, int start, int middle, int end) {
    int i = start;
    int j = middle;
    for (int k = start; k < end; k++) {
      boolean left =
          j >= end
              || (i < middle
                  && compare(
                          dtype, base, Memory.getInt(order + i * 4L), Memory.getInt(order + j * 4L))
                      <= 0);
      Memory.putInt(merged + k * 4L, Memory.getInt(order + (left ? i++ : j++) * 4L));
    }
  }

  private static int compare(DType dtype, long base, int i, int j) {
    return switch (dtype) {
      case FLOAT32 ->
          Float.compare(Memory.getFloat(base + i * 4L) + 0f, Memory.getFloat(base + j * 4L) + 0f);
      case FLOAT64 ->
          Double.compare(
              Memory.getDouble(base + i * 8L) + 0d, Memory.getDouble(base + j * 8L) + 0d);
      case INT32 -> Integer.compare(Memory.getInt(base + i * 4L), Memory.getInt(base + j * 4L));
      case INT64 -> Long.compare(Memory.getLong(base + i * 8L), Memory.getLong(base + j * 8L));
      default -> throw new IllegalStateException("no order on " + dtype);
    };
  }
}
