package org.fluxion.tensor.cpu;

import static org.fluxion.tensor.cpu.FloatConstants.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.fluxion.tensor.Op;

/**
 * Elementary functions over blocks of floats: {@link ScalarElementary} step by step, in vectors. A
 * condition there is a blend here. NaN passes every clamp, since no comparison with it holds.
 */
final class FloatElementary {
  private static final VectorSpecies<Float> SPECIES = Species.FLOAT;
  private static final int BYTES = Float.BYTES;
  private static final int STEP = SPECIES.vectorByteSize();

  private FloatElementary() {}

  /** The function of an operation, whether it is one of these or not. */
  static BlockFunction of(Op.Unary op) {
    return switch (op) {
      case Op.Exp o -> FloatElementary::exp;
      case Op.Log o -> FloatElementary::log;
      case Op.Log1p o -> FloatElementary::log1p;
      case Op.Expm1 o -> FloatElementary::expm1;
      case Op.Sin o -> FloatElementary::sin;
      case Op.Cos o -> FloatElementary::cos;
      case Op.Tanh o -> FloatElementary::tanh;
      case Op.Sigmoid o -> FloatElementary::sigmoid;
      case Op.Erf o -> FloatElementary::erf;
      default -> ScalarFunctions.floats(op, -1);
    };
  }

  private static void exp(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, exp(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.exp(get(a + i)));
    }
  }

  private static void log(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, log(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.log(get(a + i)));
    }
  }

  private static void log1p(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, log1p(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.log1p(get(a + i)));
    }
  }

  private static void expm1(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, expm1(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.expm1(get(a + i)));
    }
  }

  private static void tanh(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, tanh(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.tanh(get(a + i)));
    }
  }

  private static void sigmoid(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, sigmoid(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.sigmoid(get(a + i)));
    }
  }

  private static void erf(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      store(out + i, erf(load(a + i)));
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.erf(get(a + i)));
    }
  }

  private static void sin(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      FloatVector x = load(a + i);
      if (x.abs().compare(VectorOperators.GT, TRIGONOMETRIC_MOST).anyTrue()) {
        for (long lane = i; lane < i + STEP; lane += BYTES) {
          put(out + lane, ScalarElementary.sin(get(a + lane)));
        }
      } else {
        store(out + i, sin(x));
      }
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.sin(get(a + i)));
    }
  }

  private static void cos(long out, long a, long b, long c, int n) {
    long i = 0;
    for (; i < whole(n); i += STEP) {
      FloatVector x = load(a + i);
      if (x.abs().compare(VectorOperators.GT, TRIGONOMETRIC_MOST).anyTrue()) {
        for (long lane = i; lane < i + STEP; lane += BYTES) {
          put(out + lane, ScalarElementary.cos(get(a + lane)));
        }
      } else {
        store(out + i, cos(x));
      }
    }
    for (; i < bytes(n); i += BYTES) {
      put(out + i, ScalarElementary.cos(get(a + i)));
    }
  }

  private static long bytes(int n) {
    return (long) BYTES * n;
  }

  private static long whole(int n) {
    return bytes(SPECIES.loopBound(n));
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(SPECIES, Memory.ALL, address, Memory.ORDER);
  }

  private static void store(long address, FloatVector value) {
    value.intoMemorySegment(Memory.ALL, address, Memory.ORDER);
  }

  private static float get(long address) {
    return Memory.getFloat(address);
  }

  private static void put(long address, float value) {
    Memory.putFloat(address, value);
  }

  private static FloatVector atMost(FloatVector x, FloatVector most) {
    return x.blend(most, x.compare(VectorOperators.GT, most));
  }

  private static FloatVector atLeast(FloatVector x, FloatVector least) {
    return x.blend(least, x.compare(VectorOperators.LT, least));
  }

  private static FloatVector exp(FloatVector x) {
    FloatVector y = atLeast(atMost(x, EXP_MOST), EXP_LEAST);
    FloatVector z = y.fma(LOG2_E, ROUNDER);
    FloatVector p = expPolynomial(remainder(y, z.sub(ROUNDER)));
    IntVector k = z.reinterpretAsInts().sub(ROUNDER_BITS);
    IntVector half = k.lanewise(VectorOperators.ASHR, 1);
    return p.add(ONE).mul(power(half.add(BIAS))).mul(power(k.sub(half).add(BIAS)));
  }

  private static FloatVector remainder(FloatVector x, FloatVector k) {
    return k.fma(MINUS_LN2_LOW, k.fma(MINUS_LN2_HIGH, x));
  }

  private static FloatVector expPolynomial(FloatVector r) {
    FloatVector q = r.fma(EXP_4, EXP_3);
    q = q.fma(r, EXP_2);
    q = q.fma(r, EXP_1);
    q = q.fma(r, EXP_0);
    return r.mul(r).fma(q, r);
  }

  private static FloatVector power(IntVector biased) {
    return biased
        .lanewise(VectorOperators.LSHL, ScalarElementary.MANTISSA_LENGTH)
        .reinterpretAsFloats();
  }

  private static FloatVector scale(FloatVector z, IntVector bias) {
    return z.reinterpretAsInts()
        .lanewise(VectorOperators.LSHL, ScalarElementary.MANTISSA_LENGTH)
        .add(bias)
        .reinterpretAsFloats();
  }

  private static FloatVector expm1(FloatVector x) {
    FloatVector y = atLeast(atMost(x, EXP_MOST), EXPM1_LEAST);
    FloatVector z = y.fma(LOG2_E, ROUNDER);
    FloatVector p = expm1Polynomial(remainder(y, z.sub(ROUNDER)));
    FloatVector s = scale(z, HALF_BITS);
    FloatVector result = p.fma(s, s.sub(HALF)).mul(TWO);
    return result.blend(x, x.abs().compare(VectorOperators.LT, TINY));
  }

  private static FloatVector expm1Polynomial(FloatVector r) {
    FloatVector q = r.fma(EXPM1_5, EXPM1_4);
    q = q.fma(r, EXPM1_3);
    q = q.fma(r, EXPM1_2);
    q = q.fma(r, EXPM1_1);
    q = q.fma(r, EXPM1_0);
    return r.mul(r).fma(q, r);
  }

  private static FloatVector log(FloatVector x) {
    VectorMask<Float> subnormal = x.compare(VectorOperators.LT, MIN_NORMAL);
    IntVector i =
        x.blend(x.mul(SUBNORMAL_SCALE), subnormal).reinterpretAsInts().sub(ROOT_HALF_BITS);
    FloatVector k =
        exponent(i.lanewise(VectorOperators.ASHR, ScalarElementary.MANTISSA_LENGTH))
            .add(ZERO.blend(SUBNORMAL_EXPONENT, subnormal));
    FloatVector result = logPolynomial(mantissa(i).sub(ONE), k);
    result = x.blend(result, x.compare(VectorOperators.LT, POSITIVE_INFINITY));
    result = result.blend(NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, ZERO));
    return result.blend(NAN, x.compare(VectorOperators.LT, ZERO));
  }

  private static FloatVector mantissa(IntVector i) {
    return i.and(MANTISSA).add(ROOT_HALF_BITS).reinterpretAsFloats();
  }

  private static FloatVector exponent(IntVector k) {
    return k.add(ROUNDER_BITS).reinterpretAsFloats().sub(ROUNDER);
  }

  private static FloatVector logPolynomial(FloatVector f, FloatVector k) {
    FloatVector p = f.fma(LOG_7, LOG_6);
    p = p.fma(f, LOG_5);
    p = p.fma(f, LOG_4);
    p = p.fma(f, LOG_3);
    p = p.fma(f, LOG_2);
    p = p.fma(f, LOG_1);
    p = p.fma(f, LOG_0);
    FloatVector s = f.mul(f);
    FloatVector low = k.fma(LN2_LOW, f.mul(s).fma(p, s.mul(MINUS_HALF)));
    return k.fma(LN2_HIGH, f.add(low));
  }

  private static FloatVector log1p(FloatVector x) {
    FloatVector u = x.add(ONE);
    FloatVector b = u.sub(ONE);
    FloatVector lost = ONE.sub(u.sub(b)).add(x.sub(b));
    IntVector i = u.reinterpretAsInts().sub(ROOT_HALF_BITS);
    IntVector k = i.lanewise(VectorOperators.ASHR, ScalarElementary.MANTISSA_LENGTH);
    FloatVector f = lost.fma(power(BIAS.sub(k.min(MOST_SCALED))), mantissa(i).sub(ONE));
    FloatVector result = logPolynomial(f, exponent(k));
    result = x.blend(result, x.compare(VectorOperators.LT, POSITIVE_INFINITY));
    result = result.blend(x, x.abs().compare(VectorOperators.LT, TINY));
    result = result.blend(NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, MINUS_ONE));
    return result.blend(NAN, x.compare(VectorOperators.LT, MINUS_ONE));
  }

  private static FloatVector sin(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector z = a.fma(TWO_OVER_PI, ROUNDER);
    IntVector quadrant = z.reinterpretAsInts();
    IntVector sign =
        x.reinterpretAsInts()
            .lanewise(VectorOperators.XOR, quadrant.lanewise(VectorOperators.LSHL, 30));
    return withSign(quarter(a, z.sub(ROUNDER), quadrant), sign);
  }

  private static FloatVector cos(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector z = a.fma(TWO_OVER_PI, ROUNDER);
    IntVector quadrant = z.reinterpretAsInts().add(INT_ONE);
    IntVector sign = quadrant.lanewise(VectorOperators.LSHL, 30);
    return withSign(quarter(a, z.sub(ROUNDER), quadrant), sign);
  }

  private static FloatVector withSign(FloatVector x, IntVector sign) {
    return x.reinterpretAsInts()
        .lanewise(VectorOperators.XOR, sign.and(SIGN))
        .reinterpretAsFloats();
  }

  private static FloatVector quarter(FloatVector a, FloatVector j, IntVector quadrant) {
    FloatVector r = j.fma(MINUS_HALF_PI_HIGH, a);
    r = j.fma(MINUS_HALF_PI_MIDDLE, r);
    r = j.fma(MINUS_HALF_PI_LOW, r);
    FloatVector s = r.mul(r);
    FloatVector sine = s.fma(SIN_2, SIN_1).fma(s, SIN_0);
    sine = r.mul(s).fma(sine, r);
    FloatVector cosine = s.fma(COS_2, COS_1).fma(s, COS_0);
    cosine = s.mul(s).fma(cosine, s.fma(MINUS_HALF, ONE));
    return cosine.blend(
        sine, quadrant.and(INT_ONE).compare(VectorOperators.EQ, INT_ZERO).cast(SPECIES));
  }

  private static FloatVector tanh(FloatVector x) {
    FloatVector y = atMost(x.abs(), TANH_MOST);
    y = y.add(y);
    FloatVector z = y.fma(LOG2_E, ROUNDER);
    FloatVector p = expm1Polynomial(remainder(y, z.sub(ROUNDER)));
    FloatVector s = scale(z, ONE_BITS);
    FloatVector e = p.fma(s, s.sub(ONE));
    return withSign(e.div(e.add(TWO)), x.reinterpretAsInts());
  }

  private static FloatVector sigmoid(FloatVector x) {
    FloatVector e = exp(x.abs().neg());
    return ONE.blend(e, x.compare(VectorOperators.LT, ZERO)).div(e.add(ONE));
  }

  private static FloatVector erf(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector y = atMost(a, ERF_MOST);
    FloatVector e = y.fma(ERFC_7, ERFC_6);
    e = e.fma(y, ERFC_5);
    e = e.fma(y, ERFC_4);
    e = e.fma(y, ERFC_3);
    e = e.fma(y, ERFC_2);
    e = e.fma(y, ERFC_1);
    e = e.fma(y, ERFC_0);
    FloatVector z = e.fma(LOG2_E, ROUNDER);
    FloatVector p = expPolynomial(remainder(e, z.sub(ROUNDER)));
    FloatVector s = scale(z, ONE_BITS);
    FloatVector large = p.fma(s.neg(), ONE.sub(s));
    FloatVector t = a.mul(a);
    FloatVector q = t.fma(ERF_6, ERF_5);
    q = q.fma(t, ERF_4);
    q = q.fma(t, ERF_3);
    q = q.fma(t, ERF_2);
    q = q.fma(t, ERF_1);
    q = q.fma(t, ERF_0);
    FloatVector small = a.fma(q, a);
    return withSign(
        large.blend(small, a.compare(VectorOperators.LT, ERF_SMALL)), x.reinterpretAsInts());
  }
}
