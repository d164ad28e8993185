package org.fluxion.tensor.cpu;

import static jdk.incubator.vector.VectorOperators.FMA;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of float matrix products. The accumulators of a tile are local variables, as
 * many as the processor has registers for; every element is one chain of fused multiply-adds over
 * k, so that its bits do not depend on the tile or on the vector's width. What a tile reads of a
 * lies in an array, since the compiler gives up inlining accesses to memory segments before it has
 * seen them all.
 */
final class FloatGemmKernel {
  private static final VectorSpecies<Float> SPECIES = Species.FLOAT;
  private static final int BYTES = SPECIES.vectorByteSize();
  private static final int LANES = SPECIES.length();

  private FloatGemmKernel() {}

  /** A tile of 12 rows and 2 vectors; row i at a[from + i·k]. */
  static void rows12x2(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c0x1 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c1x1 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c2x1 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c3x1 = FloatVector.zero(SPECIES);
    FloatVector c4x0 = FloatVector.zero(SPECIES);
    FloatVector c4x1 = FloatVector.zero(SPECIES);
    FloatVector c5x0 = FloatVector.zero(SPECIES);
    FloatVector c5x1 = FloatVector.zero(SPECIES);
    FloatVector c6x0 = FloatVector.zero(SPECIES);
    FloatVector c6x1 = FloatVector.zero(SPECIES);
    FloatVector c7x0 = FloatVector.zero(SPECIES);
    FloatVector c7x1 = FloatVector.zero(SPECIES);
    FloatVector c8x0 = FloatVector.zero(SPECIES);
    FloatVector c8x1 = FloatVector.zero(SPECIES);
    FloatVector c9x0 = FloatVector.zero(SPECIES);
    FloatVector c9x1 = FloatVector.zero(SPECIES);
    FloatVector c10x0 = FloatVector.zero(SPECIES);
    FloatVector c10x1 = FloatVector.zero(SPECIES);
    FloatVector c11x0 = FloatVector.zero(SPECIES);
    FloatVector c11x1 = FloatVector.zero(SPECIES);
    int row1 = from + 1 * k;
    int row2 = from + 2 * k;
    int row3 = from + 3 * k;
    int row4 = from + 4 * k;
    int row5 = from + 5 * k;
    int row6 = from + 6 * k;
    int row7 = from + 7 * k;
    int row8 = from + 8 * k;
    int row9 = from + 9 * k;
    int row10 = from + 10 * k;
    int row11 = from + 11 * k;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[from + p]);
      c0x0 = a0.lanewise(FMA, b0, c0x0);
      c0x1 = a0.lanewise(FMA, b1, c0x1);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[row1 + p]);
      c1x0 = a1.lanewise(FMA, b0, c1x0);
      c1x1 = a1.lanewise(FMA, b1, c1x1);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[row2 + p]);
      c2x0 = a2.lanewise(FMA, b0, c2x0);
      c2x1 = a2.lanewise(FMA, b1, c2x1);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[row3 + p]);
      c3x0 = a3.lanewise(FMA, b0, c3x0);
      c3x1 = a3.lanewise(FMA, b1, c3x1);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[row4 + p]);
      c4x0 = a4.lanewise(FMA, b0, c4x0);
      c4x1 = a4.lanewise(FMA, b1, c4x1);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[row5 + p]);
      c5x0 = a5.lanewise(FMA, b0, c5x0);
      c5x1 = a5.lanewise(FMA, b1, c5x1);
      FloatVector a6 = FloatVector.broadcast(SPECIES, a[row6 + p]);
      c6x0 = a6.lanewise(FMA, b0, c6x0);
      c6x1 = a6.lanewise(FMA, b1, c6x1);
      FloatVector a7 = FloatVector.broadcast(SPECIES, a[row7 + p]);
      c7x0 = a7.lanewise(FMA, b0, c7x0);
      c7x1 = a7.lanewise(FMA, b1, c7x1);
      FloatVector a8 = FloatVector.broadcast(SPECIES, a[row8 + p]);
      c8x0 = a8.lanewise(FMA, b0, c8x0);
      c8x1 = a8.lanewise(FMA, b1, c8x1);
      FloatVector a9 = FloatVector.broadcast(SPECIES, a[row9 + p]);
      c9x0 = a9.lanewise(FMA, b0, c9x0);
      c9x1 = a9.lanewise(FMA, b1, c9x1);
      FloatVector a10 = FloatVector.broadcast(SPECIES, a[row10 + p]);
      c10x0 = a10.lanewise(FMA, b0, c10x0);
      c10x1 = a10.lanewise(FMA, b1, c10x1);
      FloatVector a11 = FloatVector.broadcast(SPECIES, a[row11 + p]);
      c11x0 = a11.lanewise(FMA, b0, c11x0);
      c11x1 = a11.lanewise(FMA, b1, c11x1);
      bt += 2L * BYTES;
    }
    c0x0.intoArray(tile, 0);
    c0x1.intoArray(tile, 1 * LANES);
    c1x0.intoArray(tile, 2 * LANES);
    c1x1.intoArray(tile, 3 * LANES);
    c2x0.intoArray(tile, 4 * LANES);
    c2x1.intoArray(tile, 5 * LANES);
    c3x0.intoArray(tile, 6 * LANES);
    c3x1.intoArray(tile, 7 * LANES);
    c4x0.intoArray(tile, 8 * LANES);
    c4x1.intoArray(tile, 9 * LANES);
    c5x0.intoArray(tile, 10 * LANES);
    c5x1.intoArray(tile, 11 * LANES);
    c6x0.intoArray(tile, 12 * LANES);
    c6x1.intoArray(tile, 13 * LANES);
    c7x0.intoArray(tile, 14 * LANES);
    c7x1.intoArray(tile, 15 * LANES);
    c8x0.intoArray(tile, 16 * LANES);
    c8x1.intoArray(tile, 17 * LANES);
    c9x0.intoArray(tile, 18 * LANES);
    c9x1.intoArray(tile, 19 * LANES);
    c10x0.intoArray(tile, 20 * LANES);
    c10x1.intoArray(tile, 21 * LANES);
    c11x0.intoArray(tile, 22 * LANES);
    c11x1.intoArray(tile, 23 * LANES);
  }

  /** A tile of 12 rows and 2 vectors; column p at a[from + 12·p]. */
  static void columns12x2(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c0x1 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c1x1 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c2x1 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c3x1 = FloatVector.zero(SPECIES);
    FloatVector c4x0 = FloatVector.zero(SPECIES);
    FloatVector c4x1 = FloatVector.zero(SPECIES);
    FloatVector c5x0 = FloatVector.zero(SPECIES);
    FloatVector c5x1 = FloatVector.zero(SPECIES);
    FloatVector c6x0 = FloatVector.zero(SPECIES);
    FloatVector c6x1 = FloatVector.zero(SPECIES);
    FloatVector c7x0 = FloatVector.zero(SPECIES);
    FloatVector c7x1 = FloatVector.zero(SPECIES);
    FloatVector c8x0 = FloatVector.zero(SPECIES);
    FloatVector c8x1 = FloatVector.zero(SPECIES);
    FloatVector c9x0 = FloatVector.zero(SPECIES);
    FloatVector c9x1 = FloatVector.zero(SPECIES);
    FloatVector c10x0 = FloatVector.zero(SPECIES);
    FloatVector c10x1 = FloatVector.zero(SPECIES);
    FloatVector c11x0 = FloatVector.zero(SPECIES);
    FloatVector c11x1 = FloatVector.zero(SPECIES);
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[from + 12 * p]);
      c0x0 = a0.lanewise(FMA, b0, c0x0);
      c0x1 = a0.lanewise(FMA, b1, c0x1);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 1]);
      c1x0 = a1.lanewise(FMA, b0, c1x0);
      c1x1 = a1.lanewise(FMA, b1, c1x1);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 2]);
      c2x0 = a2.lanewise(FMA, b0, c2x0);
      c2x1 = a2.lanewise(FMA, b1, c2x1);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 3]);
      c3x0 = a3.lanewise(FMA, b0, c3x0);
      c3x1 = a3.lanewise(FMA, b1, c3x1);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 4]);
      c4x0 = a4.lanewise(FMA, b0, c4x0);
      c4x1 = a4.lanewise(FMA, b1, c4x1);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 5]);
      c5x0 = a5.lanewise(FMA, b0, c5x0);
      c5x1 = a5.lanewise(FMA, b1, c5x1);
      FloatVector a6 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 6]);
      c6x0 = a6.lanewise(FMA, b0, c6x0);
      c6x1 = a6.lanewise(FMA, b1, c6x1);
      FloatVector a7 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 7]);
      c7x0 = a7.lanewise(FMA, b0, c7x0);
      c7x1 = a7.lanewise(FMA, b1, c7x1);
      FloatVector a8 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 8]);
      c8x0 = a8.lanewise(FMA, b0, c8x0);
      c8x1 = a8.lanewise(FMA, b1, c8x1);
      FloatVector a9 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 9]);
      c9x0 = a9.lanewise(FMA, b0, c9x0);
      c9x1 = a9.lanewise(FMA, b1, c9x1);
      FloatVector a10 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 10]);
      c10x0 = a10.lanewise(FMA, b0, c10x0);
      c10x1 = a10.lanewise(FMA, b1, c10x1);
      FloatVector a11 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 11]);
      c11x0 = a11.lanewise(FMA, b0, c11x0);
      c11x1 = a11.lanewise(FMA, b1, c11x1);
      bt += 2L * BYTES;
    }
    c0x0.intoArray(tile, 0);
    c0x1.intoArray(tile, 1 * LANES);
    c1x0.intoArray(tile, 2 * LANES);
    c1x1.intoArray(tile, 3 * LANES);
    c2x0.intoArray(tile, 4 * LANES);
    c2x1.intoArray(tile, 5 * LANES);
    c3x0.intoArray(tile, 6 * LANES);
    c3x1.intoArray(tile, 7 * LANES);
    c4x0.intoArray(tile, 8 * LANES);
    c4x1.intoArray(tile, 9 * LANES);
    c5x0.intoArray(tile, 10 * LANES);
    c5x1.intoArray(tile, 11 * LANES);
    c6x0.intoArray(tile, 12 * LANES);
    c6x1.intoArray(tile, 13 * LANES);
    c7x0.intoArray(tile, 14 * LANES);
    c7x1.intoArray(tile, 15 * LANES);
    c8x0.intoArray(tile, 16 * LANES);
    c8x1.intoArray(tile, 17 * LANES);
    c9x0.intoArray(tile, 18 * LANES);
    c9x1.intoArray(tile, 19 * LANES);
    c10x0.intoArray(tile, 20 * LANES);
    c10x1.intoArray(tile, 21 * LANES);
    c11x0.intoArray(tile, 22 * LANES);
    c11x1.intoArray(tile, 23 * LANES);
  }

  /** A tile of 12 rows and the first of 2 vectors; row i at a[from + i·k]. */
  static void rows12x1(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0 = FloatVector.zero(SPECIES);
    FloatVector c1 = FloatVector.zero(SPECIES);
    FloatVector c2 = FloatVector.zero(SPECIES);
    FloatVector c3 = FloatVector.zero(SPECIES);
    FloatVector c4 = FloatVector.zero(SPECIES);
    FloatVector c5 = FloatVector.zero(SPECIES);
    FloatVector c6 = FloatVector.zero(SPECIES);
    FloatVector c7 = FloatVector.zero(SPECIES);
    FloatVector c8 = FloatVector.zero(SPECIES);
    FloatVector c9 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
    int row1 = from + 1 * k;
    int row2 = from + 2 * k;
    int row3 = from + 3 * k;
    int row4 = from + 4 * k;
    int row5 = from + 5 * k;
    int row6 = from + 6 * k;
    int row7 = from + 7 * k;
    int row8 = from + 8 * k;
    int row9 = from + 9 * k;
    int row10 = from + 10 * k;
    int row11 = from + 11 * k;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      c0 = FloatVector.broadcast(SPECIES, a[from + p]).lanewise(FMA, b0, c0);
      c1 = FloatVector.broadcast(SPECIES, a[row1 + p]).lanewise(FMA, b0, c1);
      c2 = FloatVector.broadcast(SPECIES, a[row2 + p]).lanewise(FMA, b0, c2);
      c3 = FloatVector.broadcast(SPECIES, a[row3 + p]).lanewise(FMA, b0, c3);
      c4 = FloatVector.broadcast(SPECIES, a[row4 + p]).lanewise(FMA, b0, c4);
      c5 = FloatVector.broadcast(SPECIES, a[row5 + p]).lanewise(FMA, b0, c5);
      c6 = FloatVector.broadcast(SPECIES, a[row6 + p]).lanewise(FMA, b0, c6);
      c7 = FloatVector.broadcast(SPECIES, a[row7 + p]).lanewise(FMA, b0, c7);
      c8 = FloatVector.broadcast(SPECIES, a[row8 + p]).lanewise(FMA, b0, c8);
      c9 = FloatVector.broadcast(SPECIES, a[row9 + p]).lanewise(FMA, b0, c9);
      c10 = FloatVector.broadcast(SPECIES, a[row10 + p]).lanewise(FMA, b0, c10);
      c11 = FloatVector.broadcast(SPECIES, a[row11 + p]).lanewise(FMA, b0, c11);
      bt += 2L * BYTES;
    }
    c0.intoArray(tile, 0);
    c1.intoArray(tile, 2 * LANES);
    c2.intoArray(tile, 4 * LANES);
    c3.intoArray(tile, 6 * LANES);
    c4.intoArray(tile, 8 * LANES);
    c5.intoArray(tile, 10 * LANES);
    c6.intoArray(tile, 12 * LANES);
    c7.intoArray(tile, 14 * LANES);
    c8.intoArray(tile, 16 * LANES);
    c9.intoArray(tile, 18 * LANES);
    c10.intoArray(tile, 20 * LANES);
    c11.intoArray(tile, 22 * LANES);
  }

  /** A tile of 12 rows and the first of 2 vectors; column p at a[from + 12·p]. */
  static void columns12x1(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0 = FloatVector.zero(SPECIES);
    FloatVector c1 = FloatVector.zero(SPECIES);
    FloatVector c2 = FloatVector.zero(SPECIES);
    FloatVector c3 = FloatVector.zero(SPECIES);
    FloatVector c4 = FloatVector.zero(SPECIES);
    FloatVector c5 = FloatVector.zero(SPECIES);
    FloatVector c6 = FloatVector.zero(SPECIES);
    FloatVector c7 = FloatVector.zero(SPECIES);
    FloatVector c8 = FloatVector.zero(SPECIES);
    FloatVector c9 = FloatVector.zero(SPECIES);
    FloatVector c10 = FloatVector.zero(SPECIES);
    FloatVector c11 = FloatVector.zero(SPECIES);
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      c0 = FloatVector.broadcast(SPECIES, a[from + 12 * p]).lanewise(FMA, b0, c0);
      c1 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 1]).lanewise(FMA, b0, c1);
      c2 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 2]).lanewise(FMA, b0, c2);
      c3 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 3]).lanewise(FMA, b0, c3);
      c4 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 4]).lanewise(FMA, b0, c4);
      c5 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 5]).lanewise(FMA, b0, c5);
      c6 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 6]).lanewise(FMA, b0, c6);
      c7 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 7]).lanewise(FMA, b0, c7);
      c8 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 8]).lanewise(FMA, b0, c8);
      c9 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 9]).lanewise(FMA, b0, c9);
      c10 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 10]).lanewise(FMA, b0, c10);
      c11 = FloatVector.broadcast(SPECIES, a[from + 12 * p + 11]).lanewise(FMA, b0, c11);
      bt += 2L * BYTES;
    }
    c0.intoArray(tile, 0);
    c1.intoArray(tile, 2 * LANES);
    c2.intoArray(tile, 4 * LANES);
    c3.intoArray(tile, 6 * LANES);
    c4.intoArray(tile, 8 * LANES);
    c5.intoArray(tile, 10 * LANES);
    c6.intoArray(tile, 12 * LANES);
    c7.intoArray(tile, 14 * LANES);
    c8.intoArray(tile, 16 * LANES);
    c9.intoArray(tile, 18 * LANES);
    c10.intoArray(tile, 20 * LANES);
    c11.intoArray(tile, 22 * LANES);
  }

  /** A tile of 4 rows and 2 vectors; row i at a[from + i·k]. */
  static void rows4x2(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c0x1 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c1x1 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c2x1 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c3x1 = FloatVector.zero(SPECIES);
    int row1 = from + 1 * k;
    int row2 = from + 2 * k;
    int row3 = from + 3 * k;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[from + p]);
      c0x0 = a0.lanewise(FMA, b0, c0x0);
      c0x1 = a0.lanewise(FMA, b1, c0x1);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[row1 + p]);
      c1x0 = a1.lanewise(FMA, b0, c1x0);
      c1x1 = a1.lanewise(FMA, b1, c1x1);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[row2 + p]);
      c2x0 = a2.lanewise(FMA, b0, c2x0);
      c2x1 = a2.lanewise(FMA, b1, c2x1);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[row3 + p]);
      c3x0 = a3.lanewise(FMA, b0, c3x0);
      c3x1 = a3.lanewise(FMA, b1, c3x1);
      bt += 2L * BYTES;
    }
    c0x0.intoArray(tile, 0);
    c0x1.intoArray(tile, 1 * LANES);
    c1x0.intoArray(tile, 2 * LANES);
    c1x1.intoArray(tile, 3 * LANES);
    c2x0.intoArray(tile, 4 * LANES);
    c2x1.intoArray(tile, 5 * LANES);
    c3x0.intoArray(tile, 6 * LANES);
    c3x1.intoArray(tile, 7 * LANES);
  }

  /** A tile of 4 rows and 2 vectors; column p at a[from + 4·p]. */
  static void columns4x2(int k, float[] a, int from, long b, float[] tile) {
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c0x1 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c1x1 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c2x1 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c3x1 = FloatVector.zero(SPECIES);
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[from + 4 * p]);
      c0x0 = a0.lanewise(FMA, b0, c0x0);
      c0x1 = a0.lanewise(FMA, b1, c0x1);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[from + 4 * p + 1]);
      c1x0 = a1.lanewise(FMA, b0, c1x0);
      c1x1 = a1.lanewise(FMA, b1, c1x1);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[from + 4 * p + 2]);
      c2x0 = a2.lanewise(FMA, b0, c2x0);
      c2x1 = a2.lanewise(FMA, b1, c2x1);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[from + 4 * p + 3]);
      c3x0 = a3.lanewise(FMA, b0, c3x0);
      c3x1 = a3.lanewise(FMA, b1, c3x1);
      bt += 2L * BYTES;
    }
    c0x0.intoArray(tile, 0);
    c0x1.intoArray(tile, 1 * LANES);
    c1x0.intoArray(tile, 2 * LANES);
    c1x1.intoArray(tile, 3 * LANES);
    c2x0.intoArray(tile, 4 * LANES);
    c2x1.intoArray(tile, 5 * LANES);
    c3x0.intoArray(tile, 6 * LANES);
    c3x1.intoArray(tile, 7 * LANES);
  }

  /** 8 rows, read where they lie, and one vector; the rows of b are contiguous. */
  static void direct8x1(
      int k, long a, long aRow, long aColumn, long b, long bRow, long c, long cRow) {
    FloatVector c0 = FloatVector.zero(SPECIES);
    FloatVector c1 = FloatVector.zero(SPECIES);
    FloatVector c2 = FloatVector.zero(SPECIES);
    FloatVector c3 = FloatVector.zero(SPECIES);
    FloatVector c4 = FloatVector.zero(SPECIES);
    FloatVector c5 = FloatVector.zero(SPECIES);
    FloatVector c6 = FloatVector.zero(SPECIES);
    FloatVector c7 = FloatVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector a0 = FloatVector.broadcast(SPECIES, Memory.getFloat(at));
      c0 = a0.lanewise(FMA, b0, c0);
      FloatVector a1 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + aRow));
      c1 = a1.lanewise(FMA, b0, c1);
      FloatVector a2 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 2 * aRow));
      c2 = a2.lanewise(FMA, b0, c2);
      FloatVector a3 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 3 * aRow));
      c3 = a3.lanewise(FMA, b0, c3);
      FloatVector a4 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 4 * aRow));
      c4 = a4.lanewise(FMA, b0, c4);
      FloatVector a5 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 5 * aRow));
      c5 = a5.lanewise(FMA, b0, c5);
      FloatVector a6 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 6 * aRow));
      c6 = a6.lanewise(FMA, b0, c6);
      FloatVector a7 = FloatVector.broadcast(SPECIES, Memory.getFloat(at + 7 * aRow));
      c7 = a7.lanewise(FMA, b0, c7);
      at += aColumn;
      bt += bRow;
    }
    c0.intoMemorySegment(Memory.ALL, c, Memory.ORDER);
    c1.intoMemorySegment(Memory.ALL, c + cRow, Memory.ORDER);
    c2.intoMemorySegment(Memory.ALL, c + 2 * cRow, Memory.ORDER);
    c3.intoMemorySegment(Memory.ALL, c + 3 * cRow, Memory.ORDER);
    c4.intoMemorySegment(Memory.ALL, c + 4 * cRow, Memory.ORDER);
    c5.intoMemorySegment(Memory.ALL, c + 5 * cRow, Memory.ORDER);
    c6.intoMemorySegment(Memory.ALL, c + 6 * cRow, Memory.ORDER);
    c7.intoMemorySegment(Memory.ALL, c + 7 * cRow, Memory.ORDER);
  }

  /** Adds a tile's row to a row of c, or stores it. */
  static void addRow(long c, float[] tile, int from, int n, boolean add) {
    int i = 0;
    for (; i < SPECIES.loopBound(n); i += SPECIES.length()) {
      FloatVector v = FloatVector.fromArray(SPECIES, tile, from + i);
      if (add) {
        v = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, c + 4L * i, Memory.ORDER).add(v);
      }
      v.intoMemorySegment(Memory.ALL, c + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      float v = tile[from + i];
      Memory.putFloat(c + 4L * i, add ? Memory.getFloat(c + 4L * i) + v : v);
    }
  }
}
