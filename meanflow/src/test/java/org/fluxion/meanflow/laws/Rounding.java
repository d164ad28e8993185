package org.fluxion.meanflow.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Trial;

/**
 * How far a float64 computation is from what it means. A law says that a tensor is zero; computed,
 * it is as large as the roundings of every operation on the way, carried on to the end: the running
 * error bound of the graph. That bound is proportional to the unit of rounding, but for terms of
 * higher order, which are more than 10⁸ times as small in float64. So the bound of the same graph
 * in float32, 2⁻²⁴ a rounding, bounds float64's 2⁻⁵³ when divided by 2²⁹.
 */
final class Rounding {
  /** Half a unit in the last place of 1. */
  static final double UNIT = 0x1p-53;

  private static final double OF_FLOAT32 = 0x1p-29;

  /** What a bound may be relative to 1, for a law that it could not prove anything of. */
  private static final double USELESS = 1e-6;

  private static final Arithmetic ARITHMETIC =
      new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());

  private Rounding() {}

  /**
   * The bound of a computation.
   *
   * @param computation the computation, over numbers that both dtypes have exactly
   * @return for each element of its float64 result, how far it may be from the exact one
   */
  static double[] bound(Function<DType, Tensor> computation) {
    Tensor narrow = computation.apply(DType.FLOAT32);
    Trial trial = new Trial("law", new Graph(List.of(), List.of(narrow)), List.of());
    double[] allowed = ErrorBound.of(trial, ARITHMETIC).getFirst().allowed();
    double[] scaled = new double[Math.toIntExact(narrow.shape().elements())];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = allowed == null ? 0 : allowed[i] * OF_FLOAT32;
    }
    return scaled;
  }

  /**
   * Demands that a computation is zero, to rounding.
   *
   * @param what what is zero
   * @param residual the computation
   */
  static void vanishes(String what, Function<DType, Tensor> residual) {
    double[] bound = bound(residual);
    double[] values = residual.apply(DType.FLOAT64).toDoubleArray();
    for (int i = 0; i < values.length; i++) {
      double allowed = bound[i];
      double value = values[i];
      assertTrue(
          allowed < USELESS, () -> "%s: a bound of %s says nothing".formatted(what, allowed));
      // Not "greater than": what is no number is no zero.
      assertTrue(
          Math.abs(value) <= allowed,
          () ->
              "%s: %s is no zero, which rounding leaves at most %s of"
                  .formatted(what, value, allowed));
    }
  }
}
