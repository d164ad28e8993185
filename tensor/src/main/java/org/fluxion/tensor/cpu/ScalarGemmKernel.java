package org.fluxion.tensor.cpu;

/** The innermost loops of matrix products without vectors; the same chains, so the same bits. */
final class ScalarGemmKernel {
  /** Rows and columns of a tile. */
  static final int SIDE = 4;

  private ScalarGemmKernel() {}

  static void floats(int k, long a, long b, long tile) {
    for (int i = 0; i < SIDE; i++) {
      for (int j = 0; j < SIDE; j++) {
        float sum = 0;
        for (int p = 0; p < k; p++) {
          long step = 4L * SIDE * p;
          sum =
              Math.fma(Memory.getFloat(a + step + 4L * i), Memory.getFloat(b + step + 4L * j), sum);
        }
        Memory.putFloat(tile + 4L * (i * SIDE + j), sum);
      }
    }
  }

  static void doubles(int k, long a, long b, long tile) {
    for (int i = 0; i < SIDE; i++) {
      for (int j = 0; j < SIDE; j++) {
        double sum = 0;
        for (int p = 0; p < k; p++) {
          long step = 8L * SIDE * p;
          sum =
              Math.fma(
                  Memory.getDouble(a + step + 8L * i), Memory.getDouble(b + step + 8L * j), sum);
        }
        Memory.putDouble(tile + 8L * (i * SIDE + j), sum);
      }
    }
  }

  static void addRow(boolean doubles, long c, long tile, int n, boolean add) {
    for (int i = 0; i < n; i++) {
      if (doubles) {
        double v = Memory.getDouble(tile + 8L * i);
        Memory.putDouble(c + 8L * i, add ? Memory.getDouble(c + 8L * i) + v : v);
      } else {
        float v = Memory.getFloat(tile + 4L * i);
        Memory.putFloat(c + 4L * i, add ? Memory.getFloat(c + 4L * i) + v : v);
      }
    }
  }
}
