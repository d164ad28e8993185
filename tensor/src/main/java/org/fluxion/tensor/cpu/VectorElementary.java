package org.fluxion.tensor.cpu;

import static org.fluxion.tensor.cpu.ScalarElementary.*;

/**
 * Elementary functions as vector operations: {@link FloatElementary} step by step, so that a
 * generated loop has the bits of the block functions.
 */
final class VectorElementary {
  /** From here on every float is an integer. */
  private static final float INTEGERS = 0x1p23f;

  /** What is added to an exponent. */
  private static final int BIAS = 127;

  /** The largest exponent whose negative is a normal one. */
  private static final int MOST_SCALED = 126;

  private final VectorBody body;

  VectorElementary(VectorBody body) {
    this.body = body;
  }

  private int c(float value) {
    return body.constant(value);
  }

  private int n(int value) {
    return body.constant(value);
  }

  private int op(VectorOp op, int a) {
    return body.add(op, a);
  }

  private int op(VectorOp op, int a, int b) {
    return body.add(op, a, b);
  }

  private int fma(int a, int b, int c) {
    return body.add(VectorOp.FMA, a, b, c);
  }

  private int mul(int a, int b) {
    return op(VectorOp.MUL, a, b);
  }

  private int plus(int a, int b) {
    return op(VectorOp.ADD, a, b);
  }

  private int sub(int a, int b) {
    return op(VectorOp.SUB, a, b);
  }

  private int blend(int a, int b, int mask) {
    return body.add(VectorOp.BLEND, a, b, mask);
  }

  private int less(int a, int b) {
    return op(VectorOp.LESS, a, b);
  }

  private int atMost(int x, float most) {
    return blend(x, c(most), op(VectorOp.GREATER, x, c(most)));
  }

  private int atLeast(int x, float least) {
    return blend(x, c(least), less(x, c(least)));
  }

  /** Horner's rule, the highest coefficient first. */
  private int polynomial(int x, float... coefficients) {
    int q = fma(x, c(coefficients[0]), c(coefficients[1]));
    for (int i = 2; i < coefficients.length; i++) {
      q = fma(q, x, c(coefficients[i]));
    }
    return q;
  }

  private int remainder(int x, int k) {
    return fma(k, c(-LN2_LOW), fma(k, c(-LN2_HIGH), x));
  }

  private int expPolynomial(int r) {
    return fma(mul(r, r), polynomial(r, EXP_4, EXP_3, EXP_2, EXP_1, EXP_0), r);
  }

  private int expm1Polynomial(int r) {
    int q = polynomial(r, EXPM1_5, EXPM1_4, EXPM1_3, EXPM1_2, EXPM1_1, EXPM1_0);
    return fma(mul(r, r), q, r);
  }

  private int mantissaShift(int i) {
    return body.shift(VectorOp.SHIFT_LEFT, i, MANTISSA_LENGTH);
  }

  private int exponentShift(int i) {
    return body.shift(VectorOp.SHIFT_RIGHT, i, MANTISSA_LENGTH);
  }

  private int power(int biased) {
    return op(VectorOp.AS_FLOATS, mantissaShift(biased));
  }

  private int scale(int z, int bias) {
    int shifted = mantissaShift(op(VectorOp.AS_INTS, z));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_ADD, shifted, n(bias)));
  }

  private int rounded(int y) {
    return fma(y, c(LOG2_E), c(ROUNDER));
  }

  int exp(int x) {
    int y = atLeast(atMost(x, EXP_MOST), EXP_LEAST);
    int z = rounded(y);
    int p = expPolynomial(remainder(y, sub(z, c(ROUNDER))));
    int k = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, z), n(ROUNDER_BITS));
    int half = body.shift(VectorOp.SHIFT_RIGHT, k, 1);
    int first = power(op(VectorOp.INT_ADD, half, n(BIAS)));
    int second = power(op(VectorOp.INT_ADD, op(VectorOp.INT_SUB, k, half), n(BIAS)));
    return mul(mul(plus(p, c(1)), first), second);
  }

  int expm1(int x) {
    int y = atLeast(atMost(x, EXP_MOST), EXPM1_LEAST);
    int z = rounded(y);
    int p = expm1Polynomial(remainder(y, sub(z, c(ROUNDER))));
    int s = scale(z, HALF_BITS);
    int result = mul(fma(p, s, sub(s, c(0.5f))), c(2));
    return blend(result, x, less(op(VectorOp.ABS, x), c(TINY)));
  }

  int log(int x) {
    int subnormal = less(x, c(Float.MIN_NORMAL));
    int scaled = blend(x, mul(x, c(SUBNORMAL_SCALE)), subnormal);
    int i = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, scaled), n(ROOT_HALF_BITS));
    int k = plus(exponent(exponentShift(i)), blend(c(0), c(SUBNORMAL_EXPONENT), subnormal));
    int result = logPolynomial(sub(mantissa(i), c(1)), k);
    result = blend(x, result, less(x, c(Float.POSITIVE_INFINITY)));
    result = blend(result, c(Float.NEGATIVE_INFINITY), op(VectorOp.EQUAL, x, c(0)));
    return blend(result, c(Float.NaN), less(x, c(0)));
  }

  private int mantissa(int i) {
    int bits = op(VectorOp.INT_AND, i, n(MANTISSA));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_ADD, bits, n(ROOT_HALF_BITS)));
  }

  private int exponent(int k) {
    int bits = op(VectorOp.INT_ADD, k, n(ROUNDER_BITS));
    return sub(op(VectorOp.AS_FLOATS, bits), c(ROUNDER));
  }

  private int logPolynomial(int f, int k) {
    int p = polynomial(f, LOG_7, LOG_6, LOG_5, LOG_4, LOG_3, LOG_2, LOG_1, LOG_0);
    int s = mul(f, f);
    int low = fma(k, c(LN2_LOW), fma(mul(f, s), p, mul(s, c(-0.5f))));
    return fma(k, c(LN2_HIGH), plus(f, low));
  }

  int log1p(int x) {
    int u = plus(x, c(1));
    int b = sub(u, c(1));
    int lost = plus(sub(c(1), sub(u, b)), sub(x, b));
    int i = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, u), n(ROOT_HALF_BITS));
    int k = exponentShift(i);
    int bias = op(VectorOp.INT_SUB, n(BIAS), op(VectorOp.INT_MIN, k, n(MOST_SCALED)));
    int f = fma(lost, power(bias), sub(mantissa(i), c(1)));
    int result = logPolynomial(f, exponent(k));
    result = blend(x, result, less(x, c(Float.POSITIVE_INFINITY)));
    result = blend(result, x, less(op(VectorOp.ABS, x), c(TINY)));
    result = blend(result, c(Float.NEGATIVE_INFINITY), op(VectorOp.EQUAL, x, c(-1)));
    return blend(result, c(Float.NaN), less(x, c(-1)));
  }

  int tanh(int x) {
    int y = atMost(op(VectorOp.ABS, x), TANH_MOST);
    y = plus(y, y);
    int z = rounded(y);
    int p = expm1Polynomial(remainder(y, sub(z, c(ROUNDER))));
    int s = scale(z, ONE_BITS);
    int e = fma(p, s, sub(s, c(1)));
    return withSign(op(VectorOp.DIV, e, plus(e, c(2))), x);
  }

  int sigmoid(int x) {
    int e = exp(op(VectorOp.NEG, op(VectorOp.ABS, x)));
    return op(VectorOp.DIV, blend(c(1), e, less(x, c(0))), plus(e, c(1)));
  }

  int erf(int x) {
    int a = op(VectorOp.ABS, x);
    int y = atMost(a, ERF_MOST);
    int e = polynomial(y, ERFC_7, ERFC_6, ERFC_5, ERFC_4, ERFC_3, ERFC_2, ERFC_1, ERFC_0);
    int z = rounded(e);
    int p = expPolynomial(remainder(e, sub(z, c(ROUNDER))));
    int s = scale(z, ONE_BITS);
    int large = fma(p, op(VectorOp.NEG, s), sub(c(1), s));
    int t = mul(a, a);
    int small = fma(a, polynomial(t, ERF_6, ERF_5, ERF_4, ERF_3, ERF_2, ERF_1, ERF_0), a);
    return withSign(blend(large, small, less(a, c(ERF_SMALL))), x);
  }

  /** Flips the sign of a number where another one is negative. */
  private int withSign(int magnitude, int sign) {
    int bits = op(VectorOp.INT_AND, op(VectorOp.AS_INTS, sign), n(Integer.MIN_VALUE));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_XOR, op(VectorOp.AS_INTS, magnitude), bits));
  }

  private int copySign(int magnitude, int sign) {
    int bits = op(VectorOp.INT_AND, op(VectorOp.AS_INTS, sign), n(Integer.MIN_VALUE));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_OR, op(VectorOp.AS_INTS, magnitude), bits));
  }

  int sign(int x) {
    int isNumber = op(VectorOp.OR, less(x, c(0)), op(VectorOp.GREATER, x, c(0)));
    return blend(x, copySign(c(1), x), isNumber);
  }

  int floor(int x) {
    int size = op(VectorOp.ABS, x);
    int rounded = copySign(sub(plus(size, c(INTEGERS)), c(INTEGERS)), x);
    int lower = sub(rounded, c(1));
    int floor = blend(rounded, lower, op(VectorOp.GREATER, rounded, x));
    return blend(x, floor, less(size, c(INTEGERS)));
  }
}
