package org.fluxion.tensor.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.fluxion.tensor.Op;

/**
 * Arithmetic and comparisons over blocks of doubles. Every operation has a loop of its own for each
 * place of a scalar operand, since only then does the JIT see one simple loop. The scalar tail
 * gives the bits that the vectors give. Loops count bytes in a long: then the JIT moves the bounds
 * checks of the memory segment out of them.
 */
final class DoubleVectorFunctions {
  private static final VectorSpecies<Double> SPECIES = Species.DOUBLE;

  /** Bytes of an element, and of a vector. */
  private static final int BYTES = Double.BYTES;

  private static final int STEP = SPECIES.vectorByteSize();

  /** From here on every double is an integer. */
  private static final double INTEGERS = 0x1p52;

  private DoubleVectorFunctions() {}

  /** The function of an operation, operand number {@code scalar} being a scalar (none if -1). */
  static BlockFunction of(Op op, int scalar) {
    return switch (op) {
      case Op.Neg o when scalar < 0 -> DoubleVectorFunctions::negate;
      case Op.Abs o when scalar < 0 -> DoubleVectorFunctions::absolute;
      case Op.Sign o when scalar < 0 -> DoubleVectorFunctions::sign;
      case Op.Floor o when scalar < 0 -> DoubleVectorFunctions::floor;
      case Op.Sqrt o when scalar < 0 -> DoubleVectorFunctions::squareRoot;
      case Op.Add o ->
          commutative(scalar, DoubleVectorFunctions::add, DoubleVectorFunctions::addScalar);
      case Op.Mul o ->
          commutative(
              scalar, DoubleVectorFunctions::multiply, DoubleVectorFunctions::multiplyScalar);
      case Op.Max o ->
          commutative(scalar, DoubleVectorFunctions::maximum, DoubleVectorFunctions::maximumScalar);
      case Op.Min o ->
          commutative(scalar, DoubleVectorFunctions::minimum, DoubleVectorFunctions::minimumScalar);
      case Op.Equal o ->
          commutative(scalar, DoubleVectorFunctions::equal, DoubleVectorFunctions::equalScalar);
      case Op.Sub o ->
          choose(
              scalar,
              DoubleVectorFunctions::subtract,
              DoubleVectorFunctions::scalarSubtract,
              DoubleVectorFunctions::subtractScalar);
      case Op.Div o ->
          choose(
              scalar,
              DoubleVectorFunctions::divide,
              DoubleVectorFunctions::scalarDivide,
              DoubleVectorFunctions::divideScalar);
      case Op.Less o ->
          choose(
              scalar,
              DoubleVectorFunctions::less,
              DoubleVectorFunctions::scalarLess,
              DoubleVectorFunctions::lessScalar);
      case Op.LessEqual o ->
          choose(
              scalar,
              DoubleVectorFunctions::lessEqual,
              DoubleVectorFunctions::scalarLessEqual,
              DoubleVectorFunctions::lessEqualScalar);
      default -> ScalarFunctions.doubles(op, scalar);
    };
  }

  private static BlockFunction choose(
      int scalar, BlockFunction neither, BlockFunction first, BlockFunction second) {
    return scalar < 0 ? neither : scalar == 0 ? first : second;
  }

  private static BlockFunction commutative(
      int scalar, BlockFunction neither, BlockFunction second) {
    return scalar < 0
        ? neither
        : scalar == 1 ? second : (out, a, b, c, n) -> second.apply(out, b, a, c, n);
  }

  /** The bytes of n elements. */
  private static long bytes(int n) {
    return (long) BYTES * n;
  }

  /** Those of them that fill whole vectors. */
  private static long whole(int n) {
    return bytes(SPECIES.loopBound(n));
  }

  private static DoubleVector load(long address) {
    return DoubleVector.fromMemorySegment(SPECIES, Memory.ALL, address, Memory.ORDER);
  }

  private static void store(long address, DoubleVector value) {
    value.intoMemorySegment(Memory.ALL, address, Memory.ORDER);
  }

  private static double get(long address) {
    return Memory.getDouble(address);
  }

  private static void put(long address, double value) {
    Memory.putDouble(address, value);
  }

  private static void negate(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).neg());
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, -get(a + i));
    }
  }

  private static void absolute(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).abs());
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.abs(get(a + i)));
    }
  }

  private static void squareRoot(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).lanewise(VectorOperators.SQRT));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.sqrt(get(a + i)));
    }
  }

  private static void sign(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, signOf(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.signum(get(a + i)));
    }
  }

  private static void floor(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, floorOf(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.floor(get(a + i)));
    }
  }

  private static DoubleVector signOf(DoubleVector x) {
    VectorMask<Double> isNumber =
        x.compare(VectorOperators.LT, 0).or(x.compare(VectorOperators.GT, 0));
    return x.blend(copySign(DoubleVector.broadcast(SPECIES, 1), x), isNumber);
  }

  /** Adding and taking away a large number rounds; one less where that went up. */
  private static DoubleVector floorOf(DoubleVector x) {
    DoubleVector rounded = copySign(x.abs().add(INTEGERS).sub(INTEGERS), x);
    DoubleVector floor = rounded.sub(1, rounded.compare(VectorOperators.GT, x));
    return x.blend(floor, x.abs().compare(VectorOperators.LT, INTEGERS));
  }

  /** A magnitude of positive sign with the sign of another number. */
  private static DoubleVector copySign(DoubleVector magnitude, DoubleVector sign) {
    return magnitude
        .reinterpretAsLongs()
        .or(sign.reinterpretAsLongs().and(Long.MIN_VALUE))
        .reinterpretAsDoubles();
  }

  private static void add(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).add(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) + get(b + i));
    }
  }

  private static void addScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).add(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) + scalar);
    }
  }

  private static void multiply(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).mul(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) * get(b + i));
    }
  }

  private static void multiplyScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).mul(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) * scalar);
    }
  }

  private static void maximum(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).max(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.max(get(a + i), get(b + i)));
    }
  }

  private static void maximumScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).max(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.max(get(a + i), scalar));
    }
  }

  private static void minimum(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).min(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.min(get(a + i), get(b + i)));
    }
  }

  private static void minimumScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).min(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, Math.min(get(a + i), scalar));
    }
  }

  private static void subtract(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).sub(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) - get(b + i));
    }
  }

  private static void subtractScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).sub(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) - scalar);
    }
  }

  private static void divide(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).div(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) / get(b + i));
    }
  }

  private static void divideScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, load(a + i).div(scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, get(a + i) / scalar);
    }
  }

  private static void scalarSubtract(long out, long a, long b, long c, int n) {
    double scalar = get(a);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, DoubleVector.broadcast(SPECIES, scalar).sub(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, scalar - get(b + i));
    }
  }

  private static void scalarDivide(long out, long a, long b, long c, int n) {
    double scalar = get(a);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, DoubleVector.broadcast(SPECIES, scalar).div(load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, scalar / get(b + i));
    }
  }

  private static void equal(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.EQ, load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) == get(b + i));
    }
  }

  private static void equalScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.EQ, scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) == scalar);
    }
  }

  private static void less(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.LT, load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) < get(b + i));
    }
  }

  private static void lessScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.LT, scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) < scalar);
    }
  }

  private static void lessEqual(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.LE, load(b + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) <= get(b + i));
    }
  }

  private static void lessEqualScalar(long out, long a, long b, long c, int n) {
    double scalar = get(b);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(a + i).compare(VectorOperators.LE, scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, get(a + i) <= scalar);
    }
  }

  private static void scalarLess(long out, long a, long b, long c, int n) {
    double scalar = get(a);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(b + i).compare(VectorOperators.GT, scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, scalar < get(b + i));
    }
  }

  private static void scalarLessEqual(long out, long a, long b, long c, int n) {
    double scalar = get(a);
    long i = 0;
    for (; i < whole(n); i += STEP) {
      Masks.store(out + i / BYTES, load(b + i).compare(VectorOperators.GE, scalar));
    }
    for (; i < bytes(n); i += BYTES) {
      Memory.putBoolean(out + i / BYTES, scalar <= get(b + i));
    }
  }
}
