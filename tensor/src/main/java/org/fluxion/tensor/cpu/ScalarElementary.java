package org.fluxion.tensor.cpu;

/**
 * Elementary functions of one float, within 2.5 units in the last place: a range reduction, then a
 * polynomial. {@link FloatElementary} takes the same steps with vectors, fused multiply-adds in the
 * same places, so that both give the same bits. The coefficients are minimax fits of the relative
 * error, rounded to float from the lowest on with the rest fitted again each time; the logarithm
 * splits its argument at √½, and sine and cosine subtract π/2 in three parts (Cody and Waite).
 */
final class ScalarElementary {
  static final float LOG2_E = 0x1.715476p+0f;
  static final float LN2_HIGH = 0x1.62e43p-1f;
  static final float LN2_LOW = -0x1.05c61p-29f;
  static final float TWO_OVER_PI = 0x1.45f306p-1f;
  static final float HALF_PI_HIGH = 0x1.921fb6p+0f;
  static final float HALF_PI_MIDDLE = -0x1.777a5cp-25f;
  static final float HALF_PI_LOW = -0x1.ee59dap-50f;

  /** Adding this rounds to an integer, which is then in the low bits. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4B400000;
  static final int ONE_BITS = 0x3F800000;
  static final int HALF_BITS = 0x3F000000;
  static final int MANTISSA = 0x7FFFFF;
  static final int MANTISSA_LENGTH = 23;
  static final int ROOT_HALF_BITS = 0x3F3504F3;

  /** eˣ overflows above the first and rounds to 0 below the second. */
  static final float EXP_MOST = 89;

  static final float EXP_LEAST = -104;

  /** eˣ − 1 is −1 from here down. */
  static final float EXPM1_LEAST = -25;

  /** Below this in size, eˣ − 1 and ln(1 + x) are x. */
  static final float TINY = 0x1p-25f;

  static final float SUBNORMAL_SCALE = 0x1p25f;
  static final float SUBNORMAL_EXPONENT = -25;

  /** The hyperbolic tangent is 1 from here on. */
  static final float TANH_MOST = 10;

  /** The error function: 1 from the first on, a polynomial below the second. */
  static final float ERF_MOST = 4;

  static final float ERF_SMALL = 1;

  /** Above this in size, three parts of π/2 are not enough. */
  static final float TRIGONOMETRIC_MOST = 30_000;

  /** (eʳ − 1 − r) / r², |r| ≤ ln 2 / 2. */
  static final float EXP_0 = 0x1.fffffcp-2f;

  static final float EXP_1 = 0x1.555492p-3f;
  static final float EXP_2 = 0x1.5558aep-5f;
  static final float EXP_3 = 0x1.123986p-7f;
  static final float EXP_4 = 0x1.6a4f5ap-10f;

  /** The same, one degree more: the relative error of eʳ − 1 counts here. */
  static final float EXPM1_0 = 0.5f;

  static final float EXPM1_1 = 0x1.555554p-3f;
  static final float EXPM1_2 = 0x1.5554f8p-5f;
  static final float EXPM1_3 = 0x1.1112dap-7f;
  static final float EXPM1_4 = 0x1.6d3a44p-10f;
  static final float EXPM1_5 = 0x1.9e6e7ap-13f;

  /** (ln(1 + f) − f + f²/2) / f³, √½ ≤ 1 + f ≤ √2. */
  static final float LOG_0 = 0x1.555554p-2f;

  static final float LOG_1 = -0x1.000226p-2f;
  static final float LOG_2 = 0x1.99a01cp-3f;
  static final float LOG_3 = -0x1.54728ap-3f;
  static final float LOG_4 = 0x1.22d92ep-3f;
  static final float LOG_5 = -0x1.0d8242p-3f;
  static final float LOG_6 = 0x1.055ecp-3f;
  static final float LOG_7 = -0x1.38c9cp-4f;

  /** (sin r / r − 1) / r² as a polynomial in r², |r| ≤ π/4. */
  static final float SIN_0 = -0x1.555546p-3f;

  static final float SIN_1 = 0x1.110774p-7f;
  static final float SIN_2 = -0x1.9951f8p-13f;

  /** (cos r − 1 + r²/2) / r⁴ as a polynomial in r². */
  static final float COS_0 = 0x1.55554ap-5f;

  static final float COS_1 = -0x1.6c0c28p-10f;
  static final float COS_2 = 0x1.99e80ep-16f;

  /** erf x / x − 1 as a polynomial in x². */
  static final float ERF_0 = 0x1.06eba8p-3f;

  static final float ERF_1 = -0x1.81273ep-2f;
  static final float ERF_2 = 0x1.ce2ce6p-4f;
  static final float ERF_3 = -0x1.b7f71ap-6f;
  static final float ERF_4 = 0x1.53f224p-8f;
  static final float ERF_5 = -0x1.a3515ep-11f;
  static final float ERF_6 = 0x1.4771fep-14f;

  /** ln(1 − erf x) for 1 ≤ x ≤ 4. */
  static final float ERFC_0 = 0x1.8b3e0cp-13f;

  static final float ERFC_1 = -0x1.212c2cp+0f;
  static final float ERFC_2 = -0x1.4434f6p-1f;
  static final float ERFC_3 = -0x1.bc1898p-4f;
  static final float ERFC_4 = 0x1.9d0b48p-6f;
  static final float ERFC_5 = -0x1.13984cp-8f;
  static final float ERFC_6 = 0x1.cee9a4p-12f;
  static final float ERFC_7 = -0x1.6c06b4p-16f;

  private ScalarElementary() {}

  static float floor(float x) {
    return (float) Math.floor(x);
  }

  static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }

  static float exp(float x) {
    float y = x > EXP_MOST ? EXP_MOST : x;
    y = y < EXP_LEAST ? EXP_LEAST : y;
    float z = Math.fma(y, LOG2_E, ROUNDER);
    float p = expPolynomial(remainder(y, z - ROUNDER));
    // Two factors, so that neither of them leaves the exponents' range.
    int k = Float.floatToRawIntBits(z) - ROUNDER_BITS;
    int half = k >> 1;
    return (p + 1) * power(half + 127) * power(k - half + 127);
  }

  /** x − k ln 2. */
  private static float remainder(float x, float k) {
    return Math.fma(k, -LN2_LOW, Math.fma(k, -LN2_HIGH, x));
  }

  /** eʳ − 1, accurate beside 1. */
  private static float expPolynomial(float r) {
    float q = Math.fma(EXP_4, r, EXP_3);
    q = Math.fma(q, r, EXP_2);
    q = Math.fma(q, r, EXP_1);
    q = Math.fma(q, r, EXP_0);
    return Math.fma(r * r, q, r);
  }

  /** A power of 2 from its exponent with the bias on. */
  private static float power(int biased) {
    return Float.intBitsToFloat(biased << MANTISSA_LENGTH);
  }

  /** 2ᵏ from k + ROUNDER: shifting drops all of it but k. */
  private static float scale(float z, int bias) {
    return Float.intBitsToFloat((Float.floatToRawIntBits(z) << MANTISSA_LENGTH) + bias);
  }

  static float expm1(float x) {
    float y = x > EXP_MOST ? EXP_MOST : x;
    y = y < EXPM1_LEAST ? EXPM1_LEAST : y;
    float z = Math.fma(y, LOG2_E, ROUNDER);
    float p = expm1Polynomial(remainder(y, z - ROUNDER));
    // Half of 2ᵏ, which does not overflow where the result does not.
    float s = scale(z, HALF_BITS);
    float result = Math.fma(p, s, s - 0.5f) * 2;
    return Math.abs(x) < TINY ? x : result;
  }

  private static float expm1Polynomial(float r) {
    float q = Math.fma(EXPM1_5, r, EXPM1_4);
    q = Math.fma(q, r, EXPM1_3);
    q = Math.fma(q, r, EXPM1_2);
    q = Math.fma(q, r, EXPM1_1);
    q = Math.fma(q, r, EXPM1_0);
    return Math.fma(r * r, q, r);
  }

  static float log(float x) {
    boolean subnormal = x < Float.MIN_NORMAL;
    int i = Float.floatToRawIntBits(subnormal ? x * SUBNORMAL_SCALE : x) - ROOT_HALF_BITS;
    float k = exponent(i >> MANTISSA_LENGTH) + (subnormal ? SUBNORMAL_EXPONENT : 0f);
    float f = Float.intBitsToFloat((i & MANTISSA) + ROOT_HALF_BITS) - 1;
    float result = logPolynomial(f, k);
    result = x < Float.POSITIVE_INFINITY ? result : x;
    result = x == 0 ? Float.NEGATIVE_INFINITY : result;
    return x < 0 ? Float.NaN : result;
  }

  /** A small integer as a float. */
  private static float exponent(int k) {
    return Float.intBitsToFloat(k + ROUNDER_BITS) - ROUNDER;
  }

  /** ln(1 + f) + k ln 2. */
  private static float logPolynomial(float f, float k) {
    float p = Math.fma(LOG_7, f, LOG_6);
    p = Math.fma(p, f, LOG_5);
    p = Math.fma(p, f, LOG_4);
    p = Math.fma(p, f, LOG_3);
    p = Math.fma(p, f, LOG_2);
    p = Math.fma(p, f, LOG_1);
    p = Math.fma(p, f, LOG_0);
    float s = f * f;
    float low = Math.fma(k, LN2_LOW, Math.fma(f * s, p, s * -0.5f));
    return Math.fma(k, LN2_HIGH, f + low);
  }

  static float log1p(float x) {
    // What the sum loses, exactly (Knuth's two-sum).
    float u = x + 1;
    float b = u - 1;
    float lost = (1 - (u - b)) + (x - b);
    int i = Float.floatToRawIntBits(u) - ROOT_HALF_BITS;
    int k = i >> MANTISSA_LENGTH;
    float m = Float.intBitsToFloat((i & MANTISSA) + ROOT_HALF_BITS);
    float f = Math.fma(lost, power(127 - Math.min(k, 126)), m - 1);
    float result = logPolynomial(f, exponent(k));
    result = x < Float.POSITIVE_INFINITY ? result : x;
    result = Math.abs(x) < TINY ? x : result;
    result = x == -1 ? Float.NEGATIVE_INFINITY : result;
    return x < -1 ? Float.NaN : result;
  }

  static float sin(float x) {
    float a = Math.abs(x);
    if (a > TRIGONOMETRIC_MOST) {
      return (float) StrictMath.sin(x);
    }
    float z = Math.fma(a, TWO_OVER_PI, ROUNDER);
    int quadrant = Float.floatToRawIntBits(z);
    int sign = Float.floatToRawIntBits(x) ^ quadrant << 30;
    return withSign(quarter(a, z - ROUNDER, quadrant), sign);
  }

  static float cos(float x) {
    float a = Math.abs(x);
    if (a > TRIGONOMETRIC_MOST) {
      return (float) StrictMath.cos(x);
    }
    float z = Math.fma(a, TWO_OVER_PI, ROUNDER);
    int quadrant = Float.floatToRawIntBits(z) + 1;
    return withSign(quarter(a, z - ROUNDER, quadrant), quadrant << 30);
  }

  /** Flips a number's sign where the sign bit is set. */
  private static float withSign(float x, int sign) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(x) ^ (sign & Integer.MIN_VALUE));
  }

  /** The sine, or in odd quadrants the cosine, of a − j π/2. */
  private static float quarter(float a, float j, int quadrant) {
    float r = Math.fma(j, -HALF_PI_HIGH, a);
    r = Math.fma(j, -HALF_PI_MIDDLE, r);
    r = Math.fma(j, -HALF_PI_LOW, r);
    float s = r * r;
    float sine = Math.fma(Math.fma(SIN_2, s, SIN_1), s, SIN_0);
    sine = Math.fma(r * s, sine, r);
    float cosine = Math.fma(Math.fma(COS_2, s, COS_1), s, COS_0);
    cosine = Math.fma(s * s, cosine, Math.fma(s, -0.5f, 1));
    return (quadrant & 1) == 0 ? sine : cosine;
  }

  /** (e²ᵃ − 1) / (e²ᵃ − 1 + 2), whose relative error is small for small a too. */
  static float tanh(float x) {
    float a = Math.abs(x);
    float y = a > TANH_MOST ? TANH_MOST : a;
    y = y + y;
    float z = Math.fma(y, LOG2_E, ROUNDER);
    float p = expm1Polynomial(remainder(y, z - ROUNDER));
    float s = scale(z, ONE_BITS);
    float e = Math.fma(p, s, s - 1);
    return withSign(e / (e + 2), Float.floatToRawIntBits(x));
  }

  /**
   * The exponential of what is not positive, which never overflows, so that no small result is
   * lost.
   */
  static float sigmoid(float x) {
    float e = exp(-Math.abs(x));
    return (x < 0 ? e : 1) / (e + 1);
  }

  static float erf(float x) {
    float a = Math.abs(x);
    float y = a > ERF_MOST ? ERF_MOST : a;
    float e = Math.fma(ERFC_7, y, ERFC_6);
    e = Math.fma(e, y, ERFC_5);
    e = Math.fma(e, y, ERFC_4);
    e = Math.fma(e, y, ERFC_3);
    e = Math.fma(e, y, ERFC_2);
    e = Math.fma(e, y, ERFC_1);
    e = Math.fma(e, y, ERFC_0);
    float z = Math.fma(e, LOG2_E, ROUNDER);
    float p = expPolynomial(remainder(e, z - ROUNDER));
    float s = scale(z, ONE_BITS);
    float large = Math.fma(p, -s, 1 - s);
    float t = a * a;
    float q = Math.fma(ERF_6, t, ERF_5);
    q = Math.fma(q, t, ERF_4);
    q = Math.fma(q, t, ERF_3);
    q = Math.fma(q, t, ERF_2);
    q = Math.fma(q, t, ERF_1);
    q = Math.fma(q, t, ERF_0);
    float small = Math.fma(a, q, a);
    return withSign(a < ERF_SMALL ? small : large, Float.floatToRawIntBits(x));
  }

  static float pow(float x, float y) {
    return (float) StrictMath.pow(x, y);
  }
}
