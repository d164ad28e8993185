package org.fluxion.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Reductions} of floats in vectors. Four accumulators are always in flight, to hide the
 * latency of an addition: they hold the 16 virtual lanes of one row, two rows or four, as the
 * vectors' width allows.
 */
final class FloatReductions {
  private static final VectorSpecies<Float> SPECIES = Species.FLOAT;
  private static final int LANES = SPECIES.length();
  private static final int VIRTUAL_LANES = ScalarReductions.LANES;

  /** Vectors that hold one row's virtual lanes. */
  private static final int PARTS = VIRTUAL_LANES / LANES;

  /** Rows at a time. */
  private static final int ROWS = 4 / PARTS;

  static final VectorShuffle<Float> BY_8 = rotation(8);
  static final VectorShuffle<Float> BY_4 = rotation(4);
  static final VectorShuffle<Float> BY_2 = rotation(2);
  static final VectorShuffle<Float> BY_1 = rotation(1);

  private FloatReductions() {}

  private static VectorShuffle<Float> rotation(int lanes) {
    return VectorShuffle.iota(SPECIES, lanes, 1, true);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(SPECIES, Memory.ALL, address, Memory.ORDER);
  }

  private static FloatVector load(long address, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(SPECIES, Memory.ALL, address, Memory.ORDER, mask);
  }

  private static void store(long address, FloatVector value) {
    value.intoMemorySegment(Memory.ALL, address, Memory.ORDER);
  }

  /** Which lanes of an accumulator the last, partial 16 elements of a row reach. */
  private static VectorMask<Float> reached(int accumulator, int rest) {
    return SPECIES.indexInRange(accumulator % PARTS * LANES, rest);
  }

  /** The row that an accumulator holds; past the end the last one, computed twice. */
  private static int row(int accumulator, int first, int rows) {
    return Math.min(first + accumulator / PARTS, rows - 1);
  }

  /** Where an accumulator's part of its row begins. */
  private static long start(int accumulator, long a, int first, int rows, int length) {
    return a + 4L * ((long) row(accumulator, first, rows) * length + accumulator % PARTS * LANES);
  }

  static void rowSum(long a, int rows, int length, long out) {
    int whole = length & -VIRTUAL_LANES;
    int rest = length - whole;
    VectorMask<Float> m0 = reached(0, rest);
    VectorMask<Float> m1 = reached(1, rest);
    VectorMask<Float> m2 = reached(2, rest);
    VectorMask<Float> m3 = reached(3, rest);
    for (int row = 0; row < rows; row += ROWS) {
      long p0 = start(0, a, row, rows, length);
      long p1 = start(1, a, row, rows, length);
      long p2 = start(2, a, row, rows, length);
      long p3 = start(3, a, row, rows, length);
      FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s0;
      for (long i = 0; i < 4L * whole; i += 4 * VIRTUAL_LANES) {
        s0 = s0.add(load(p0 + i));
        s1 = s1.add(load(p1 + i));
        s2 = s2.add(load(p2 + i));
        s3 = s3.add(load(p3 + i));
      }
      if (rest > 0) {
        s0 = s0.add(load(p0 + 4L * whole, m0), m0);
        s1 = s1.add(load(p1 + 4L * whole, m1), m1);
        s2 = s2.add(load(p2 + 4L * whole, m2), m2);
        s3 = s3.add(load(p3 + 4L * whole, m3), m3);
      }
      if (PARTS == 4) {
        Memory.putFloat(out + 4L * row, sum(s0.add(s2).add(s1.add(s3))));
      } else if (PARTS == 2) {
        Memory.putFloat(out + 4L * row, sum(s0.add(s1)));
        Memory.putFloat(out + 4L * row(2, row, rows), sum(s2.add(s3)));
      } else {
        Memory.putFloat(out + 4L * row, sum(s0));
        Memory.putFloat(out + 4L * row(1, row, rows), sum(s1));
        Memory.putFloat(out + 4L * row(2, row, rows), sum(s2));
        Memory.putFloat(out + 4L * row(3, row, rows), sum(s3));
      }
    }
  }

  static void rowMax(long a, int rows, int length, long out) {
    int whole = length & -VIRTUAL_LANES;
    int rest = length - whole;
    VectorMask<Float> m0 = reached(0, rest);
    VectorMask<Float> m1 = reached(1, rest);
    VectorMask<Float> m2 = reached(2, rest);
    VectorMask<Float> m3 = reached(3, rest);
    for (int row = 0; row < rows; row += ROWS) {
      long p0 = start(0, a, row, rows, length);
      long p1 = start(1, a, row, rows, length);
      long p2 = start(2, a, row, rows, length);
      long p3 = start(3, a, row, rows, length);
      FloatVector s0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s0;
      for (long i = 0; i < 4L * whole; i += 4 * VIRTUAL_LANES) {
        s0 = s0.max(load(p0 + i));
        s1 = s1.max(load(p1 + i));
        s2 = s2.max(load(p2 + i));
        s3 = s3.max(load(p3 + i));
      }
      if (rest > 0) {
        s0 = s0.lanewise(VectorOperators.MAX, load(p0 + 4L * whole, m0), m0);
        s1 = s1.lanewise(VectorOperators.MAX, load(p1 + 4L * whole, m1), m1);
        s2 = s2.lanewise(VectorOperators.MAX, load(p2 + 4L * whole, m2), m2);
        s3 = s3.lanewise(VectorOperators.MAX, load(p3 + 4L * whole, m3), m3);
      }
      if (PARTS == 4) {
        Memory.putFloat(out + 4L * row, max(s0.max(s2).max(s1.max(s3))));
      } else if (PARTS == 2) {
        Memory.putFloat(out + 4L * row, max(s0.max(s1)));
        Memory.putFloat(out + 4L * row(2, row, rows), max(s2.max(s3)));
      } else {
        Memory.putFloat(out + 4L * row, max(s0));
        Memory.putFloat(out + 4L * row(1, row, rows), max(s1));
        Memory.putFloat(out + 4L * row(2, row, rows), max(s2));
        Memory.putFloat(out + 4L * row(3, row, rows), max(s3));
      }
    }
  }

  /** Adds lanes pairwise, half a vector apart, then a quarter and so on. */
  private static float sum(FloatVector v) {
    FloatVector sum = v;
    if (LANES > 8) {
      sum = sum.add(sum.rearrange(BY_8));
    }
    if (LANES > 4) {
      sum = sum.add(sum.rearrange(BY_4));
    }
    if (LANES > 2) {
      sum = sum.add(sum.rearrange(BY_2));
    }
    return sum.add(sum.rearrange(BY_1)).lane(0);
  }

  private static float max(FloatVector v) {
    return v.reduceLanes(VectorOperators.MAX);
  }

  static void columnSum(long a, int rows, int columns, long accumulator) {
    int i = 0;
    for (; i <= columns - 4 * LANES; i += 4 * LANES) {
      long at = accumulator + 4L * i;
      FloatVector s0 = load(at);
      FloatVector s1 = load(at + 4 * LANES);
      FloatVector s2 = load(at + 4 * 2 * LANES);
      FloatVector s3 = load(at + 4 * 3 * LANES);
      for (int row = 0; row < rows; row++) {
        long in = a + 4L * ((long) row * columns + i);
        s0 = s0.add(load(in));
        s1 = s1.add(load(in + 4 * LANES));
        s2 = s2.add(load(in + 4 * 2 * LANES));
        s3 = s3.add(load(in + 4 * 3 * LANES));
      }
      store(at, s0);
      store(at + 4 * LANES, s1);
      store(at + 4 * 2 * LANES, s2);
      store(at + 4 * 3 * LANES, s3);
    }
    for (; i < columns; i += LANES) {
      VectorMask<Float> mask = SPECIES.indexInRange(i, columns);
      long at = accumulator + 4L * i;
      FloatVector s = load(at, mask);
      for (int row = 0; row < rows; row++) {
        s = s.add(load(a + 4L * ((long) row * columns + i), mask));
      }
      s.intoMemorySegment(Memory.ALL, at, Memory.ORDER, mask);
    }
  }

  static void columnMax(long a, int rows, int columns, long accumulator) {
    int i = 0;
    for (; i <= columns - 4 * LANES; i += 4 * LANES) {
      long at = accumulator + 4L * i;
      FloatVector s0 = load(at);
      FloatVector s1 = load(at + 4 * LANES);
      FloatVector s2 = load(at + 4 * 2 * LANES);
      FloatVector s3 = load(at + 4 * 3 * LANES);
      for (int row = 0; row < rows; row++) {
        long in = a + 4L * ((long) row * columns + i);
        s0 = s0.max(load(in));
        s1 = s1.max(load(in + 4 * LANES));
        s2 = s2.max(load(in + 4 * 2 * LANES));
        s3 = s3.max(load(in + 4 * 3 * LANES));
      }
      store(at, s0);
      store(at + 4 * LANES, s1);
      store(at + 4 * 2 * LANES, s2);
      store(at + 4 * 3 * LANES, s3);
    }
    for (; i < columns; i += LANES) {
      VectorMask<Float> mask = SPECIES.indexInRange(i, columns);
      long at = accumulator + 4L * i;
      FloatVector s = load(at, mask);
      for (int row = 0; row < rows; row++) {
        s = s.max(load(a + 4L * ((long) row * columns + i), mask));
      }
      s.intoMemorySegment(Memory.ALL, at, Memory.ORDER, mask);
    }
  }
}
