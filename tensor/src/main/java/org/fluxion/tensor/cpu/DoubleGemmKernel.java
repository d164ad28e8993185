package org.fluxion.tensor.cpu;

import static jdk.incubator.vector.VectorOperators.FMA;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of double matrix products. The accumulators of a tile are local variables, as
 * many as the processor has registers for; every element is one chain of fused multiply-adds over
 * k, so that its bits do not depend on the tile or on the vector's width.
 */
final class DoubleGemmKernel {
  private static final VectorSpecies<Double> SPECIES = Species.DOUBLE;
  private static final int BYTES = SPECIES.vectorByteSize();

  private DoubleGemmKernel() {}

  /** A tile of 12 rows and 2 vectors: Σ over k of a packed column times a packed row. */
  static void tile12x2(int k, long a, long b, long tile) {
    DoubleVector c0x0 = DoubleVector.zero(SPECIES);
    DoubleVector c0x1 = DoubleVector.zero(SPECIES);
    DoubleVector c1x0 = DoubleVector.zero(SPECIES);
    DoubleVector c1x1 = DoubleVector.zero(SPECIES);
    DoubleVector c2x0 = DoubleVector.zero(SPECIES);
    DoubleVector c2x1 = DoubleVector.zero(SPECIES);
    DoubleVector c3x0 = DoubleVector.zero(SPECIES);
    DoubleVector c3x1 = DoubleVector.zero(SPECIES);
    DoubleVector c4x0 = DoubleVector.zero(SPECIES);
    DoubleVector c4x1 = DoubleVector.zero(SPECIES);
    DoubleVector c5x0 = DoubleVector.zero(SPECIES);
    DoubleVector c5x1 = DoubleVector.zero(SPECIES);
    DoubleVector c6x0 = DoubleVector.zero(SPECIES);
    DoubleVector c6x1 = DoubleVector.zero(SPECIES);
    DoubleVector c7x0 = DoubleVector.zero(SPECIES);
    DoubleVector c7x1 = DoubleVector.zero(SPECIES);
    DoubleVector c8x0 = DoubleVector.zero(SPECIES);
    DoubleVector c8x1 = DoubleVector.zero(SPECIES);
    DoubleVector c9x0 = DoubleVector.zero(SPECIES);
    DoubleVector c9x1 = DoubleVector.zero(SPECIES);
    DoubleVector c10x0 = DoubleVector.zero(SPECIES);
    DoubleVector c10x1 = DoubleVector.zero(SPECIES);
    DoubleVector c11x0 = DoubleVector.zero(SPECIES);
    DoubleVector c11x1 = DoubleVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      DoubleVector b1 =
          DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      double a0 = Memory.getDouble(at);
      c0x0 = DoubleVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      c0x1 = DoubleVector.broadcast(SPECIES, a0).lanewise(FMA, b1, c0x1);
      double a1 = Memory.getDouble(at + 8);
      c1x0 = DoubleVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      c1x1 = DoubleVector.broadcast(SPECIES, a1).lanewise(FMA, b1, c1x1);
      double a2 = Memory.getDouble(at + 16);
      c2x0 = DoubleVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      c2x1 = DoubleVector.broadcast(SPECIES, a2).lanewise(FMA, b1, c2x1);
      double a3 = Memory.getDouble(at + 24);
      c3x0 = DoubleVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      c3x1 = DoubleVector.broadcast(SPECIES, a3).lanewise(FMA, b1, c3x1);
      double a4 = Memory.getDouble(at + 32);
      c4x0 = DoubleVector.broadcast(SPECIES, a4).lanewise(FMA, b0, c4x0);
      c4x1 = DoubleVector.broadcast(SPECIES, a4).lanewise(FMA, b1, c4x1);
      double a5 = Memory.getDouble(at + 40);
      c5x0 = DoubleVector.broadcast(SPECIES, a5).lanewise(FMA, b0, c5x0);
      c5x1 = DoubleVector.broadcast(SPECIES, a5).lanewise(FMA, b1, c5x1);
      double a6 = Memory.getDouble(at + 48);
      c6x0 = DoubleVector.broadcast(SPECIES, a6).lanewise(FMA, b0, c6x0);
      c6x1 = DoubleVector.broadcast(SPECIES, a6).lanewise(FMA, b1, c6x1);
      double a7 = Memory.getDouble(at + 56);
      c7x0 = DoubleVector.broadcast(SPECIES, a7).lanewise(FMA, b0, c7x0);
      c7x1 = DoubleVector.broadcast(SPECIES, a7).lanewise(FMA, b1, c7x1);
      double a8 = Memory.getDouble(at + 64);
      c8x0 = DoubleVector.broadcast(SPECIES, a8).lanewise(FMA, b0, c8x0);
      c8x1 = DoubleVector.broadcast(SPECIES, a8).lanewise(FMA, b1, c8x1);
      double a9 = Memory.getDouble(at + 72);
      c9x0 = DoubleVector.broadcast(SPECIES, a9).lanewise(FMA, b0, c9x0);
      c9x1 = DoubleVector.broadcast(SPECIES, a9).lanewise(FMA, b1, c9x1);
      double a10 = Memory.getDouble(at + 80);
      c10x0 = DoubleVector.broadcast(SPECIES, a10).lanewise(FMA, b0, c10x0);
      c10x1 = DoubleVector.broadcast(SPECIES, a10).lanewise(FMA, b1, c10x1);
      double a11 = Memory.getDouble(at + 88);
      c11x0 = DoubleVector.broadcast(SPECIES, a11).lanewise(FMA, b0, c11x0);
      c11x1 = DoubleVector.broadcast(SPECIES, a11).lanewise(FMA, b1, c11x1);
      at += 96;
      bt += 2L * BYTES;
    }
    c0x0.intoMemorySegment(Memory.ALL, tile, Memory.ORDER);
    c0x1.intoMemorySegment(Memory.ALL, tile + 1 * BYTES, Memory.ORDER);
    c1x0.intoMemorySegment(Memory.ALL, tile + 2 * BYTES, Memory.ORDER);
    c1x1.intoMemorySegment(Memory.ALL, tile + 3 * BYTES, Memory.ORDER);
    c2x0.intoMemorySegment(Memory.ALL, tile + 4 * BYTES, Memory.ORDER);
    c2x1.intoMemorySegment(Memory.ALL, tile + 5 * BYTES, Memory.ORDER);
    c3x0.intoMemorySegment(Memory.ALL, tile + 6 * BYTES, Memory.ORDER);
    c3x1.intoMemorySegment(Memory.ALL, tile + 7 * BYTES, Memory.ORDER);
    c4x0.intoMemorySegment(Memory.ALL, tile + 8 * BYTES, Memory.ORDER);
    c4x1.intoMemorySegment(Memory.ALL, tile + 9 * BYTES, Memory.ORDER);
    c5x0.intoMemorySegment(Memory.ALL, tile + 10 * BYTES, Memory.ORDER);
    c5x1.intoMemorySegment(Memory.ALL, tile + 11 * BYTES, Memory.ORDER);
    c6x0.intoMemorySegment(Memory.ALL, tile + 12 * BYTES, Memory.ORDER);
    c6x1.intoMemorySegment(Memory.ALL, tile + 13 * BYTES, Memory.ORDER);
    c7x0.intoMemorySegment(Memory.ALL, tile + 14 * BYTES, Memory.ORDER);
    c7x1.intoMemorySegment(Memory.ALL, tile + 15 * BYTES, Memory.ORDER);
    c8x0.intoMemorySegment(Memory.ALL, tile + 16 * BYTES, Memory.ORDER);
    c8x1.intoMemorySegment(Memory.ALL, tile + 17 * BYTES, Memory.ORDER);
    c9x0.intoMemorySegment(Memory.ALL, tile + 18 * BYTES, Memory.ORDER);
    c9x1.intoMemorySegment(Memory.ALL, tile + 19 * BYTES, Memory.ORDER);
    c10x0.intoMemorySegment(Memory.ALL, tile + 20 * BYTES, Memory.ORDER);
    c10x1.intoMemorySegment(Memory.ALL, tile + 21 * BYTES, Memory.ORDER);
    c11x0.intoMemorySegment(Memory.ALL, tile + 22 * BYTES, Memory.ORDER);
    c11x1.intoMemorySegment(Memory.ALL, tile + 23 * BYTES, Memory.ORDER);
  }

  /** A tile of 4 rows and 2 vectors: Σ over k of a packed column times a packed row. */
  static void tile4x2(int k, long a, long b, long tile) {
    DoubleVector c0x0 = DoubleVector.zero(SPECIES);
    DoubleVector c0x1 = DoubleVector.zero(SPECIES);
    DoubleVector c1x0 = DoubleVector.zero(SPECIES);
    DoubleVector c1x1 = DoubleVector.zero(SPECIES);
    DoubleVector c2x0 = DoubleVector.zero(SPECIES);
    DoubleVector c2x1 = DoubleVector.zero(SPECIES);
    DoubleVector c3x0 = DoubleVector.zero(SPECIES);
    DoubleVector c3x1 = DoubleVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      DoubleVector b1 =
          DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      double a0 = Memory.getDouble(at);
      c0x0 = DoubleVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      c0x1 = DoubleVector.broadcast(SPECIES, a0).lanewise(FMA, b1, c0x1);
      double a1 = Memory.getDouble(at + 8);
      c1x0 = DoubleVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      c1x1 = DoubleVector.broadcast(SPECIES, a1).lanewise(FMA, b1, c1x1);
      double a2 = Memory.getDouble(at + 16);
      c2x0 = DoubleVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      c2x1 = DoubleVector.broadcast(SPECIES, a2).lanewise(FMA, b1, c2x1);
      double a3 = Memory.getDouble(at + 24);
      c3x0 = DoubleVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      c3x1 = DoubleVector.broadcast(SPECIES, a3).lanewise(FMA, b1, c3x1);
      at += 32;
      bt += 2L * BYTES;
    }
    c0x0.intoMemorySegment(Memory.ALL, tile, Memory.ORDER);
    c0x1.intoMemorySegment(Memory.ALL, tile + 1 * BYTES, Memory.ORDER);
    c1x0.intoMemorySegment(Memory.ALL, tile + 2 * BYTES, Memory.ORDER);
    c1x1.intoMemorySegment(Memory.ALL, tile + 3 * BYTES, Memory.ORDER);
    c2x0.intoMemorySegment(Memory.ALL, tile + 4 * BYTES, Memory.ORDER);
    c2x1.intoMemorySegment(Memory.ALL, tile + 5 * BYTES, Memory.ORDER);
    c3x0.intoMemorySegment(Memory.ALL, tile + 6 * BYTES, Memory.ORDER);
    c3x1.intoMemorySegment(Memory.ALL, tile + 7 * BYTES, Memory.ORDER);
  }

  /** 8 rows and one vector, read where the operands lie; the rows of b are contiguous. */
  static void direct8x1(
      int k, long a, long aRow, long aColumn, long b, long bRow, long c, long cRow) {
    DoubleVector c0x0 = DoubleVector.zero(SPECIES);
    DoubleVector c1x0 = DoubleVector.zero(SPECIES);
    DoubleVector c2x0 = DoubleVector.zero(SPECIES);
    DoubleVector c3x0 = DoubleVector.zero(SPECIES);
    DoubleVector c4x0 = DoubleVector.zero(SPECIES);
    DoubleVector c5x0 = DoubleVector.zero(SPECIES);
    DoubleVector c6x0 = DoubleVector.zero(SPECIES);
    DoubleVector c7x0 = DoubleVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      DoubleVector b0 = DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      double a0 = Memory.getDouble(at);
      c0x0 = DoubleVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      double a1 = Memory.getDouble(at + aRow);
      c1x0 = DoubleVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      double a2 = Memory.getDouble(at + 2 * aRow);
      c2x0 = DoubleVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      double a3 = Memory.getDouble(at + 3 * aRow);
      c3x0 = DoubleVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      double a4 = Memory.getDouble(at + 4 * aRow);
      c4x0 = DoubleVector.broadcast(SPECIES, a4).lanewise(FMA, b0, c4x0);
      double a5 = Memory.getDouble(at + 5 * aRow);
      c5x0 = DoubleVector.broadcast(SPECIES, a5).lanewise(FMA, b0, c5x0);
      double a6 = Memory.getDouble(at + 6 * aRow);
      c6x0 = DoubleVector.broadcast(SPECIES, a6).lanewise(FMA, b0, c6x0);
      double a7 = Memory.getDouble(at + 7 * aRow);
      c7x0 = DoubleVector.broadcast(SPECIES, a7).lanewise(FMA, b0, c7x0);
      at += aColumn;
      bt += bRow;
    }
    c0x0.intoMemorySegment(Memory.ALL, c, Memory.ORDER);
    c1x0.intoMemorySegment(Memory.ALL, c + cRow, Memory.ORDER);
    c2x0.intoMemorySegment(Memory.ALL, c + 2 * cRow, Memory.ORDER);
    c3x0.intoMemorySegment(Memory.ALL, c + 3 * cRow, Memory.ORDER);
    c4x0.intoMemorySegment(Memory.ALL, c + 4 * cRow, Memory.ORDER);
    c5x0.intoMemorySegment(Memory.ALL, c + 5 * cRow, Memory.ORDER);
    c6x0.intoMemorySegment(Memory.ALL, c + 6 * cRow, Memory.ORDER);
    c7x0.intoMemorySegment(Memory.ALL, c + 7 * cRow, Memory.ORDER);
  }

  /** Adds a tile's row to a row of c, or stores it. */
  static void addRow(long c, long tile, int n, boolean add) {
    int i = 0;
    for (; i < SPECIES.loopBound(n); i += SPECIES.length()) {
      DoubleVector v =
          DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, tile + 8L * i, Memory.ORDER);
      if (add) {
        v = DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, c + 8L * i, Memory.ORDER).add(v);
      }
      v.intoMemorySegment(Memory.ALL, c + 8L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      double v = Memory.getDouble(tile + 8L * i);
      Memory.putDouble(c + 8L * i, add ? Memory.getDouble(c + 8L * i) + v : v);
    }
  }
}
