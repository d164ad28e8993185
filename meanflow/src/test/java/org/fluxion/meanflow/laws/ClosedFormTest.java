package org.fluxion.meanflow.laws;

import static org.fluxion.autodiff.Autodiff.jvp;

import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.fluxion.autodiff.Jvp;
import org.fluxion.meanflow.model.FlowPoint;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * What ties velocity, average velocity and flow map together, through the library's jvp. Edges,
 * such as a single point of data and equal times, are among the {@link FlowCase}s; jqwik's own
 * would make most of them zeros.
 */
class ClosedFormTest {
  private static final String SEED = "2505134470";

  @Provide
  Arbitrary<FlowCase> cases() {
    return FlowCase.any();
  }

  @Provide
  Arbitrary<FlowCase> spreadOut() {
    return FlowCase.spreadOut();
  }

  /**
   * The MeanFlow identity: the average velocity is the velocity less the way back times the average
   * velocity's own rate of change along the flow, u = v − (t − r)·du/dt.
   */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void averageVelocityObeysTheMeanFlowIdentity(@ForAll("cases") FlowCase c) {
    Rounding.vanishes(
        "u − v + (t − r)·du/dt",
        dtype -> {
          Tensor v = c.flow(dtype).velocity(c.x(dtype), c.t(dtype));
          Jvp<Tensor> u = alongTheFlow(c, v, dtype);
          return u.value().sub(v).add(c.t(dtype).sub(c.r(dtype)).mul(u.tangent()));
        });
  }

  private static Jvp<Tensor> alongTheFlow(FlowCase c, Tensor v, DType dtype) {
    return jvp(
        (FlowPoint p) -> c.flow(dtype).averageVelocity(p.x(), p.t(), p.r()),
        new FlowPoint(c.x(dtype), c.t(dtype), c.r(dtype)),
        new FlowPoint(v, c.t(dtype).onesLike(), c.r(dtype).zerosLike()));
  }

  /**
   * The identity twice: differentiated along the flow once more, it says 2·du/dt = dv/dt − (t −
   * r)·d²u/dt², which only holds if derivatives nest.
   */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void theIdentityDifferentiatedAlongTheFlowHoldsAsWell(@ForAll("cases") FlowCase c) {
    Rounding.vanishes(
        "2·du/dt − dv/dt + (t − r)·d²u/dt²",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          FlowPoint here = new FlowPoint(c.x(dtype), c.t(dtype), c.r(dtype));
          Jvp<Tensor> first = jvp((FlowPoint p) -> rate(flow, p), here, direction(flow, here));
          Tensor slope =
              jvp((FlowPoint p) -> flow.velocity(p.x(), p.t()), here, direction(flow, here))
                  .tangent();
          return first
              .value()
              .mul(2)
              .sub(slope)
              .add(c.t(dtype).sub(c.r(dtype)).mul(first.tangent()));
        });
  }

  /** du/dt along the flow. */
  private static Tensor rate(GaussianFlow flow, FlowPoint p) {
    return jvp(
            (FlowPoint inner) -> flow.averageVelocity(inner.x(), inner.t(), inner.r()),
            p,
            direction(flow, p))
        .tangent();
  }

  private static FlowPoint direction(GaussianFlow flow, FlowPoint p) {
    return new FlowPoint(flow.velocity(p.x(), p.t()), p.t().onesLike(), p.r().zerosLike());
  }

  /** On the diagonal there is nothing to average over: u(x, t, t) = v(x, t). */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void onTheDiagonalTheAverageIsTheVelocity(@ForAll("cases") FlowCase c) {
    Rounding.vanishes(
        "u(x, t, t) − v(x, t)",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          return flow.averageVelocity(c.x(dtype), c.t(dtype), c.t(dtype))
              .sub(flow.velocity(c.x(dtype), c.t(dtype)));
        });
  }

  /** One step by the average velocity goes all the way: x + (r − t)·u(x, t, r) = x_r. */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void aStepByTheAverageVelocityIsTheFlowMap(@ForAll("spreadOut") FlowCase c) {
    Rounding.vanishes(
        "x + (r − t)·u − x_r",
        dtype -> {
          Tensor u = c.flow(dtype).averageVelocity(c.x(dtype), c.t(dtype), c.r(dtype));
          return c.x(dtype)
              .add(c.r(dtype).sub(c.t(dtype)).mul(u))
              .sub(c.flow(dtype).map(c.x(dtype), c.t(dtype), c.r(dtype)));
        });
  }

  /**
   * Flow maps compose: from t to q and from there to r is from t to r, in whatever order in time.
   */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void flowMapsCompose(@ForAll("spreadOut") FlowCase c) {
    Rounding.vanishes(
        "(t → q → r) − (t → r)",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          Tensor between = flow.map(c.x(dtype), c.t(dtype), c.q(dtype));
          return flow.map(between, c.q(dtype), c.r(dtype))
              .sub(flow.map(c.x(dtype), c.t(dtype), c.r(dtype)));
        });
  }

  /** The flow map solves the flow's equation: where it ends, it moves by the velocity there. */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void theFlowMapMovesByTheVelocityAtItsEnd(@ForAll("spreadOut") FlowCase c) {
    Rounding.vanishes(
        "dx_r/dr − v(x_r, r)",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          Jvp<Tensor> end =
              jvp(
                  (Tensor r) -> flow.map(c.x(dtype), c.t(dtype), r),
                  c.r(dtype),
                  c.r(dtype).onesLike());
          return end.tangent().sub(flow.velocity(end.value(), c.r(dtype)));
        });
  }

  /** Where the flow map starts does not matter along the flow: dx_r/dt = 0 along (v, 1, 0). */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void theFlowMapIsConstantAlongTheFlow(@ForAll("spreadOut") FlowCase c) {
    Rounding.vanishes(
        "dx_r/dt",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          FlowPoint here = new FlowPoint(c.x(dtype), c.t(dtype), c.r(dtype));
          return jvp((FlowPoint p) -> flow.map(p.x(), p.t(), p.r()), here, direction(flow, here))
              .tangent();
        });
  }

  /**
   * The flow map makes data of noise: from t = 1 to 0 it maps N(0, 1) to N(m, s²), x to m + s·x.
   */
  @Property(tries = 50, seed = SEED, edgeCases = EdgeCasesMode.NONE)
  void theFlowMapMakesDataOfNoise(@ForAll("spreadOut") FlowCase c) {
    Rounding.vanishes(
        "x₀ − (m + s·x₁)",
        dtype -> {
          GaussianFlow flow = c.flow(dtype);
          Tensor one = c.t(dtype).onesLike();
          return flow.map(c.x(dtype), one, one.zerosLike())
              .sub(flow.spread().mul(c.x(dtype)).add(flow.mean()));
        });
  }
}
