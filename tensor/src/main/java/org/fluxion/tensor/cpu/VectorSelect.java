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

  private static IntVector loadInts(long address, int i) {
    return IntVector.fromMemorySegment(Species.INT, Memory.ALL, address + 4L * i, Memory.ORDER);
  }

  private static void ints(long out, long a, long b, long c, int n) {
    int i = 0;
    for (; i < Species.INT.loopBound(n); i += Species.INT.length()) {
      loadInts(c, i)
          .blend(loadInts(b, i), Masks.load(Species.INT, a, i))
          .intoMemorySegment(Memory.ALL, out + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putInt(
          out + 4L * i,
          Memory.getBoolean(a + i) ? Memory.getInt(b + 4L * i) : Memory.getInt(c + 4L * i));
    }
  }

  private static void intsScalarFirst(long out, long a, long b, long c, int n) {
    int scalar = Memory.getInt(b);
    int i = 0;
    for (; i < Species.INT.loopBound(n); i += Species.INT.length()) {
      loadInts(c, i)
          .blend(scalar, Masks.load(Species.INT, a, i))
          .intoMemorySegment(Memory.ALL, out + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putInt(out + 4L * i, Memory.getBoolean(a + i) ? scalar : Memory.getInt(c + 4L * i));
    }
  }

  private static void intsScalarSecond(long out, long a, long b, long c, int n) {
    int scalar = Memory.getInt(c);
    int i = 0;
    for (; i < Species.INT.loopBound(n); i += Species.INT.length()) {
      loadInts(b, i)
          .blend(scalar, Masks.load(Species.INT, a, i).not())
          .intoMemorySegment(Memory.ALL, out + 4L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putInt(out + 4L * i, Memory.getBoolean(a + i) ? Memory.getInt(b + 4L * i) : scalar);
    }
  }

  private static LongVector loadLongs(long address, int i) {
    return LongVector.fromMemorySegment(Species.LONG, Memory.ALL, address + 8L * i, Memory.ORDER);
  }

  private static void longs(long out, long a, long b, long c, int n) {
    int i = 0;
    for (; i < Species.LONG.loopBound(n); i += Species.LONG.length()) {
      loadLongs(c, i)
          .blend(loadLongs(b, i), Masks.load(Species.LONG, a, i))
          .intoMemorySegment(Memory.ALL, out + 8L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putLong(
          out + 8L * i,
          Memory.getBoolean(a + i) ? Memory.getLong(b + 8L * i) : Memory.getLong(c + 8L * i));
    }
  }

  private static void longsScalarFirst(long out, long a, long b, long c, int n) {
    long scalar = Memory.getLong(b);
    int i = 0;
    for (; i < Species.LONG.loopBound(n); i += Species.LONG.length()) {
      loadLongs(c, i)
          .blend(scalar, Masks.load(Species.LONG, a, i))
          .intoMemorySegment(Memory.ALL, out + 8L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putLong(out + 8L * i, Memory.getBoolean(a + i) ? scalar : Memory.getLong(c + 8L * i));
    }
  }

  private static void longsScalarSecond(long out, long a, long b, long c, int n) {
    long scalar = Memory.getLong(c);
    int i = 0;
    for (; i < Species.LONG.loopBound(n); i += Species.LONG.length()) {
      loadLongs(b, i)
          .blend(scalar, Masks.load(Species.LONG, a, i).not())
          .intoMemorySegment(Memory.ALL, out + 8L * i, Memory.ORDER);
    }
    for (; i < n; i++) {
      Memory.putLong(out + 8L * i, Memory.getBoolean(a + i) ? Memory.getLong(b + 8L * i) : scalar);
    }
  }
}
