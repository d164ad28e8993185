package org.fluxion.tensor.cpu;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Loops over blocks around a function of one element. They serve the operations whose cost lies in
 * the function, those too rare to be worth a loop of their own, and JVMs without the Vector API. A
 * step is 1 for an operand that advances and 0 for a scalar.
 */
final class ScalarLoops {
  /** A function of a float. */
  @FunctionalInterface
  interface FloatUnary {
    float apply(float a);
  }

  /** A function of two floats. */
  @FunctionalInterface
  interface FloatBinary {
    float apply(float a, float b);
  }

  /** A question about two floats. */
  @FunctionalInterface
  interface FloatComparison {
    boolean test(float a, float b);
  }

  /** A question about two doubles. */
  @FunctionalInterface
  interface DoubleComparison {
    boolean test(double a, double b);
  }

  /** A question about two longs. */
  @FunctionalInterface
  interface LongComparison {
    boolean test(long a, long b);
  }

  private ScalarLoops() {}

  /** The step of operand number {@code operand} where operand number {@code scalar} is a scalar. */
  static int step(int operand, int scalar) {
    return operand == scalar ? 0 : 1;
  }

  static BlockFunction floats(FloatUnary f, int scalar) {
    long s = 4L * step(0, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putFloat(out + 4L * i, f.apply(Memory.getFloat(a + s * i)));
      }
    };
  }

  static BlockFunction floats(FloatBinary f, int scalar) {
    long s = 4L * step(0, scalar);
    long t = 4L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putFloat(
            out + 4L * i, f.apply(Memory.getFloat(a + s * i), Memory.getFloat(b + t * i)));
      }
    };
  }

  static BlockFunction compareFloats(FloatComparison f, int scalar) {
    long s = 4L * step(0, scalar);
    long t = 4L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putBoolean(out + i, f.test(Memory.getFloat(a + s * i), Memory.getFloat(b + t * i)));
      }
    };
  }

  static BlockFunction doubles(DoubleUnaryOperator f, int scalar) {
    long s = 8L * step(0, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putDouble(out + 8L * i, f.applyAsDouble(Memory.getDouble(a + s * i)));
      }
    };
  }

  static BlockFunction doubles(DoubleBinaryOperator f, int scalar) {
    long s = 8L * step(0, scalar);
    long t = 8L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putDouble(
            out + 8L * i,
            f.applyAsDouble(Memory.getDouble(a + s * i), Memory.getDouble(b + t * i)));
      }
    };
  }

  static BlockFunction compareDoubles(DoubleComparison f, int scalar) {
    long s = 8L * step(0, scalar);
    long t = 8L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putBoolean(
            out + i, f.test(Memory.getDouble(a + s * i), Memory.getDouble(b + t * i)));
      }
    };
  }

  static BlockFunction ints(IntUnaryOperator f, int scalar) {
    long s = 4L * step(0, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putInt(out + 4L * i, f.applyAsInt(Memory.getInt(a + s * i)));
      }
    };
  }

  static BlockFunction ints(IntBinaryOperator f, int scalar) {
    long s = 4L * step(0, scalar);
    long t = 4L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putInt(
            out + 4L * i, f.applyAsInt(Memory.getInt(a + s * i), Memory.getInt(b + t * i)));
      }
    };
  }

  static BlockFunction compareInts(LongComparison f, int scalar) {
    long s = 4L * step(0, scalar);
    long t = 4L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putBoolean(out + i, f.test(Memory.getInt(a + s * i), Memory.getInt(b + t * i)));
      }
    };
  }

  static BlockFunction longs(LongUnaryOperator f, int scalar) {
    long s = 8L * step(0, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putLong(out + 8L * i, f.applyAsLong(Memory.getLong(a + s * i)));
      }
    };
  }

  static BlockFunction longs(LongBinaryOperator f, int scalar) {
    long s = 8L * step(0, scalar);
    long t = 8L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putLong(
            out + 8L * i, f.applyAsLong(Memory.getLong(a + s * i), Memory.getLong(b + t * i)));
      }
    };
  }

  static BlockFunction compareLongs(LongComparison f, int scalar) {
    long s = 8L * step(0, scalar);
    long t = 8L * step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putBoolean(out + i, f.test(Memory.getLong(a + s * i), Memory.getLong(b + t * i)));
      }
    };
  }

  static BlockFunction booleans(IntUnaryOperator f, int scalar) {
    long s = step(0, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putByte(out + i, (byte) f.applyAsInt(Memory.getByte(a + s * i)));
      }
    };
  }

  static BlockFunction booleans(IntBinaryOperator f, int scalar) {
    long s = step(0, scalar);
    long t = step(1, scalar);
    return (out, a, b, c, n) -> {
      for (int i = 0; i < n; i++) {
        Memory.putByte(
            out + i, (byte) f.applyAsInt(Memory.getByte(a + s * i), Memory.getByte(b + t * i)));
      }
    };
  }
}
