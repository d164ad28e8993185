package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/**
 * A batched matrix product with any strides. Large ones pack b once into panels that every task
 * reads, then each task packs blocks of a and walks over the panels with a tile of accumulators in
 * registers (the layers of Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", 2008). Small ones of a batch are read where they lie. Every element of c is a
 * sum of chains of fused multiply-adds over {@value #DEPTH} products each, whatever the tile, the
 * vector width or the number of threads.
 */
final class Gemm {
  /** Products in a chain: a block of a that deep stays in the L2 cache. */
  private static final int DEPTH = 256;

  private static final int BLOCK_ROWS = 96;
  private static final long SMALL = 64 * 64 * 64;

  /**
   * Where an operand's elements lie.
   *
   * @param batchStrides elements per step of each batch loop
   * @param rowStride elements per row
   * @param columnStride elements per column
   */
  record Operand(long[] batchStrides, long rowStride, long columnStride) {}

  private final DType dtype;
  private final boolean doubles;
  private final int bytes;
  private final long[] batch;
  private final long batches;
  private final int m;
  private final int n;
  private final int k;
  private final Operand a;
  private final Operand b;
  private final Operand c;
  private final boolean accumulate;
  private final int tileRows;
  private final int tileColumns;
  private final boolean wide;
  private final int panels;
  private final long panelBytes;
  private final boolean small;
  private final boolean direct;
  private final int rowBlocks;
  private final int blockRows;
  private final int columnChunks;

  private Gemm(
      DType dtype,
      long[] batch,
      int m,
      int n,
      int k,
      Operand a,
      Operand b,
      Operand c,
      boolean add) {
    this.dtype = dtype;
    this.doubles = dtype == DType.FLOAT64;
    this.bytes = dtype.bytes();
    this.batch = batch;
    long product = 1;
    for (long extent : batch) {
      product *= extent;
    }
    this.batches = product;
    this.m = m;
    this.n = n;
    this.k = k;
    this.a = a;
    this.b = b;
    this.c = c;
    this.accumulate = add;
    int lanes = Width.VECTORS ? lanes() : 0;
    this.wide = lanes * bytes == 64;
    this.tileRows = lanes == 0 ? ScalarGemmKernel.SIDE : wide ? 12 : 4;
    this.tileColumns = lanes == 0 ? ScalarGemmKernel.SIDE : 2 * lanes;
    this.panels = Math.ceilDiv(n, tileColumns);
    this.panelBytes = (long) k * tileColumns * bytes;
    this.small = batches > 1 && (long) m * n * k <= SMALL;
    this.direct =
        small
            && lanes > 0
            && m % 8 == 0
            && n % lanes == 0
            && k <= DEPTH
            && c.columnStride == 1
            && !add;
    int blocks = Math.ceilDiv(m, BLOCK_ROWS);
    this.blockRows = Math.ceilDiv(Math.ceilDiv(m, blocks), tileRows) * tileRows;
    this.rowBlocks = Math.ceilDiv(m, blockRows);
    // Enough tasks for a balance over threads also where there are few rows.
    this.columnChunks = Math.clamp(Math.ceilDiv(16, rowBlocks * batches), 1, panels);
  }

  private int lanes() {
    return doubles ? Species.DOUBLE.length() : Species.FLOAT.length();
  }

  /**
   * Plans a product c[b, i, j] = Σ a[b, i, p]·b[b, p, j].
   *
   * @param dtype float32 or float64
   * @param batch the extents of the batch loops
   * @param m rows of a
   * @param n columns of b
   * @param k products in each sum
   * @param a the left operand
   * @param b the right operand
   * @param c the result
   * @param accumulate whether the sums are added to what c holds
   * @return the plan
   */
  static Gemm plan(
      DType dtype,
      long[] batch,
      int m,
      int n,
      int k,
      Operand a,
      Operand b,
      Operand c,
      boolean accumulate) {
    if (dtype != DType.FLOAT32 && dtype != DType.FLOAT64) {
      throw new IllegalArgumentException(
          "matmul: expected float32 or float64 on the cpu, got " + dtype + "; cast the operands");
    }
    return new Gemm(dtype, batch, m, n, k, a, b, c, accumulate);
  }

  int phases() {
    return small ? 1 : 2;
  }

  int tasks(int phase) {
    if (small) {
      return (int) Math.clamp(batches * m * n * k / 300_000, 1, Math.min(batches, 32));
    }
    if (phase == 0) {
      return (int)
          Math.clamp(batches * panels * (long) k * tileColumns / 32_768, 1, batches * panels);
    }
    return Math.toIntExact(batches * rowBlocks * columnChunks);
  }

  long sharedScratchBytes() {
    return small ? 0 : batches * panels * panelBytes;
  }

  long taskScratchBytes() {
    long tile = (long) tileRows * tileColumns * bytes + 64;
    long block = (long) blockRows * DEPTH * bytes + 64;
    return tile + block + (small ? panels * panelBytes + 64 : 0);
  }

  /** The floating point operations of the whole product. */
  long flops() {
    return 2 * batches * m * n * (long) k;
  }

  void run(int phase, int task, long pa, long pb, long pc, long shared, long scratch) {
    long count = tasks(phase);
    if (small) {
      long from = batches * task / count;
      long to = batches * (task + 1) / count;
      for (long item = from; item < to; item++) {
        long at = pa + offset(a, item) * bytes;
        long bt = pb + offset(b, item) * bytes;
        long ct = pc + offset(c, item) * bytes;
        if (direct) {
          direct(at, bt, ct, scratch);
        } else {
          long packed = scratch + taskScratchBytes() - panels * panelBytes - 64;
          for (int panel = 0; panel < panels; panel++) {
            packB(bt, packed, panel);
          }
          rows(0, m, 0, panels, at, packed, ct, scratch);
        }
      }
      return;
    }
    if (phase == 0) {
      long all = batches * panels;
      for (long i = all * task / count; i < all * (task + 1) / count; i++) {
        packB(
            pb + offset(b, i / panels) * bytes,
            shared + i / panels * panels * panelBytes,
            (int) (i % panels));
      }
      return;
    }
    int chunk = task % columnChunks;
    int block = task / columnChunks % rowBlocks;
    long item = task / columnChunks / rowBlocks;
    int first = block * blockRows;
    rows(
        first,
        Math.min(m, first + blockRows),
        (int) ((long) panels * chunk / columnChunks),
        (int) ((long) panels * (chunk + 1) / columnChunks),
        pa + offset(a, item) * bytes,
        shared + item * panels * panelBytes,
        pc + offset(c, item) * bytes,
        scratch);
  }

  private long offset(Operand operand, long item) {
    long offset = 0;
    long rest = item;
    for (int loop = batch.length - 1; loop >= 0; loop--) {
      offset += rest % batch[loop] * operand.batchStrides[loop];
      rest /= batch[loop];
    }
    return offset;
  }

  /** Rows [from, to) of one product, over some of the panels of b. */
  private void rows(
      int from,
      int to,
      int firstPanel,
      int lastPanel,
      long pa,
      long packed,
      long pc,
      long scratch) {
    long tile = scratch;
    long block = scratch + (long) tileRows * tileColumns * bytes + 64;
    for (int start = 0; start < k; start += DEPTH) {
      int depth = Math.min(DEPTH, k - start);
      packA(pa + start * a.columnStride * bytes, block, from, to, depth);
      for (int panel = firstPanel; panel < lastPanel; panel++) {
        long bt = packed + panel * panelBytes + (long) start * tileColumns * bytes;
        int columns = Math.min(tileColumns, n - panel * tileColumns);
        for (int row = from; row < to; row += tileRows) {
          multiply(depth, block + (long) (row - from) * depth * bytes, bt, tile);
          int rows = Math.min(tileRows, to - row);
          long ct = pc + (row * c.rowStride + (long) panel * tileColumns * c.columnStride) * bytes;
          store(ct, tile, rows, columns, start > 0 || accumulate);
        }
      }
    }
    if (k == 0 && !accumulate) {
      for (int row = from; row < to; row++) {
        for (int column = 0; column < n; column++) {
          Copies.fillBits(bytes, pc + (row * c.rowStride + column * c.columnStride) * bytes, 0, 1);
        }
      }
    }
  }

  private void multiply(int depth, long at, long bt, long tile) {
    if (!Width.VECTORS) {
      if (doubles) {
        ScalarGemmKernel.doubles(depth, at, bt, tile);
      } else {
        ScalarGemmKernel.floats(depth, at, bt, tile);
      }
    } else if (doubles) {
      if (wide) {
        DoubleGemmKernel.tile12x2(depth, at, bt, tile);
      } else {
        DoubleGemmKernel.tile4x2(depth, at, bt, tile);
      }
    } else if (wide) {
      FloatGemmKernel.tile12x2(depth, at, bt, tile);
    } else {
      FloatGemmKernel.tile4x2(depth, at, bt, tile);
    }
  }

  private void store(long ct, long tile, int rows, int columns, boolean add) {
    for (int row = 0; row < rows; row++) {
      long source = tile + (long) row * tileColumns * bytes;
      long target = ct + row * c.rowStride * bytes;
      if (c.columnStride != 1) {
        for (int column = 0; column < columns; column++) {
          addRow(target + column * c.columnStride * bytes, source + (long) column * bytes, 1, add);
        }
      } else {
        addRow(target, source, columns, add);
      }
    }
  }

  private void addRow(long target, long source, int columns, boolean add) {
    if (!Width.VECTORS) {
      ScalarGemmKernel.addRow(doubles, target, source, columns, add);
    } else if (doubles) {
      DoubleGemmKernel.addRow(target, source, columns, add);
    } else {
      FloatGemmKernel.addRow(target, source, columns, add);
    }
  }

  /** A block of rows in panels of a tile's height: for each k a tile's column. */
  private void packA(long pa, long block, int from, int to, int depth) {
    for (int row = from; row < to; row += tileRows) {
      int rows = Math.min(tileRows, to - row);
      long out = block + (long) (row - from) * depth * bytes;
      if (rows < tileRows) {
        Copies.fillBits(bytes, out, 0, tileRows * depth);
      }
      Copies.copy2d(
          bytes,
          out,
          1,
          tileRows,
          pa + row * a.rowStride * bytes,
          a.rowStride,
          a.columnStride,
          rows,
          depth);
    }
  }

  /** One panel of columns: for each k a tile's row. */
  private void packB(long pb, long packed, int panel) {
    int first = panel * tileColumns;
    int columns = Math.min(tileColumns, n - first);
    long out = packed + panel * panelBytes;
    if (columns < tileColumns) {
      Copies.fillBits(bytes, out, 0, tileColumns * k);
    }
    Copies.copy2d(
        bytes,
        out,
        tileColumns,
        1,
        pb + first * b.columnStride * bytes,
        b.rowStride,
        b.columnStride,
        k,
        columns);
  }

  /** A small product of whole tiles, read in place; only a transposed b is copied. */
  private void direct(long pa, long pb, long pc, long scratch) {
    int lanes = tileColumns / 2;
    long source = pb;
    long bRow = b.rowStride;
    if (b.columnStride != 1) {
      source = scratch + taskScratchBytes() - panels * panelBytes - 64;
      bRow = n;
      Copies.copy2d(bytes, source, n, 1, pb, b.rowStride, b.columnStride, k, n);
    }
    for (int column = 0; column < n; column += lanes) {
      for (int row = 0; row < m; row += 8) {
        long at = pa + row * a.rowStride * bytes;
        long bt = source + (long) column * bytes;
        long ct = pc + (row * c.rowStride + column) * bytes;
        if (doubles) {
          DoubleGemmKernel.direct8x1(
              k,
              at,
              a.rowStride * bytes,
              a.columnStride * bytes,
              bt,
              bRow * bytes,
              ct,
              c.rowStride * bytes);
        } else {
          FloatGemmKernel.direct8x1(
              k,
              at,
              a.rowStride * bytes,
              a.columnStride * bytes,
              bt,
              bRow * bytes,
              ct,
              c.rowStride * bytes);
        }
      }
    }
  }
}
