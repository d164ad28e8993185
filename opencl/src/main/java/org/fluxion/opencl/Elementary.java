package org.fluxion.opencl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.tensor.Op;

/**
 * Elementary functions of floats in OpenCL C, for vectors of any width: drivers for processors may
 * call a scalar function for each lane, which is slower than all else in a kernel. Cards have
 * theirs in hardware, and keep them.
 *
 * <p>A range reduction, then a polynomial, with fused multiply-adds. The polynomials are those of
 * the cpu backend's {@code ScalarElementary}, which says where the coefficients come from, but for
 * the hyperbolic tangent's; the steps are as few as OpenCL C can say it in, since a loop with a
 * function is bound by them. Errors stay within 2.5 units in the last place, and every width has
 * the same bits.
 *
 * <p>A function's steps wait for one another, so that a processor that takes them one after the
 * other is idle most of the time. Of several vectors at once each step is written for all, then the
 * next: compilers keep that order.
 */
final class Elementary {
  /** What stands for the copy in the name of a variable. */
  private static final String COPY = "@";

  /** (e^r − 1) of |r| ≤ ln 2 / 2, beside 1. */
  private static final String NEAR_EXP =
      """
      FLOAT q@ = fma((FLOAT) (0x1.6a4f5ap-10f), r@, (FLOAT) (0x1.123986p-7f));
      q@ = fma(q@, r@, (FLOAT) (0x1.5558aep-5f));
      q@ = fma(q@, r@, (FLOAT) (0x1.555492p-3f));
      q@ = fma(q@, r@, (FLOAT) (0x1.fffffcp-2f));
      const FLOAT p@ = fma(r@ * r@, q@, r@);
      """;

  /**
   * The next integer k to y / ln 2. Adding 1.5·2²³ rounds, and leaves k, and what is added besides,
   * in the low bits: an exponent that wants no more than a shift.
   */
  private static final String WHOLE =
      """
      const FLOAT z@ = fma(y@, (FLOAT) (0x1.715476p+0f), (FLOAT) (0x1.8p23f + BIAS));
      const FLOAT k@ = z@ - (FLOAT) (0x1.8p23f + BIAS);
      """;

  /** The same, and what remains. */
  private static final String REDUCED =
      WHOLE
          + """
          FLOAT r@ = fma(k@, (FLOAT) (-0x1.62e43p-1f), y@);
          r@ = fma(k@, (FLOAT) (0x1.05c61p-29f), r@);
          """;

  /**
   * The power in two factors, so that neither of them leaves the exponents' range. AVX-512 has an
   * instruction that multiplies by a power and leaves no range: the bits are the same, since the
   * result is rounded to a float, and once more where it is subnormal, by either.
   */
  private static final String EXP =
      """
      FLOAT y@ = x@ > (FLOAT) (89.0f) ? (FLOAT) (89.0f) : x@;
      y@ = y@ < (FLOAT) (-104.0f) ? (FLOAT) (-104.0f) : y@;
      """
          + REDUCED.replace("BIAS", "254.0f")
          + NEAR_EXP
          + """
          #if WIDTH == 16 && defined(__AVX512F__) && !defined(__SPIR__) && !defined(__SPIR64__)
          result@ = __builtin_ia32_scalefps512_mask(p@ + (FLOAT) (1.0f), k@, p@, (ushort) 0xffff, 4);
          #else
          const INT both@ = as_INT(z@), first@ = both@ >> (INT) (1);
          const FLOAT s@ = as_FLOAT(first@ << (INT) (23));
          result@ = fma(p@, s@, s@) * as_FLOAT((both@ - first@) << (INT) (23));
          #endif
          """;

  /** By half of the power, which does not overflow where the result does not. */
  private static final String EXPM1 =
      """
      FLOAT y@ = x@ > (FLOAT) (89.0f) ? (FLOAT) (89.0f) : x@;
      y@ = y@ < (FLOAT) (-25.0f) ? (FLOAT) (-25.0f) : y@;
      """
          + REDUCED.replace("BIAS", "126.0f")
          + """
          FLOAT q@ = fma((FLOAT) (0x1.9e6e7ap-13f), r@, (FLOAT) (0x1.6d3a44p-10f));
          q@ = fma(q@, r@, (FLOAT) (0x1.1112dap-7f));
          q@ = fma(q@, r@, (FLOAT) (0x1.5554f8p-5f));
          q@ = fma(q@, r@, (FLOAT) (0x1.555554p-3f));
          q@ = fma(q@, r@, (FLOAT) (0.5f));
          const FLOAT p@ = fma(r@ * r@, q@, r@);
          const FLOAT s@ = as_FLOAT(as_INT(z@) << (INT) (23));
          const FLOAT e@ = fma(p@, s@, s@ - (FLOAT) (0.5f)) * (FLOAT) (2.0f);
          result@ = fabs(x@) < (FLOAT) (0x1p-25f) ? x@ : e@;
          """;

  /**
   * h / (h + 1), where h is half of e²ᵃ − 1, so that nothing is doubled: r is half of what remains
   * of 2a, and the polynomial is a minimax fit of the relative error of half of e²ʳ − 1, |r| ≤ ln 2
   * / 4. One part of ln 2 is enough: what it lacks is 2⁻²⁸ of a, and the result's relative error is
   * no larger than a's.
   */
  private static final String TANH =
      """
      const FLOAT a@ = fabs(x@);
      const FLOAT y@ = a@ > (FLOAT) (10.0f) ? (FLOAT) (10.0f) : a@;
      const FLOAT z@ = fma(y@, (FLOAT) (0x1.715476p+1f), (FLOAT) (0x1.8p23f + 127.0f));
      const FLOAT k@ = z@ - (FLOAT) (0x1.8p23f + 127.0f);
      const FLOAT r@ = fma(k@, (FLOAT) (-0x1.62e43p-2f), y@);
      FLOAT q@ = fma((FLOAT) (0x1.6b9c48p-5f), r@, (FLOAT) (0x1.12253ep-3f));
      q@ = fma(q@, r@, (FLOAT) (0x1.5556f2p-2f));
      q@ = fma(q@, r@, (FLOAT) (0x1.5554b4p-1f));
      q@ = fma(q@, r@, (FLOAT) (0x1.fffffep-1f));
      const FLOAT p@ = fma(r@ * r@, q@, r@);
      const FLOAT s@ = as_FLOAT(as_INT(z@) << (INT) (23));
      const FLOAT h@ = fma(p@, s@, fma(s@, (FLOAT) (0.5f), (FLOAT) (-0.5f)));
      const FLOAT t@ = h@ / (h@ + (FLOAT) (1.0f));
      result@ = SIGNED(t@, x@);
      """;

  /**
   * 2ᵏ / (2ᵏ + eʳ), where x is k ln 2 − r: nothing overflows, and a small result keeps its last
   * places, since what is divided is near 1 and the power comes last. Above 30 the result is 1.
   */
  private static final String SIGMOID =
      """
      FLOAT y@ = x@ > (FLOAT) (30.0f) ? (FLOAT) (30.0f) : x@;
      y@ = y@ < (FLOAT) (-104.0f) ? (FLOAT) (-104.0f) : y@;
      """
          + WHOLE.replace("BIAS", "254.0f")
          + """
          FLOAT r@ = fma(k@, (FLOAT) (0x1.62e43p-1f), -y@);
          r@ = fma(k@, (FLOAT) (-0x1.05c61p-29f), r@);
          """
          + NEAR_EXP
          + """
          #if WIDTH == 16 && defined(__AVX512F__) && !defined(__SPIR__) && !defined(__SPIR64__)
          const FLOAT s@ = __builtin_ia32_scalefps512_mask((FLOAT) (1.0f), k@, p@, (ushort) 0xffff, 4);
          const FLOAT d@ = (FLOAT) (1.0f) / ((p@ + (FLOAT) (1.0f)) + s@);
          result@ = __builtin_ia32_scalefps512_mask(d@, k@, p@, (ushort) 0xffff, 4);
          #else
          const INT both@ = as_INT(z@), first@ = both@ >> (INT) (1);
          const FLOAT s@ = as_FLOAT(first@ << (INT) (23)), t@ = as_FLOAT((both@ - first@) << (INT) (23));
          const FLOAT d@ = (FLOAT) (1.0f) / ((p@ + (FLOAT) (1.0f)) + s@ * t@);
          result@ = d@ * s@ * t@;
          #endif
          """;

  private static final String ERF =
      """
      const FLOAT a@ = fabs(x@);
      const FLOAT b@ = a@ > (FLOAT) (4.0f) ? (FLOAT) (4.0f) : a@;
      FLOAT y@ = fma((FLOAT) (-0x1.6c06b4p-16f), b@, (FLOAT) (0x1.cee9a4p-12f));
      y@ = fma(y@, b@, (FLOAT) (-0x1.13984cp-8f));
      y@ = fma(y@, b@, (FLOAT) (0x1.9d0b48p-6f));
      y@ = fma(y@, b@, (FLOAT) (-0x1.bc1898p-4f));
      y@ = fma(y@, b@, (FLOAT) (-0x1.4434f6p-1f));
      y@ = fma(y@, b@, (FLOAT) (-0x1.212c2cp+0f));
      y@ = fma(y@, b@, (FLOAT) (0x1.8b3e0cp-13f));
      """
          + REDUCED.replace("BIAS", "127.0f")
          + NEAR_EXP
          + """
          const FLOAT s@ = as_FLOAT(as_INT(z@) << (INT) (23));
          const FLOAT large@ = fma(p@, -s@, (FLOAT) (1.0f) - s@);
          const FLOAT t@ = a@ * a@;
          FLOAT u@ = fma((FLOAT) (0x1.4771fep-14f), t@, (FLOAT) (-0x1.a3515ep-11f));
          u@ = fma(u@, t@, (FLOAT) (0x1.53f224p-8f));
          u@ = fma(u@, t@, (FLOAT) (-0x1.b7f71ap-6f));
          u@ = fma(u@, t@, (FLOAT) (0x1.ce2ce6p-4f));
          u@ = fma(u@, t@, (FLOAT) (-0x1.81273ep-2f));
          u@ = fma(u@, t@, (FLOAT) (0x1.06eba8p-3f));
          const FLOAT near@ = a@ < (FLOAT) (1.0f) ? fma(a@, u@, a@) : large@;
          result@ = SIGNED(near@, x@);
          """;

  private static final SequencedMap<Class<? extends Op>, String> FUNCTIONS = new LinkedHashMap<>();

  static {
    FUNCTIONS.put(Op.Exp.class, EXP);
    FUNCTIONS.put(Op.Expm1.class, EXPM1);
    FUNCTIONS.put(Op.Tanh.class, TANH);
    FUNCTIONS.put(Op.Sigmoid.class, SIGMOID);
    FUNCTIONS.put(Op.Erf.class, ERF);
  }

  private Elementary() {}

  /** Whether a function is written here. */
  static boolean has(Op op) {
    return FUNCTIONS.containsKey(op.getClass());
  }

  /**
   * What a function is called: of one vector it returns the result, of several it writes results
   * where pointers say, in the order of the arguments.
   *
   * @param op a function that is written here
   * @param width floats in a vector; 1 for scalars
   * @param copies how many vectors it takes at once
   */
  static String name(Op op, int width, int copies) {
    return op.label() + "_" + width + (copies == 1 ? "" : "_" + copies);
  }

  /**
   * The functions that some operations call.
   *
   * @param width floats in a vector; 1 for scalars
   * @param copies how many vectors the functions take at once
   * @param operations the operations, of which some may be functions
   */
  static String source(int width, int copies, List<Op> operations) {
    StringBuilder text = new StringBuilder();
    FUNCTIONS.forEach(
        (function, steps) ->
            operations.stream()
                .filter(function::isInstance)
                .findFirst()
                .ifPresent(op -> text.append(function(name(op, width, copies), copies, steps))));
    String suffix = width == 1 ? "" : "" + width;
    return text.toString()
        .replace("FLOAT", "float" + suffix)
        .replace("INT", "int" + suffix)
        .replace("WIDTH", "" + width);
  }

  private static String function(String name, int copies, String steps) {
    List<String> suffixes =
        IntStream.range(0, copies).mapToObj(c -> c == 0 ? "" : "_" + c).toList();
    String arguments = each(suffixes, "const FLOAT x@", ", ");
    String results = each(suffixes, "FLOAT *out@", ", ");
    StringBuilder text = new StringBuilder();
    text.append(
        copies == 1
            ? "static FLOAT %s(%s) {\n".formatted(name, arguments)
            : "static void %s(%s, %s) {\n".formatted(name, arguments, results));
    text.append(each(suffixes, "  FLOAT result@;\n", ""));
    steps
        .lines()
        .forEach(
            line ->
                text.append(
                    line.startsWith("#")
                        ? line + "\n"
                        : each(suffixes, "  " + signed(line) + "\n", "")));
    text.append(copies == 1 ? "  return result;\n" : each(suffixes, "  *out@ = result@;\n", ""));
    return text.append("}\n").toString();
  }

  /** SIGNED(a, x), a number that is not negative with another's sign, in its words. */
  private static String signed(String line) {
    return line.replaceAll(
        "SIGNED\\((\\S+), (\\S+)\\)", "as_FLOAT(as_INT($1) ^ (as_INT($2) & (INT) (0x80000000)))");
  }

  private static String each(List<String> suffixes, String pattern, String separator) {
    return suffixes.stream()
        .map(suffix -> pattern.replace(COPY, suffix))
        .collect(Collectors.joining(separator));
  }
}
