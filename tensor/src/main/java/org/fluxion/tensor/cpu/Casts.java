package org.fluxion.tensor.cpu;

import org.fluxion.tensor.DType;

/**
 * Casts between all dtypes. Those that training uses have a plain loop each, which the JIT turns
 * into vectors where it can; the others go through a double, and integers among themselves through
 * a long. Rounding is to nearest, ties to even; floating point to integer truncates and saturates.
 */
final class Casts {
  @FunctionalInterface
  private interface DoubleReader {
    double read(long address);
  }

  @FunctionalInterface
  private interface DoubleWriter {
    void write(long address, double value);
  }

  @FunctionalInterface
  private interface LongReader {
    long read(long address);
  }

  @FunctionalInterface
  private interface LongWriter {
    void write(long address, long value);
  }

  private Casts() {}

  /** The cast from one dtype to another; {@code scalar} 0 if the operand is a scalar, else -1. */
  static BlockFunction of(DType from, DType to, int scalar) {
    if (scalar < 0) {
      if (from == to && from != DType.BOOL) {
        long bytes = from.bytes();
        return (out, a, b, c, n) -> Memory.copy(out, a, bytes * n);
      }
      switch (from) {
        case FLOAT32 -> {
          switch (to) {
            case FLOAT64 -> {
              return Casts::floatToDouble;
            }
            case INT32 -> {
              return Casts::floatToInt;
            }
            case FLOAT16 -> {
              return Casts::floatToHalf;
            }
            case BFLOAT16 -> {
              return Casts::floatToBrain;
            }
            default -> {
              // The general loop below.
            }
          }
        }
        case FLOAT64 -> {
          if (to == DType.FLOAT32) {
            return Casts::doubleToFloat;
          }
        }
        case INT32 -> {
          if (to == DType.FLOAT32) {
            return Casts::intToFloat;
          }
        }
        case BOOL -> {
          if (to == DType.FLOAT32) {
            return Casts::booleanToFloat;
          }
        }
        case FLOAT16 -> {
          if (to == DType.FLOAT32) {
            return Casts::halfToFloat;
          }
        }
        case BFLOAT16 -> {
          if (to == DType.FLOAT32) {
            return Casts::brainToFloat;
          }
        }
        case INT64 -> {
          // The loops below.
        }
      }
    }
    long in = (long) from.bytes() * ScalarLoops.step(0, scalar);
    if (from == DType.INT64 && to == DType.FLOAT32) {
      // By way of a double it would be rounded twice.
      return (out, a, b, c, n) -> {
        for (int i = 0; i < n; i++) {
          Memory.putFloat(out + 4L * i, Memory.getLong(a + in * i));
        }
      };
    }
    return from.isFloating() || to.isFloating()
        ? throughDouble(reader(from), in, writer(to), to.bytes())
        : throughLong(longReader(from), in, longWriter(to), to.bytes());
  }

  private static BlockFunction throughDouble(
      DoubleReader reader, long in, DoubleWriter writer, long step) {
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        writer.write(out + step * i, reader.read(a + in * i));
      }
    };
  }

  private static BlockFunction throughLong(
      LongReader reader, long in, LongWriter writer, long step) {
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        writer.write(out + step * i, reader.read(a + in * i));
      }
    };
  }

  private static DoubleReader reader(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Memory::getFloat;
      case FLOAT64 -> Memory::getDouble;
      case INT32 -> Memory::getInt;
      case INT64 -> Memory::getLong;
      case BOOL -> Memory::getByte;
      case FLOAT16 -> address -> Float.float16ToFloat(Memory.getShort(address));
      case BFLOAT16 -> address -> brainToFloat(Memory.getShort(address));
    };
  }

  private static DoubleWriter writer(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> (address, value) -> Memory.putFloat(address, (float) value);
      case FLOAT64 -> Memory::putDouble;
      case INT32 -> (address, value) -> Memory.putInt(address, (int) value);
      case INT64 -> (address, value) -> Memory.putLong(address, (long) value);
      case BOOL -> (address, value) -> Memory.putBoolean(address, value != 0);
      case FLOAT16 ->
          (address, value) -> Memory.putShort(address, Float.floatToFloat16((float) value));
      case BFLOAT16 -> (address, value) -> Memory.putShort(address, floatToBrain((float) value));
    };
  }

  private static LongReader longReader(DType dtype) {
    return switch (dtype) {
      case INT32 -> Memory::getInt;
      case INT64 -> Memory::getLong;
      case BOOL -> Memory::getByte;
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> throw new AssertionError(dtype);
    };
  }

  private static LongWriter longWriter(DType dtype) {
    return switch (dtype) {
      case INT32 -> (address, value) -> Memory.putInt(address, (int) value);
      case INT64 -> Memory::putLong;
      case BOOL -> (address, value) -> Memory.putBoolean(address, value != 0);
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> throw new AssertionError(dtype);
    };
  }

  /** The value of a bfloat16. */
  static float brainToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16, ties to even; NaN stays NaN. */
  static short floatToBrain(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16;
    return (short) (value != value ? (bits >>> 16) | 0x40 : rounded);
  }

  private static void floatToDouble(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putDouble(out + 8L * i, Memory.getFloat(a + 4L * i));
    }
  }

  private static void doubleToFloat(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(out + 4L * i, (float) Memory.getDouble(a + 8L * i));
    }
  }

  private static void floatToInt(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putInt(out + 4L * i, (int) Memory.getFloat(a + 4L * i));
    }
  }

  private static void intToFloat(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(out + 4L * i, Memory.getInt(a + 4L * i));
    }
  }

  private static void booleanToFloat(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(out + 4L * i, Memory.getByte(a + i));
    }
  }

  private static void floatToHalf(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putShort(out + 2L * i, Float.floatToFloat16(Memory.getFloat(a + 4L * i)));
    }
  }

  private static void halfToFloat(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(out + 4L * i, Float.float16ToFloat(Memory.getShort(a + 2L * i)));
    }
  }

  private static void floatToBrain(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putShort(out + 2L * i, floatToBrain(Memory.getFloat(a + 4L * i)));
    }
  }

  private static void brainToFloat(long out, long a, long b, long c, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(out + 4L * i, brainToFloat(Memory.getShort(a + 2L * i)));
    }
  }
}
