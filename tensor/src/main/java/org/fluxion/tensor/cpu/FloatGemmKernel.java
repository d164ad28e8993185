package org.fluxion.tensor.cpu;

import static jdk.incubator.vector.VectorOperators.FMA;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of float matrix products. The accumulators of a tile are local variables, as
 * many as the processor has registers for; every element is one chain of fused multiply-adds over
 * k, so that its bits do not depend on the tile or on the vector's width.
 */
final class FloatGemmKernel {
  private static final VectorSpecies<Float> SPECIES = Species.FLOAT;
  private static final int BYTES = SPECIES.vectorByteSize();

  private FloatGemmKernel() {}

  /** A tile of 12 rows and 2 vectors: Σ over k of a packed column times a packed row. */
  static void tile12x2(int k, long a, long b, long tile) {
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
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      float a0 = Memory.getFloat(at);
      c0x0 = FloatVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      c0x1 = FloatVector.broadcast(SPECIES, a0).lanewise(FMA, b1, c0x1);
      float a1 = Memory.getFloat(at + 4);
      c1x0 = FloatVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      c1x1 = FloatVector.broadcast(SPECIES, a1).lanewise(FMA, b1, c1x1);
      float a2 = Memory.getFloat(at + 8);
      c2x0 = FloatVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      c2x1 = FloatVector.broadcast(SPECIES, a2).lanewise(FMA, b1, c2x1);
      float a3 = Memory.getFloat(at + 12);
      c3x0 = FloatVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      c3x1 = FloatVector.broadcast(SPECIES, a3).lanewise(FMA, b1, c3x1);
      float a4 = Memory.getFloat(at + 16);
      c4x0 = FloatVector.broadcast(SPECIES, a4).lanewise(FMA, b0, c4x0);
      c4x1 = FloatVector.broadcast(SPECIES, a4).lanewise(FMA, b1, c4x1);
      float a5 = Memory.getFloat(at + 20);
      c5x0 = FloatVector.broadcast(SPECIES, a5).lanewise(FMA, b0, c5x0);
      c5x1 = FloatVector.broadcast(SPECIES, a5).lanewise(FMA, b1, c5x1);
      float a6 = Memory.getFloat(at + 24);
      c6x0 = FloatVector.broadcast(SPECIES, a6).lanewise(FMA, b0, c6x0);
      c6x1 = FloatVector.broadcast(SPECIES, a6).lanewise(FMA, b1, c6x1);
      float a7 = Memory.getFloat(at + 28);
      c7x0 = FloatVector.broadcast(SPECIES, a7).lanewise(FMA, b0, c7x0);
      c7x1 = FloatVector.broadcast(SPECIES, a7).lanewise(FMA, b1, c7x1);
      float a8 = Memory.getFloat(at + 32);
      c8x0 = FloatVector.broadcast(SPECIES, a8).lanewise(FMA, b0, c8x0);
      c8x1 = FloatVector.broadcast(SPECIES, a8).lanewise(FMA, b1, c8x1);
      float a9 = Memory.getFloat(at + 36);
      c9x0 = FloatVector.broadcast(SPECIES, a9).lanewise(FMA, b0, c9x0);
      c9x1 = FloatVector.broadcast(SPECIES, a9).lanewise(FMA, b1, c9x1);
      float a10 = Memory.getFloat(at + 40);
      c10x0 = FloatVector.broadcast(SPECIES, a10).lanewise(FMA, b0, c10x0);
      c10x1 = FloatVector.broadcast(SPECIES, a10).lanewise(FMA, b1, c10x1);
      float a11 = Memory.getFloat(at + 44);
      c11x0 = FloatVector.broadcast(SPECIES, a11).lanewise(FMA, b0, c11x0);
      c11x1 = FloatVector.broadcast(SPECIES, a11).lanewise(FMA, b1, c11x1);
      at += 48;
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
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c0x1 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c1x1 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c2x1 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c3x1 = FloatVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt + BYTES, Memory.ORDER);
      float a0 = Memory.getFloat(at);
      c0x0 = FloatVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      c0x1 = FloatVector.broadcast(SPECIES, a0).lanewise(FMA, b1, c0x1);
      float a1 = Memory.getFloat(at + 4);
      c1x0 = FloatVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      c1x1 = FloatVector.broadcast(SPECIES, a1).lanewise(FMA, b1, c1x1);
      float a2 = Memory.getFloat(at + 8);
      c2x0 = FloatVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      c2x1 = FloatVector.broadcast(SPECIES, a2).lanewise(FMA, b1, c2x1);
      float a3 = Memory.getFloat(at + 12);
      c3x0 = FloatVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      c3x1 = FloatVector.broadcast(SPECIES, a3).lanewise(FMA, b1, c3x1);
      at += 16;
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
    FloatVector c0x0 = FloatVector.zero(SPECIES);
    FloatVector c1x0 = FloatVector.zero(SPECIES);
    FloatVector c2x0 = FloatVector.zero(SPECIES);
    FloatVector c3x0 = FloatVector.zero(SPECIES);
    FloatVector c4x0 = FloatVector.zero(SPECIES);
    FloatVector c5x0 = FloatVector.zero(SPECIES);
    FloatVector c6x0 = FloatVector.zero(SPECIES);
    FloatVector c7x0 = FloatVector.zero(SPECIES);
    long at = a;
    long bt = b;
    for (int p = 0; p < k; p++) {
      FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, bt, Memory.ORDER);
      float a0 = Memory.getFloat(at);
      c0x0 = FloatVector.broadcast(SPECIES, a0).lanewise(FMA, b0, c0x0);
      float a1 = Memory.getFloat(at + aRow);
      c1x0 = FloatVector.broadcast(SPECIES, a1).lanewise(FMA, b0, c1x0);
      float a2 = Memory.getFloat(at + 2 * aRow);
      c2x0 = FloatVector.broadcast(SPECIES, a2).lanewise(FMA, b0, c2x0);
      float a3 = Memory.getFloat(at + 3 * aRow);
      c3x0 = FloatVector.broadcast(SPECIES, a3).lanewise(FMA, b0, c3x0);
      float a4 = Memory.getFloat(at + 4 * aRow);
      c4x0 = FloatVector.broadcast(SPECIES, a4).lanewise(FMA, b0, c4x0);
      float a5 = Memory.getFloat(at + 5 * aRow);
      c5x0 = FloatVector.broadcast(SPECIES, a5).lanewise(FMA, b0, c5x0);
      float a6 = Memory.getFloat(at + 6 * aRow);
      c6x0 = FloatVector.broadcast(SPECIES, a6).lanewise(FMA, b0, c6x0);
      float a7 = Memory.getFloat(at + 7 * aRow);
      c7x0 = FloatVector.broadcast(SPECIES, a7).lanewise(FMA, b0, c7x0);
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
      FloatVector v =
          FloatVector.fromMemorySegment(SPECIES, Memory.ALL, tile + 4L * i, Memory.ORDER);
      if (add) {
        v = FloatVector.fromMemorySegment(SPECIES, Memory.ALL, c + 4L * i, Memory.ORDER).add(v);
      }
      v.intoMemorySegment(Memory.ALL, c + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      float v = Memory.getFloat(tile + 4L * i);
      Memory.putFloat(c + 4L * i, add ? Memory.getFloat(c + 4L * i) + v : v);
    }
  }
}
