package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/** Temporary. */
final class Gemm {
  record Operand(long[] batchStrides, long rowStride, long columnStride) {}

  DType dtype;
  long[] batch;
  int m, n, k;
  Operand a, b, c;
  long batches = 1;

  static Gemm plan(
      DType dtype,
      long[] batch,
      int m,
      int n,
      int k,
      Operand a,
      Operand b,
      Operand c,
      boolean acc) {
    Gemm g = new Gemm();
    g.dtype = dtype;
    g.batch = batch;
    g.m = m;
    g.n = n;
    g.k = k;
    g.a = a;
    g.b = b;
    g.c = c;
    for (long x : batch) g.batches *= x;
    return g;
  }

  int phases() {
    return 1;
  }

  int tasks(int p) {
    return (int) Math.min(batches * m, 16);
  }

  long sharedScratchBytes() {
    return 0;
  }

  long taskScratchBytes() {
    return 0;
  }

  void run(int phase, int task, long pa, long pb, long pc, long shared, long scratch) {
    int t = tasks(0);
    for (long r = batches * m * task / t; r < batches * m * (task + 1) / t; r++) {
      long bi = r / m;
      long i = r % m;
      long oa = i * a.rowStride, ob = 0, oc = i * c.rowStride;
      for (int d = batch.length - 1; d >= 0; d--) {
        long x = bi % batch[d];
        bi /= batch[d];
        oa += x * a.batchStrides[d];
        ob += x * b.batchStrides[d];
        oc += x * c.batchStrides[d];
      }
      for (int j = 0; j < n; j++) {
        double s = 0;
        for (int p = 0; p < k; p++) {
          long ia = oa + p * a.columnStride, ib = ob + p * b.rowStride + j * b.columnStride;
          s +=
              dtype == DType.FLOAT32
                  ? (double) Memory.getFloat(pa + ia * 4) * Memory.getFloat(pb + ib * 4)
                  : Memory.getDouble(pa + ia * 8) * Memory.getDouble(pb + ib * 8);
        }
        long ic = oc + j * c.columnStride;
        if (dtype == DType.FLOAT32) Memory.putFloat(pc + ic * 4, (float) s);
        else Memory.putDouble(pc + ic * 8, s);
      }
    }
  }
}
