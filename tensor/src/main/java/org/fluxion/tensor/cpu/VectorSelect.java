package org.fluxion.tensor.cpu;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;

/** Select for elements of 4 and 8 bytes, by masks; as integers, so that no bit changes. */
final class VectorSelect {
  private VectorSelect() {}

  /** The function for an element size, where at most one of the two branches is a scalar. */
  static BlockFunction of(int bytes, int scalar) {
    if (bytes == 4) {
      return scalar < 0
          ? VectorSelect::ints
          : scalar == 1 ? VectorSelect::intsScalarFirst : VectorSelect::intsScalarSecond;
    }
    return scalar < 0
        ? VectorSelect::longs
        : scalar == 1 ? VectorSelect::longsScalarFirst : VectorSelect::longsScalarSecond;
  }

  private static IntVector loadInts(long address) {
    return IntVector.fromMemorySegment(Species.INT, Memory.ALL, address, Memory.ORDER);
  }

  private static void ints(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < 4L * Species.INT.loopBound(n); i += Species.INT.vectorByteSize()) {
      loadInts(c + i)
          .blend(loadInts(b + i), Masks.load(Species.INT, a + i / 4))
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 4L * n; i += 4) {
      Memory.putInt(
          out + i, Memory.getBoolean(a + i / 4) ? Memory.getInt(b + i) : Memory.getInt(c + i));
    }
  }

  private static void intsScalarFirst(long out, long a, long b, long c, int n) {
    int scalar = Memory.getInt(b);
    long i = 0;
    for (; i < 4L * Species.INT.loopBound(n); i += Species.INT.vectorByteSize()) {
      loadInts(c + i)
          .blend(scalar, Masks.load(Species.INT, a + i / 4))
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 4L * n; i += 4) {
      Memory.putInt(out + i, Memory.getBoolean(a + i / 4) ? scalar : Memory.getInt(c + i));
    }
  }

  private static void intsScalarSecond(long out, long a, long b, long c, int n) {
    int scalar = Memory.getInt(c);
    long i = 0;
    for (; i < 4L * Species.INT.loopBound(n); i += Species.INT.vectorByteSize()) {
      loadInts(b + i)
          .blend(scalar, Masks.load(Species.INT, a + i / 4).not())
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 4L * n; i += 4) {
      Memory.putInt(out + i, Memory.getBoolean(a + i / 4) ? Memory.getInt(b + i) : scalar);
    }
  }

  private static LongVector loadLongs(long address) {
    return LongVector.fromMemorySegment(Species.LONG, Memory.ALL, address, Memory.ORDER);
  }

  private static void longs(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < 8L * Species.LONG.loopBound(n); i += Species.LONG.vectorByteSize()) {
      loadLongs(c + i)
          .blend(loadLongs(b + i), Masks.load(Species.LONG, a + i / 8))
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 8L * n; i += 8) {
      Memory.putLong(
          out + i, Memory.getBoolean(a + i / 8) ? Memory.getLong(b + i) : Memory.getLong(c + i));
    }
  }

  private static void longsScalarFirst(long out, long a, long b, long c, int n) {
    long scalar = Memory.getLong(b);
    long i = 0;
    for (; i < 8L * Species.LONG.loopBound(n); i += Species.LONG.vectorByteSize()) {
      loadLongs(c + i)
          .blend(scalar, Masks.load(Species.LONG, a + i / 8))
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 8L * n; i += 8) {
      Memory.putLong(out + i, Memory.getBoolean(a + i / 8) ? scalar : Memory.getLong(c + i));
    }
  }

  private static void longsScalarSecond(long out, long a, long b, long c, int n) {
    long scalar = Memory.getLong(c);
    long i = 0;
    for (; i < 8L * Species.LONG.loopBound(n); i += Species.LONG.vectorByteSize()) {
      loadLongs(b + i)
          .blend(scalar, Masks.load(Species.LONG, a + i / 8).not())
          .intoMemorySegment(Memory.ALL, out + i, Memory.ORDER);
    }
    for (; i < 8L * n; i += 8) {
      Memory.putLong(out + i, Memory.getBoolean(a + i / 8) ? Memory.getLong(b + i) : scalar);
    }
  }
}
