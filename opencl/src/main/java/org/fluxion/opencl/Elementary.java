package org.fluxion.opencl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.fluxion.tensor.Op;

/**
 * Elementary functions of floats in OpenCL C, for vectors of any width: drivers for processors may
 * call a scalar function for each lane, which is slower than all else in a kernel. Cards have
 * theirs in hardware, and keep them.
 *
 * <p>The steps are those of the cpu backend's {@code ScalarElementary}, which says where the
 * coefficients come from and why the errors stay within 2.5 units in the last place: a range
 * reduction, then a polynomial, with fused multiply-adds in the same places. Every width has the
 * same bits.
 */
final class Elementary {
  private static final String PARTS =
      """
      static FLOAT remainder_W(FLOAT x, FLOAT k) {
        return fma(k, (FLOAT) (0x1.05c61p-29f), fma(k, (FLOAT) (-0x1.62e43p-1f), x));
      }
      static FLOAT near_exp_W(FLOAT r) {
        FLOAT q = fma((FLOAT) (0x1.6a4f5ap-10f), r, (FLOAT) (0x1.123986p-7f));
        q = fma(q, r, (FLOAT) (0x1.5558aep-5f));
        q = fma(q, r, (FLOAT) (0x1.555492p-3f));
        q = fma(q, r, (FLOAT) (0x1.fffffcp-2f));
        return fma(r * r, q, r);
      }
      static FLOAT near_expm1_W(FLOAT r) {
        FLOAT q = fma((FLOAT) (0x1.9e6e7ap-13f), r, (FLOAT) (0x1.6d3a44p-10f));
        q = fma(q, r, (FLOAT) (0x1.1112dap-7f));
        q = fma(q, r, (FLOAT) (0x1.5554f8p-5f));
        q = fma(q, r, (FLOAT) (0x1.555554p-3f));
        q = fma(q, r, (FLOAT) (0.5f));
        return fma(r * r, q, r);
      }
      static FLOAT rounded_W(FLOAT x) {
        return fma(x, (FLOAT) (0x1.715476p+0f), (FLOAT) (0x1.8p23f));
      }
      static FLOAT most_W(FLOAT x, float most) {
        return select(x, (FLOAT) (most), x > (FLOAT) (most));
      }
      static FLOAT least_W(FLOAT x, float least) {
        return select(x, (FLOAT) (least), x < (FLOAT) (least));
      }
      static FLOAT signed_W(FLOAT x, FLOAT sign) {
        return as_FLOAT(as_INT(x) ^ (as_INT(sign) & (INT) (0x80000000)));
      }
      """;

  private static final String EXP =
      """
      static FLOAT exp_W(FLOAT x) {
        const FLOAT y = least_W(most_W(x, 89.0f), -104.0f);
        const FLOAT z = rounded_W(y);
        const FLOAT p = near_exp_W(remainder_W(y, z - (FLOAT) (0x1.8p23f)));
        const INT k = as_INT(z) - (INT) (0x4B400000), half_ = k >> (INT) (1);
        return (p + (FLOAT) (1.0f)) * as_FLOAT((half_ + (INT) (127)) << (INT) (23))
            * as_FLOAT((k - half_ + (INT) (127)) << (INT) (23));
      }
      """;

  private static final String EXPM1 =
      """
      static FLOAT expm1_W(FLOAT x) {
        const FLOAT y = least_W(most_W(x, 89.0f), -25.0f);
        const FLOAT z = rounded_W(y);
        const FLOAT p = near_expm1_W(remainder_W(y, z - (FLOAT) (0x1.8p23f)));
        const FLOAT s = as_FLOAT((as_INT(z) << (INT) (23)) + (INT) (0x3F000000));
        const FLOAT result = fma(p, s, s - (FLOAT) (0.5f)) * (FLOAT) (2.0f);
        return select(result, x, fabs(x) < (FLOAT) (0x1p-25f));
      }
      """;

  private static final String TANH =
      """
      static FLOAT tanh_W(FLOAT x) {
        FLOAT y = most_W(fabs(x), 10.0f);
        y = y + y;
        const FLOAT z = rounded_W(y);
        const FLOAT p = near_expm1_W(remainder_W(y, z - (FLOAT) (0x1.8p23f)));
        const FLOAT s = as_FLOAT((as_INT(z) << (INT) (23)) + (INT) (0x3F800000));
        const FLOAT e = fma(p, s, s - (FLOAT) (1.0f));
        return signed_W(e / (e + (FLOAT) (2.0f)), x);
      }
      """;

  private static final String ERF =
      """
      static FLOAT erf_W(FLOAT x) {
        const FLOAT a = fabs(x), y = most_W(a, 4.0f);
        FLOAT e = fma((FLOAT) (-0x1.6c06b4p-16f), y, (FLOAT) (0x1.cee9a4p-12f));
        e = fma(e, y, (FLOAT) (-0x1.13984cp-8f));
        e = fma(e, y, (FLOAT) (0x1.9d0b48p-6f));
        e = fma(e, y, (FLOAT) (-0x1.bc1898p-4f));
        e = fma(e, y, (FLOAT) (-0x1.4434f6p-1f));
        e = fma(e, y, (FLOAT) (-0x1.212c2cp+0f));
        e = fma(e, y, (FLOAT) (0x1.8b3e0cp-13f));
        const FLOAT z = rounded_W(e);
        const FLOAT p = near_exp_W(remainder_W(e, z - (FLOAT) (0x1.8p23f)));
        const FLOAT s = as_FLOAT((as_INT(z) << (INT) (23)) + (INT) (0x3F800000));
        const FLOAT large = fma(p, -s, (FLOAT) (1.0f) - s);
        const FLOAT t = a * a;
        FLOAT q = fma((FLOAT) (0x1.4771fep-14f), t, (FLOAT) (-0x1.a3515ep-11f));
        q = fma(q, t, (FLOAT) (0x1.53f224p-8f));
        q = fma(q, t, (FLOAT) (-0x1.b7f71ap-6f));
        q = fma(q, t, (FLOAT) (0x1.ce2ce6p-4f));
        q = fma(q, t, (FLOAT) (-0x1.81273ep-2f));
        q = fma(q, t, (FLOAT) (0x1.06eba8p-3f));
        return signed_W(select(large, fma(a, q, a), a < (FLOAT) (1.0f)), x);
      }
      """;

  private static final SequencedMap<Class<? extends Op>, String> FUNCTIONS = new LinkedHashMap<>();

  static {
    FUNCTIONS.put(Op.Exp.class, EXP);
    FUNCTIONS.put(Op.Expm1.class, EXPM1);
    FUNCTIONS.put(Op.Tanh.class, TANH);
    FUNCTIONS.put(Op.Erf.class, ERF);
  }

  private Elementary() {}

  /** Whether a function is written here. */
  static boolean has(Op op) {
    return FUNCTIONS.containsKey(op.getClass());
  }

  /**
   * The functions that some operations call, and what they are made of.
   *
   * @param width floats in a vector; 1 for scalars
   * @param operations the operations, of which some may be functions
   */
  static String source(int width, List<Op> operations) {
    StringBuilder text = new StringBuilder();
    FUNCTIONS.forEach(
        (function, source) -> {
          if (operations.stream().anyMatch(function::isInstance)) {
            text.append(text.isEmpty() ? PARTS : "").append(source);
          }
        });
    String suffix = width == 1 ? "" : "" + width;
    return text.toString()
        .replace("FLOAT", "float" + suffix)
        .replace("INT", "int" + suffix)
        .replace("_W(", "_" + width + "(");
  }
}
