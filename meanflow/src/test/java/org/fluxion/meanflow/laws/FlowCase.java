package org.fluxion.meanflow.laws;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * A normal distribution, some points and three times. All numbers are floats, so that a graph over
 * them means the same in float32 and in float64.
 *
 * @param mean the data's mean
 * @param spread the data's standard deviation; 0 for a single point
 * @param t a time
 * @param r another, later or earlier: the laws hold both ways
 * @param q a third
 * @param points where
 */
record FlowCase(float mean, float spread, float t, float r, float q, List<Float> points) {
  /** With a single point as data velocities are unbounded at time 0. */
  private static final float FIRST_TIME = 1f / 64;

  /**
   * Floats to six decimal places, evenly: jqwik would choose small ones, of which little is left.
   */
  static Arbitrary<Float> floats(float low, float high) {
    return Arbitraries.floats()
        .between(low, high)
        .ofScale(6)
        .withDistribution(RandomDistribution.uniform());
  }

  static Arbitrary<FlowCase> any() {
    Arbitrary<Float> times =
        Arbitraries.frequencyOf(
            Tuple.of(3, floats(FIRST_TIME, 1)), Tuple.of(2, Arbitraries.of(FIRST_TIME, 0.5f, 1f)));
    Arbitrary<Float> spreads =
        Arbitraries.frequencyOf(
            Tuple.of(4, floats(0.125f, 4)), Tuple.of(1, Arbitraries.of(0f, 1f)));
    return Combinators.combine(
            floats(-2, 2), spreads, times, times, times, floats(-3, 3).list().ofSize(3))
        .as(FlowCase::new);
  }

  /** Those whose data are no single point, for which time 0 is a time like any other. */
  static Arbitrary<FlowCase> spreadOut() {
    return any()
        .filter(c -> c.spread > 0)
        .map(c -> new FlowCase(c.mean, c.spread, c.t, c.r < 0.1f ? 0 : c.r, c.q, c.points));
  }

  GaussianFlow flow(DType dtype) {
    return new GaussianFlow(scalar(mean, dtype), scalar(spread, dtype));
  }

  Tensor x(DType dtype) {
    double[] values = points.stream().mapToDouble(Float::doubleValue).toArray();
    return Tensor.tensor(values).cast(dtype).detach();
  }

  Tensor t(DType dtype) {
    return scalar(t, dtype);
  }

  Tensor r(DType dtype) {
    return scalar(r, dtype);
  }

  Tensor q(DType dtype) {
    return scalar(q, dtype);
  }

  private static Tensor scalar(float value, DType dtype) {
    return Tensor.scalar((double) value, dtype);
  }
}
