package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.DType;

/**
 * Every element is a sum of chains of fused multiply-adds over 256 products each, to the bit,
 * whatever the shape, the strides and the way that the product takes.
 */
class GemmTest {
  private static final double UNTOUCHED = 7.25;

  @Property(tries = 120, seed = "4225")
  void isASumOfChains(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int m,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll @IntRange(min = 0, max = 90) int k) {
    agrees(new Random(seed), m, n, k);
  }

  @Property(tries = 6, seed = "8053")
  void isASumOfChainsWhereEveryExtentIsLarge(
      @ForAll long seed,
      @ForAll @IntRange(min = 90, max = 230) int m,
      @ForAll @IntRange(min = 90, max = 230) int n,
      @ForAll @IntRange(min = 250, max = 600) int k) {
    agrees(new Random(seed), m, n, k);
  }

  @Property(tries = 15, seed = "5569")
  void isASumOfChainsWhereSumsAreLong(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 130) int m,
      @ForAll @IntRange(min = 1, max = 50) int n,
      @ForAll @IntRange(min = 760, max = 1600) int k) {
    agrees(new Random(seed), m, n, k);
  }

  /** Whole tiles of small products are read where they lie. */
  @Property(tries = 40, seed = "2544")
  void isASumOfChainsInAttention(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int m,
      @ForAll @IntRange(min = 1, max = 4) int n,
      @ForAll @IntRange(min = 1, max = 80) int k) {
    agrees(new Random(seed), 16 * m, 16 * n, k);
  }

  /** The law on some products of both dtypes, for processes of another vector width. */
  static void everyElementIsASumOfChains(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 12; i++) {
      agrees(random, 1 + random.nextInt(70), 1 + random.nextInt(70), random.nextInt(90));
      agrees(random, 16 * (1 + random.nextInt(3)), 16, 1 + random.nextInt(80));
    }
    for (int i = 0; i < 2; i++) {
      agrees(random, 90 + random.nextInt(40), 90 + random.nextInt(40), 300);
    }
  }

  private static void agrees(Random random, int m, int n, int k) {
    DType dtype = random.nextInt(3) == 0 ? DType.FLOAT64 : DType.FLOAT32;
    long work = (long) m * n * Math.max(1, k);
    int most = Math.clamp(4_000_000 / work, 1, 3);
    long[] batch = new long[random.nextInt(3)];
    for (int i = 0; i < batch.length; i++) {
      batch[i] = 1 + random.nextInt(most);
    }
    boolean add = random.nextInt(4) == 0;
    try (Arena arena = Arena.ofConfined()) {
      Matrix a = new Matrix(arena, random, dtype, batch, m, k, true);
      Matrix b = new Matrix(arena, random, dtype, batch, k, n, true);
      Matrix c = new Matrix(arena, random, dtype, batch, m, n, false);
      c.fill(random, add);
      double[] before = c.elements();
      Gemm gemm = Gemm.plan(dtype, batch, m, n, k, a.operand, b.operand, c.operand, add);
      run(gemm, arena, random, a, b, c);
      double[] after = c.elements();
      for (int item = 0; item < a.items(); item++) {
        for (int i = 0; i < m; i++) {
          for (int j = 0; j < n; j++) {
            int at = (int) c.index(item, i, j);
            double expected = sum(a, b, item, i, j, k, add, before[at]);
            before[at] = expected;
            int row = i;
            int column = j;
            assertEquals(
                expected,
                after[at],
                () -> m + "×" + k + "×" + n + " " + dtype + ": element " + row + ", " + column);
          }
        }
      }
      // What lies between the elements of c stays as it was.
      for (int at = 0; at < before.length; at++) {
        assertEquals(before[at], after[at], "beside the result");
      }
    }
  }

  /** Tasks of a phase may run in any order, on any thread's memory. */
  private static void run(Gemm gemm, Arena arena, Random random, Matrix a, Matrix b, Matrix c) {
    long shared = arena.allocate(Math.max(64, gemm.sharedScratchBytes()), 64).address();
    GemmTiles.Tile tile = new GemmTiles.Tile(true, true);
    MemorySegment scratch = arena.allocate(Math.max(64, gemm.taskScratchBytes()), 64);
    for (int phase = 0; phase < gemm.phases(); phase++) {
      int tasks = gemm.tasks(phase);
      int first = random.nextInt(tasks);
      for (int i = 0; i < tasks; i++) {
        gemm.run(
            phase,
            (first + i) % tasks,
            a.segment.address(),
            b.segment.address(),
            c.segment.address(),
            shared,
            scratch.address(),
            tile);
      }
    }
  }

  private static double sum(
      Matrix a, Matrix b, int item, int i, int j, int k, boolean add, double old) {
    double sum = add ? old : 0;
    for (int start = 0; start < k; start += 256) {
      double chain = 0;
      for (int p = start; p < Math.min(k, start + 256); p++) {
        double x = a.get(a.index(item, i, p));
        double y = b.get(b.index(item, p, j));
        chain =
            a.dtype == DType.FLOAT64
                ? Math.fma(x, y, chain)
                : Math.fma((float) x, (float) y, (float) chain);
      }
      boolean first = start == 0 && !add;
      sum = first ? chain : a.dtype == DType.FLOAT64 ? sum + chain : (float) sum + (float) chain;
    }
    return sum;
  }

  /** A matrix for each item of a batch, with rows or columns contiguous, or neither. */
  private static final class Matrix {
    final DType dtype;
    final long[] batch;
    final Gemm.Operand operand;
    final MemorySegment segment;
    final long count;

    Matrix(
        Arena arena,
        Random random,
        DType dtype,
        long[] batch,
        int rows,
        int columns,
        boolean mayRepeat) {
      this.dtype = dtype;
      this.batch = batch;
      int gap = random.nextInt(3);
      int step = random.nextInt(5) == 0 ? 2 : 1;
      boolean byRows = random.nextBoolean();
      long inner = (long) (byRows ? columns : rows) * step + gap;
      long row = byRows ? inner : step;
      long column = byRows ? step : inner;
      long size = inner * Math.max(1, byRows ? rows : columns);
      long[] strides = new long[batch.length];
      for (int loop = batch.length - 1; loop >= 0; loop--) {
        if (mayRepeat && random.nextInt(4) == 0) {
          continue;
        }
        strides[loop] = size;
        size *= batch[loop];
      }
      this.operand = new Gemm.Operand(strides, row, column);
      this.count = Math.max(1, size);
      this.segment = arena.allocate(count * dtype.bytes(), 64);
      fill(random, mayRepeat);
    }

    void fill(Random random, boolean values) {
      for (long at = 0; at < count; at++) {
        double value = values ? random.nextDouble() * 2 - 1 : UNTOUCHED;
        if (dtype == DType.FLOAT64) {
          segment.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
        } else {
          segment.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
        }
      }
    }

    int items() {
      int items = 1;
      for (long extent : batch) {
        items *= Math.toIntExact(extent);
      }
      return items;
    }

    long index(int item, int row, int column) {
      long index = row * operand.rowStride() + column * operand.columnStride();
      long rest = item;
      for (int loop = batch.length - 1; loop >= 0; loop--) {
        index += rest % batch[loop] * operand.batchStrides()[loop];
        rest /= batch[loop];
      }
      return index;
    }

    double get(long at) {
      return dtype == DType.FLOAT64
          ? segment.getAtIndex(ValueLayout.JAVA_DOUBLE, at)
          : segment.getAtIndex(ValueLayout.JAVA_FLOAT, at);
    }

    double[] elements() {
      double[] elements = new double[Math.toIntExact(count)];
      for (int at = 0; at < elements.length; at++) {
        elements[at] = get(at);
      }
      return elements;
    }
  }

  @Example
  void integersAreRefused() {
    Gemm.Operand operand = new Gemm.Operand(new long[0], 1, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> Gemm.plan(DType.INT32, new long[0], 1, 1, 1, operand, operand, operand, false));
  }
}
