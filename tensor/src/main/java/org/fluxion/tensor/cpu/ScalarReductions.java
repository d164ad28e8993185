package org.fluxion.tensor.cpu;

/** {@link Reductions} in scalar loops, in the order that the vector versions follow. */
final class ScalarReductions {
  /** The virtual lanes of a row sum. */
  static final int LANES = 16;

  private ScalarReductions() {}

  static void floatRowSum(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      long start = a + 4L * row * length;
      float even = floatLanes(start, length, 0) + floatLanes(start, length, 2);
      float odd = floatLanes(start, length, 1) + floatLanes(start, length, 3);
      Memory.putFloat(out + 4L * row, even + odd);
    }
  }

  /** The sum of lanes l, l + 4, l + 8 and l + 12 in the tree's order. */
  private static float floatLanes(long a, int length, int lane) {
    return (floatLane(a, length, lane) + floatLane(a, length, lane + 8))
        + (floatLane(a, length, lane + 4) + floatLane(a, length, lane + 12));
  }

  private static float floatLane(long a, int length, int lane) {
    float sum = 0;
    for (int i = lane; i < length; i += LANES) {
      sum += Memory.getFloat(a + 4L * i);
    }
    return sum;
  }

  static void floatRowMax(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      float max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < length; i++) {
        max = Math.max(max, Memory.getFloat(a + 4L * ((long) row * length + i)));
      }
      Memory.putFloat(out + 4L * row, max);
    }
  }

  static void floatColumnSum(long a, int rows, int columns, long accumulator) {
    floatColumnSum(a, rows, columns, accumulator, 0);
  }

  static void floatColumnMax(long a, int rows, int columns, long accumulator) {
    floatColumnMax(a, rows, columns, accumulator, 0);
  }

  /** Only the columns from a first one on. */
  static void floatColumnSum(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 4L * ((long) row * columns + i);
        long at = accumulator + 4L * i;
        Memory.putFloat(at, Memory.getFloat(at) + Memory.getFloat(in));
      }
    }
  }

  /** Only the columns from a first one on. */
  static void floatColumnMax(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 4L * ((long) row * columns + i);
        long at = accumulator + 4L * i;
        Memory.putFloat(at, Math.max(Memory.getFloat(at), Memory.getFloat(in)));
      }
    }
  }

  static void doubleRowSum(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      long start = a + 8L * row * length;
      double even = doubleLanes(start, length, 0) + doubleLanes(start, length, 2);
      double odd = doubleLanes(start, length, 1) + doubleLanes(start, length, 3);
      Memory.putDouble(out + 8L * row, even + odd);
    }
  }

  /** The sum of lanes l, l + 4, l + 8 and l + 12 in the tree's order. */
  private static double doubleLanes(long a, int length, int lane) {
    return (doubleLane(a, length, lane) + doubleLane(a, length, lane + 8))
        + (doubleLane(a, length, lane + 4) + doubleLane(a, length, lane + 12));
  }

  private static double doubleLane(long a, int length, int lane) {
    double sum = 0;
    for (int i = lane; i < length; i += LANES) {
      sum += Memory.getDouble(a + 8L * i);
    }
    return sum;
  }

  static void doubleRowMax(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < length; i++) {
        max = Math.max(max, Memory.getDouble(a + 8L * ((long) row * length + i)));
      }
      Memory.putDouble(out + 8L * row, max);
    }
  }

  static void doubleColumnSum(long a, int rows, int columns, long accumulator) {
    doubleColumnSum(a, rows, columns, accumulator, 0);
  }

  static void doubleColumnMax(long a, int rows, int columns, long accumulator) {
    doubleColumnMax(a, rows, columns, accumulator, 0);
  }

  /** Only the columns from a first one on. */
  static void doubleColumnSum(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 8L * ((long) row * columns + i);
        long at = accumulator + 8L * i;
        Memory.putDouble(at, Memory.getDouble(at) + Memory.getDouble(in));
      }
    }
  }

  /** Only the columns from a first one on. */
  static void doubleColumnMax(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 8L * ((long) row * columns + i);
        long at = accumulator + 8L * i;
        Memory.putDouble(at, Math.max(Memory.getDouble(at), Memory.getDouble(in)));
      }
    }
  }

  static void intRowSum(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      int sum = 0;
      for (int i = 0; i < length; i++) {
        sum += Memory.getInt(a + 4L * ((long) row * length + i));
      }
      Memory.putInt(out + 4L * row, sum);
    }
  }

  static void intRowMax(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      int max = Integer.MIN_VALUE;
      for (int i = 0; i < length; i++) {
        max = Math.max(max, Memory.getInt(a + 4L * ((long) row * length + i)));
      }
      Memory.putInt(out + 4L * row, max);
    }
  }

  static void intColumnSum(long a, int rows, int columns, long accumulator) {
    intColumnSum(a, rows, columns, accumulator, 0);
  }

  static void intColumnMax(long a, int rows, int columns, long accumulator) {
    intColumnMax(a, rows, columns, accumulator, 0);
  }

  /** Only the columns from a first one on. */
  static void intColumnSum(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 4L * ((long) row * columns + i);
        long at = accumulator + 4L * i;
        Memory.putInt(at, Memory.getInt(at) + Memory.getInt(in));
      }
    }
  }

  /** Only the columns from a first one on. */
  static void intColumnMax(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 4L * ((long) row * columns + i);
        long at = accumulator + 4L * i;
        Memory.putInt(at, Math.max(Memory.getInt(at), Memory.getInt(in)));
      }
    }
  }

  static void longRowSum(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      long sum = 0;
      for (int i = 0; i < length; i++) {
        sum += Memory.getLong(a + 8L * ((long) row * length + i));
      }
      Memory.putLong(out + 8L * row, sum);
    }
  }

  static void longRowMax(long a, int rows, int length, long out) {
    for (int row = 0; row < rows; row++) {
      long max = Long.MIN_VALUE;
      for (int i = 0; i < length; i++) {
        max = Math.max(max, Memory.getLong(a + 8L * ((long) row * length + i)));
      }
      Memory.putLong(out + 8L * row, max);
    }
  }

  static void longColumnSum(long a, int rows, int columns, long accumulator) {
    longColumnSum(a, rows, columns, accumulator, 0);
  }

  static void longColumnMax(long a, int rows, int columns, long accumulator) {
    longColumnMax(a, rows, columns, accumulator, 0);
  }

  /** Only the columns from a first one on. */
  static void longColumnSum(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 8L * ((long) row * columns + i);
        long at = accumulator + 8L * i;
        Memory.putLong(at, Memory.getLong(at) + Memory.getLong(in));
      }
    }
  }

  /** Only the columns from a first one on. */
  static void longColumnMax(long a, int rows, int columns, long accumulator, int first) {
    for (int row = 0; row < rows; row++) {
      for (int i = first; i < columns; i++) {
        long in = a + 8L * ((long) row * columns + i);
        long at = accumulator + 8L * i;
        Memory.putLong(at, Math.max(Memory.getLong(at), Memory.getLong(in)));
      }
    }
  }
}
