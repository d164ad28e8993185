package org.fluxion.tensor.cpu;

/** The innermost loops of matrix products without vectors; the same chains, so the same bits. */
final class ScalarGemmKernel {
  /** Rows and columns of a tile. */
  static final int SIDE = 4;

  private ScalarGemmKernel() {}

  static void floats(int k, float[] a, int from, boolean byRows, long b, float[] tile) {
    for (int i = 0; i < SIDE; i++) {
      int first = byRows ? from + i * k : from + i;
      int step = byRows ? 1 : SIDE;
      for (int j = 0; j < SIDE; j++) {
        float sum = 0;
        for (int p = 0; p < k; p++) {
          sum = Math.fma(a[first + p * step], Memory.getFloat(b + 4L * (SIDE * p + j)), sum);
        }
        tile[i * SIDE + j] = sum;
      }
    }
  }

  static void doubles(int k, double[] a, int from, boolean byRows, long b, double[] tile) {
    for (int i = 0; i < SIDE; i++) {
      int first = byRows ? from + i * k : from + i;
      int step = byRows ? 1 : SIDE;
      for (int j = 0; j < SIDE; j++) {
        double sum = 0;
        for (int p = 0; p < k; p++) {
          sum = Math.fma(a[first + p * step], Memory.getDouble(b + 8L * (SIDE * p + j)), sum);
        }
        tile[i * SIDE + j] = sum;
      }
    }
  }

  static void addRow(long c, float[] tile, int from, int n, boolean add) {
    for (int i = 0; i < n; i++) {
      float v = tile[from + i];
      Memory.putFloat(c + 4L * i, add ? Memory.getFloat(c + 4L * i) + v : v);
    }
  }

  static void addRow(long c, double[] tile, int from, int n, boolean add) {
    for (int i = 0; i < n; i++) {
      double v = tile[from + i];
      Memory.putDouble(c + 8L * i, add ? Memory.getDouble(c + 8L * i) + v : v);
    }
  }
}
