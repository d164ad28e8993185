package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/**
 * A batched matrix product with any strides, in one of three ways, by its shape alone. <em>Shared
 * panels</em>: b is packed once into panels that every task reads, then each task packs blocks of a
 * and walks over the panels with a tile of accumulators in registers (the layers of Goto and van de
 * Geijn, "Anatomy of high-performance matrix multiplication", 2008). <em>Slices</em>, where k is
 * long and c is small, as in the gradients of weights: each task computes the sums of one slice of
 * k, and a second phase adds the slices in order. <em>Small</em> products of a batch are read where
 * they lie. Every element of c is a sum of chains of fused multiply-adds over {@value
 * GemmTiles#DEPTH} products each, whatever the way, the tile, the vector width or the number of
 * threads.
 */
final class Gemm {
  private static final int DEPTH = GemmTiles.DEPTH;
  private static final long SMALL = 64 * 64 * 64;

  /** Elements of all slices of c together, at most. */
  private static final long SLICED = 1 << 20;

  private static final int MOST_TASKS = 64;

  /** What one core does in a nanosecond, roughly, and what it takes for an element and a task. */
  private static final double PRODUCTS_PER_NANO = 50;

  private static final double PACKING = 0.12;
  private static final double READING = 0.03;
  private static final double STORING = 0.05;
  private static final double TRANSPOSING = 0.4;
  private static final double TASK_NANOS = 200;

  /**
   * Where an operand's elements lie.
   *
   * @param batchStrides elements per step of each batch loop
   * @param rowStride elements per row
   * @param columnStride elements per column
   */
  record Operand(long[] batchStrides, long rowStride, long columnStride) {
    private Operand transposed() {
      return new Operand(batchStrides, columnStride, rowStride);
    }
  }

  private enum Way {
    PANELS,
    SLICES,
    SMALL,
    DIRECT
  }

  /** Whether this is the product of the transposes, so that a is the caller's b. */
  private final boolean swapped;

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
  private final GemmTiles tiles;
  private final int panels;
  private final long panelBytes;
  private final Way way;
  private final int slices;
  private final int rowBlocks;
  private final int blockRows;
  private final int columnChunks;

  private Gemm(
      boolean swapped,
      boolean doubles,
      long[] batch,
      int m,
      int n,
      int k,
      Operand a,
      Operand b,
      Operand c,
      boolean add) {
    this.swapped = swapped;
    this.doubles = doubles;
    this.bytes = doubles ? 8 : 4;
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
    this.tiles = new GemmTiles(doubles, a.columnStride == 1 || a.rowStride != 1);
    this.panels = Math.ceilDiv(n, tiles.columns);
    this.slices = Math.max(1, Math.ceilDiv(k, DEPTH));
    this.way = way();
    this.panelBytes = tiles.panelBytes(way == Way.SLICES ? DEPTH : k);
    int tileCount = Math.max(1, Math.ceilDiv(m, tiles.rows));
    if (way == Way.SLICES) {
      // Two parts of the rows where that makes enough tasks; each packs its slice of b.
      int parts = Math.clamp(16L / (slices * batches), 1, Math.max(1, tileCount / 4));
      this.blockRows = Math.ceilDiv(tileCount, parts) * tiles.rows;
      this.columnChunks = 1;
    } else {
      int[] split = split(tileCount);
      this.blockRows = split[0] * tiles.rows;
      this.columnChunks = split[1];
    }
    this.rowBlocks = Math.ceilDiv(m, blockRows);
  }

  private Way way() {
    if (batches > 1 && (long) m * n * k <= SMALL) {
      boolean whole = tiles.lanes > 0 && m % 8 == 0 && n % tiles.lanes == 0 && k <= DEPTH;
      return whole && c.columnStride == 1 && !accumulate ? Way.DIRECT : Way.SMALL;
    }
    return slices >= 4 && (long) m * n * slices * batches <= SLICED ? Way.SLICES : Way.PANELS;
  }

  /** The tiles of a block of rows and the chunks of columns that cost least. */
  private int[] split(int tileCount) {
    int most = Math.min(tileCount, GemmTiles.BLOCK_ROWS / tiles.rows);
    // Columns of a are read piece by piece: short pieces waste most of what a cache line brings.
    int least = a.columnStride == 1 ? 1 : most;
    int[] best = {least, 1};
    double lowest = Double.MAX_VALUE;
    for (int blockTiles = least; blockTiles <= most; blockTiles++) {
      int blocks = Math.ceilDiv(tileCount, blockTiles);
      for (int chunks = 1; chunks <= Math.min(panels, MOST_TASKS); chunks++) {
        double cost = cost(blocks, chunks);
        if (cost < lowest) {
          lowest = cost;
          best = new int[] {blockTiles, chunks};
        }
      }
    }
    return best;
  }

  /**
   * What a split into tasks costs beyond the products, in nanoseconds: every chunk packs its rows
   * of a again, every block reads all of b, and at the end some threads have nothing left to do.
   */
  private double cost(int blocks, int chunks) {
    double tasks = (double) blocks * chunks * batches;
    double products = (double) m * n * k * batches / PRODUCTS_PER_NANO;
    double packing = PACKING * chunks * m * k * batches;
    double reading = READING * blocks * n * k * batches;
    return packing + reading + products / (2 * tasks) + TASK_NANOS * tasks;
  }

  /** Roughly what the product takes on one core, in nanoseconds. */
  private double nanos() {
    long rows = (long) Math.ceilDiv(m, tiles.rows) * tiles.rows;
    int width = tiles.halves ? tiles.lanes : tiles.columns;
    long columns = (long) Math.ceilDiv(n, width) * width;
    double products = (double) rows * columns * k / PRODUCTS_PER_NANO;
    double packing = PACKING * m * k + (b.columnStride == 1 ? PACKING : TRANSPOSING) * k * n;
    double storing = (c.columnStride == 1 ? STORING : TRANSPOSING) * m * n;
    return products + packing + storing;
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
    boolean doubles = dtype == DType.FLOAT64;
    Gemm asGiven = new Gemm(false, doubles, batch, m, n, k, a, b, c, accumulate);
    if (asGiven.way == Way.SMALL || asGiven.way == Way.DIRECT) {
      return asGiven;
    }
    // cᵀ = bᵀ·aᵀ sums the same chains: a product of few rows fills its tiles better that way.
    Gemm transposed =
        new Gemm(
            true,
            doubles,
            batch,
            n,
            m,
            k,
            b.transposed(),
            a.transposed(),
            c.transposed(),
            accumulate);
    return transposed.nanos() < asGiven.nanos() ? transposed : asGiven;
  }

  int phases() {
    return way == Way.SMALL || way == Way.DIRECT ? 1 : 2;
  }

  int tasks(int phase) {
    return switch (way) {
      case SMALL, DIRECT ->
          (int) Math.clamp(batches * m * n * k / 300_000, 1, Math.min(batches, 32));
      case PANELS ->
          phase == 0
              ? (int) Math.clamp(batches * panels * k * tiles.columns / 16_384, 1, batches * panels)
              : Math.toIntExact(batches * rowBlocks * columnChunks);
      case SLICES ->
          phase == 0
              ? Math.toIntExact(batches * slices * rowBlocks)
              : (int) Math.clamp(batches * m * n * slices / 32_768, 1, Math.min(16, batches * m));
    };
  }

  long sharedScratchBytes() {
    return switch (way) {
      case SMALL, DIRECT -> 0;
      case PANELS -> batches * panels * panelBytes;
      case SLICES -> batches * slices * m * n * bytes;
    };
  }

  long taskScratchBytes() {
    return way == Way.PANELS ? 0 : panels * panelBytes + 64;
  }

  /**
   * Runs a task.
   *
   * @param left the address of the left operand as it was given to {@link #plan}
   * @param right the address of the right operand
   * @param pc the address of the result
   * @param shared the address of memory that all tasks share
   * @param scratch the address of the thread's own memory
   * @param tile the thread's own arrays
   */
  void run(
      int phase,
      int task,
      long left,
      long right,
      long pc,
      long shared,
      long scratch,
      GemmTiles.Tile tile) {
    long pa = swapped ? right : left;
    long pb = swapped ? left : right;
    long count = tasks(phase);
    switch (way) {
      case SMALL, DIRECT -> {
        long to = batches * (task + 1) / count;
        for (long item = batches * task / count; item < to; item++) {
          small(address(pa, a, item), address(pb, b, item), address(pc, c, item), scratch, tile);
        }
      }
      case PANELS -> {
        if (phase == 0) {
          packPanels(task, count, pb, shared);
        } else {
          multiplyPanels(task, pa, pc, shared, tile);
        }
      }
      case SLICES -> {
        if (phase == 0) {
          multiplySlice(task, pa, pb, shared, scratch, tile);
        } else {
          addSlices(task, count, shared, pc);
        }
      }
    }
  }

  private long address(long base, Operand operand, long item) {
    long offset = 0;
    long rest = item;
    for (int loop = batch.length - 1; loop >= 0; loop--) {
      offset += rest % batch[loop] * operand.batchStrides[loop];
      rest /= batch[loop];
    }
    return base + offset * bytes;
  }

  private void packPanels(int task, long count, long pb, long shared) {
    long all = batches * panels;
    long last = all * (task + 1) / count;
    for (long i = all * task / count; i < last; ) {
      int panel = (int) (i % panels);
      int end = (int) Math.min(panels, panel + last - i);
      packB(address(pb, b, i / panels), 0, k, panel, end, shared + i * panelBytes);
      i += end - panel;
    }
  }

  private void multiplyPanels(int task, long pa, long pc, long shared, GemmTiles.Tile tile) {
    int chunk = task % columnChunks;
    int block = task / columnChunks % rowBlocks;
    long item = task / columnChunks / rowBlocks;
    int first = block * blockRows;
    rows(
        first,
        Math.min(m, first + blockRows),
        (int) ((long) panels * chunk / columnChunks),
        (int) ((long) panels * (chunk + 1) / columnChunks),
        address(pa, a, item),
        shared + item * panels * panelBytes,
        address(pc, c, item),
        tile);
  }

  /** Panels [panel, end) of some of the rows of b. */
  private void packB(long pb, int start, int depth, int panel, int end, long out) {
    int first = panel * tiles.columns;
    tiles.packB(
        pb + (start * b.rowStride + first * b.columnStride) * bytes,
        b.rowStride,
        b.columnStride,
        depth,
        Math.min(end * tiles.columns, n) - first,
        out,
        panelBytes);
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
      GemmTiles.Tile tile) {
    for (int start = 0; start < k; start += DEPTH) {
      int depth = Math.min(DEPTH, k - start);
      tiles.packA(
          pa + (from * a.rowStride + start * a.columnStride) * bytes,
          a.rowStride,
          a.columnStride,
          to - from,
          depth,
          tile);
      long bt = packed + (long) start * tiles.columns * bytes;
      for (int panel = firstPanel; panel < lastPanel; panel++) {
        block(
            from,
            to,
            depth,
            panel,
            bt + panel * panelBytes,
            pc,
            c.rowStride,
            c.columnStride,
            start > 0 || accumulate,
            tile);
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

  /** Multiplies the packed rows [from, to) by one panel. */
  private void block(
      int from,
      int to,
      int depth,
      int panel,
      long bt,
      long pc,
      long rowStride,
      long columnStride,
      boolean add,
      GemmTiles.Tile tile) {
    int columns = Math.min(tiles.columns, n - panel * tiles.columns);
    for (int row = from; row < to; row += tiles.rows) {
      tiles.multiply(depth, row - from, bt, columns, tile);
      tiles.store(
          pc + (row * rowStride + (long) panel * tiles.columns * columnStride) * bytes,
          rowStride,
          columnStride,
          tile,
          Math.min(tiles.rows, to - row),
          columns,
          add);
    }
  }

  private void multiplySlice(
      int task, long pa, long pb, long shared, long scratch, GemmTiles.Tile tile) {
    int part = task % rowBlocks;
    int slice = task / rowBlocks % slices;
    long item = task / rowBlocks / slices;
    int start = slice * DEPTH;
    int depth = Math.min(DEPTH, k - start);
    packB(address(pb, b, item), start, depth, 0, panels, scratch);
    int last = Math.min(m, (part + 1) * blockRows);
    for (int from = part * blockRows; from < last; from += GemmTiles.BLOCK_ROWS) {
      int to = Math.min(last, from + GemmTiles.BLOCK_ROWS);
      tiles.packA(
          address(pa, a, item) + (from * a.rowStride + start * a.columnStride) * bytes,
          a.rowStride,
          a.columnStride,
          to - from,
          depth,
          tile);
      long sums = shared + (item * slices + slice) * m * n * bytes;
      for (int panel = 0; panel < panels; panel++) {
        block(from, to, depth, panel, scratch + panel * panelBytes, sums, n, 1, false, tile);
      }
    }
  }

  /** Adds the slices' sums in order. */
  private void addSlices(int task, long count, long shared, long pc) {
    long step = (long) m * n * bytes;
    long all = batches * m;
    for (long i = all * task / count; i < all * (task + 1) / count; i++) {
      long item = i / m;
      long row = i % m;
      long from = shared + (item * slices * m + row) * n * bytes;
      long to = address(pc, c, item) + row * c.rowStride * bytes;
      if (tiles.lanes > 0 && !doubles && c.columnStride == 1) {
        FloatPacking.addSlices(from, step, slices, n, to, accumulate);
        continue;
      }
      for (int column = 0; column < n; column++) {
        long target = to + column * c.columnStride * bytes;
        long source = from + (long) column * bytes;
        if (doubles) {
          double sum = accumulate ? Memory.getDouble(target) : 0;
          for (int slice = 0; slice < slices; slice++) {
            double v = Memory.getDouble(source + slice * step);
            sum = slice == 0 && !accumulate ? v : sum + v;
          }
          Memory.putDouble(target, sum);
        } else {
          float sum = accumulate ? Memory.getFloat(target) : 0;
          for (int slice = 0; slice < slices; slice++) {
            float v = Memory.getFloat(source + slice * step);
            sum = slice == 0 && !accumulate ? v : sum + v;
          }
          Memory.putFloat(target, sum);
        }
      }
    }
  }

  private void small(long pa, long pb, long pc, long scratch, GemmTiles.Tile tile) {
    if (way == Way.DIRECT) {
      direct(pa, pb, pc, scratch);
      return;
    }
    packB(pb, 0, k, 0, panels, scratch);
    for (int from = 0; from < m; from += GemmTiles.BLOCK_ROWS) {
      int to = Math.min(m, from + GemmTiles.BLOCK_ROWS);
      rows(from, to, 0, panels, pa, scratch, pc, tile);
    }
  }

  /** A small product of whole tiles, read in place; only a transposed b is copied. */
  private void direct(long pa, long pb, long pc, long scratch) {
    int lanes = tiles.lanes;
    long source = pb;
    long bRow = b.rowStride;
    if (b.columnStride != 1) {
      source = scratch;
      bRow = n;
      if (!doubles && b.rowStride == 1) {
        FloatPacking.transpose(pb, b.columnStride * 4, k, n, source, n * 4L);
      } else {
        Copies.copy2d(bytes, source, n, 1, pb, b.rowStride, b.columnStride, k, n);
      }
    }
    for (int column = 0; column < n; column += lanes) {
      for (int row = 0; row < m; row += 8) {
        long at = pa + row * a.rowStride * bytes;
        long bt = source + (long) column * bytes;
        long ct = pc + (row * c.rowStride + column) * bytes;
        long aRow = a.rowStride * bytes;
        long aColumn = a.columnStride * bytes;
        if (doubles) {
          DoubleGemmKernel.direct8x1(
              k, at, aRow, aColumn, bt, bRow * bytes, ct, c.rowStride * bytes);
        } else {
          FloatGemmKernel.direct8x1(
              k, at, aRow, aColumn, bt, bRow * bytes, ct, c.rowStride * bytes);
        }
      }
    }
  }
}
