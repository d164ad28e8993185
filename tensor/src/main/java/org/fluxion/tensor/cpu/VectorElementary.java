package org.fluxion.tensor.cpu;

/**
 * Elementary functions as vector operations: {@link FloatElementary} step by step, so that a
 * generated loop has the bits of the block functions.
 */
final class VectorElementary {
  private final VectorBody body;

  VectorElementary(VectorBody body) {
    this.body = body;
  }

  private int c(String name) {
    return body.constant(name);
  }

  private int n(String name) {
    return body.intConstant(name);
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

  private int atMost(int x, String most) {
    return blend(x, c(most), op(VectorOp.GREATER, x, c(most)));
  }

  private int atLeast(int x, String least) {
    return blend(x, c(least), less(x, c(least)));
  }

  /** Horner's rule from the highest coefficient, NAME_most, down to NAME_0. */
  private int polynomial(int x, String name, int most) {
    int q = fma(x, c(name + "_" + most), c(name + "_" + (most - 1)));
    for (int i = most - 2; i >= 0; i--) {
      q = fma(q, x, c(name + "_" + i));
    }
    return q;
  }

  private int remainder(int x, int k) {
    return fma(k, c("MINUS_LN2_LOW"), fma(k, c("MINUS_LN2_HIGH"), x));
  }

  private int expPolynomial(int r) {
    return fma(mul(r, r), polynomial(r, "EXP", 4), r);
  }

  private int mantissaShift(int i) {
    return body.shift(VectorOp.SHIFT_LEFT, i, ScalarElementary.MANTISSA_LENGTH);
  }

  private int exponentShift(int i) {
    return body.shift(VectorOp.SHIFT_RIGHT, i, ScalarElementary.MANTISSA_LENGTH);
  }

  private int power(int biased) {
    return op(VectorOp.AS_FLOATS, mantissaShift(biased));
  }

  private int scale(int z, String bias) {
    int shifted = mantissaShift(op(VectorOp.AS_INTS, z));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_ADD, shifted, n(bias)));
  }

  private int rounded(int y) {
    return fma(y, c("LOG2_E"), c("ROUNDER"));
  }

  int exp(int x) {
    int y = atLeast(atMost(x, "EXP_MOST"), "EXP_LEAST");
    int z = rounded(y);
    int p = expPolynomial(remainder(y, sub(z, c("ROUNDER"))));
    int k = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, z), n("ROUNDER_BITS"));
    int half = body.shift(VectorOp.SHIFT_RIGHT, k, 1);
    int first = power(op(VectorOp.INT_ADD, half, n("BIAS")));
    int second = power(op(VectorOp.INT_ADD, op(VectorOp.INT_SUB, k, half), n("BIAS")));
    return mul(mul(plus(p, c("ONE")), first), second);
  }

  int expm1(int x) {
    int y = atLeast(atMost(x, "EXP_MOST"), "EXPM1_LEAST");
    int z = rounded(y);
    int r = remainder(y, sub(z, c("ROUNDER")));
    int p = fma(mul(r, r), polynomial(r, "EXPM1", 5), r);
    int s = scale(z, "HALF_BITS");
    int result = mul(fma(p, s, sub(s, c("HALF"))), c("TWO"));
    return blend(result, x, less(op(VectorOp.ABS, x), c("TINY")));
  }

  int log(int x) {
    int subnormal = less(x, c("MIN_NORMAL"));
    int scaled = blend(x, mul(x, c("SUBNORMAL_SCALE")), subnormal);
    int i = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, scaled), n("ROOT_HALF_BITS"));
    int k = plus(exponent(exponentShift(i)), blend(c("ZERO"), c("SUBNORMAL_EXPONENT"), subnormal));
    int result = logPolynomial(sub(mantissa(i), c("ONE")), k);
    result = blend(x, result, less(x, c("POSITIVE_INFINITY")));
    result = blend(result, c("NEGATIVE_INFINITY"), op(VectorOp.EQUAL, x, c("ZERO")));
    return blend(result, c("NAN"), less(x, c("ZERO")));
  }

  private int mantissa(int i) {
    int bits = op(VectorOp.INT_AND, i, n("MANTISSA"));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_ADD, bits, n("ROOT_HALF_BITS")));
  }

  private int exponent(int k) {
    int bits = op(VectorOp.INT_ADD, k, n("ROUNDER_BITS"));
    return sub(op(VectorOp.AS_FLOATS, bits), c("ROUNDER"));
  }

  private int logPolynomial(int f, int k) {
    int p = polynomial(f, "LOG", 7);
    int s = mul(f, f);
    int low = fma(k, c("LN2_LOW"), fma(mul(f, s), p, mul(s, c("MINUS_HALF"))));
    return fma(k, c("LN2_HIGH"), plus(f, low));
  }

  int log1p(int x) {
    int u = plus(x, c("ONE"));
    int b = sub(u, c("ONE"));
    int lost = plus(sub(c("ONE"), sub(u, b)), sub(x, b));
    int i = op(VectorOp.INT_SUB, op(VectorOp.AS_INTS, u), n("ROOT_HALF_BITS"));
    int k = exponentShift(i);
    int bias = op(VectorOp.INT_SUB, n("BIAS"), op(VectorOp.INT_MIN, k, n("MOST_SCALED")));
    int f = fma(lost, power(bias), sub(mantissa(i), c("ONE")));
    int result = logPolynomial(f, exponent(k));
    result = blend(x, result, less(x, c("POSITIVE_INFINITY")));
    result = blend(result, x, less(op(VectorOp.ABS, x), c("TINY")));
    result = blend(result, c("NEGATIVE_INFINITY"), op(VectorOp.EQUAL, x, c("MINUS_ONE")));
    return blend(result, c("NAN"), less(x, c("MINUS_ONE")));
  }

  int tanh(int x) {
    int a = op(VectorOp.ABS, x);
    int y = atMost(a, "TANH_MOST");
    y = plus(y, y);
    int z = rounded(y);
    int p = expPolynomial(remainder(y, sub(z, c("ROUNDER"))));
    int s = scale(z, "ONE_BITS");
    int quotient = op(VectorOp.DIV, c("TWO"), fma(p, s, plus(s, c("ONE"))));
    int large = sub(c("ONE"), quotient);
    int t = mul(a, a);
    int small = fma(mul(a, t), polynomial(t, "TANH", 4), a);
    return withSign(blend(large, small, less(a, c("TANH_SMALL"))), x);
  }

  int erf(int x) {
    int a = op(VectorOp.ABS, x);
    int y = atMost(a, "ERF_MOST");
    int e = polynomial(y, "ERFC", 7);
    int z = rounded(e);
    int p = expPolynomial(remainder(e, sub(z, c("ROUNDER"))));
    int s = scale(z, "ONE_BITS");
    int large = fma(p, op(VectorOp.NEG, s), sub(c("ONE"), s));
    int t = mul(a, a);
    int small = fma(a, polynomial(t, "ERF", 6), a);
    return withSign(blend(large, small, less(a, c("ERF_SMALL"))), x);
  }

  /** Flips the sign of a number where another one is negative. */
  private int withSign(int magnitude, int sign) {
    int bits = op(VectorOp.INT_AND, op(VectorOp.AS_INTS, sign), n("SIGN"));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_XOR, op(VectorOp.AS_INTS, magnitude), bits));
  }

  private int copySign(int magnitude, int sign) {
    int bits = op(VectorOp.INT_AND, op(VectorOp.AS_INTS, sign), n("SIGN"));
    return op(VectorOp.AS_FLOATS, op(VectorOp.INT_OR, op(VectorOp.AS_INTS, magnitude), bits));
  }

  int sign(int x) {
    int isNumber = op(VectorOp.OR, less(x, c("ZERO")), op(VectorOp.GREATER, x, c("ZERO")));
    return blend(x, copySign(c("ONE"), x), isNumber);
  }

  int floor(int x) {
    int size = op(VectorOp.ABS, x);
    int rounded = copySign(sub(plus(size, c("INTEGERS")), c("INTEGERS")), x);
    int lower = sub(rounded, c("ONE"));
    int floor = blend(rounded, lower, op(VectorOp.GREATER, rounded, x));
    return blend(x, floor, less(size, c("INTEGERS")));
  }
}
