package org.fluxion.meanflow.sample;

import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.model.FlowModel;

/**
 * The samplers, each with its defaults: {@code Samplers.euler(map).steps(1).sample(labels, key)}.
 */
public final class Samplers {
  private Samplers() {}

  /**
   * Euler steps of a flow map: x ← x + (t′ − t)·u(x, t, t′).
   *
   * @param map the flow map
   * @return the sampler, of 1 step
   */
  public static Sampler euler(FlowMap map) {
    return Sampler.of(new Scheme.MapEuler(), map.transformer(), map.parameters()).steps(1);
  }

  /**
   * Steps of a flow map to the data and back to a smaller time with new noise: x₀ = x − t·u(x, t,
   * 0), x ← α(t′)·x₀ + σ(t′)·ε.
   *
   * @param map the flow map
   * @return the sampler, of 1 step
   */
  public static Sampler restart(FlowMap map) {
    return Sampler.of(new Scheme.MapRestart(), map.transformer(), map.parameters()).steps(1);
  }

  /**
   * The γ-sampler of consistency trajectory models (Kim et al., 2024): steps of a flow map beyond
   * the next time, to t′·√(1 − γ²), and back with new noise; the last goes straight to 0.
   *
   * @param map the flow map
   * @param gamma the share of new noise, from 0 (Euler) to 1 (restart)
   * @return the sampler, of 1 step
   */
  public static Sampler consistencyTrajectory(FlowMap map, double gamma) {
    return Sampler.of(
            new Scheme.MapConsistencyTrajectory(gamma), map.transformer(), map.parameters())
        .steps(1);
  }

  /**
   * Euler's method for a flow: x ← x + (t′ − t)·v(x, t).
   *
   * @param flow the flow model
   * @return the sampler, of 32 steps
   */
  public static Sampler euler(FlowModel flow) {
    return Sampler.of(new Scheme.FlowEuler(), flow.transformer(), flow.parameters());
  }

  /**
   * Heun's method for a flow: every step but the last is corrected by the velocity at its end.
   *
   * @param flow the flow model
   * @return the sampler, of 32 steps
   */
  public static Sampler heun(FlowModel flow) {
    return Sampler.of(new Scheme.FlowHeun(), flow.transformer(), flow.parameters());
  }

  /**
   * Euler–Maruyama's method for the stochastic differential equation with the flow's marginals.
   *
   * @param flow the flow model
   * @param diffusion how much noise at which time
   * @param gamma the factor of that noise
   * @return the sampler, of 32 steps
   */
  public static Sampler stochastic(FlowModel flow, Scheme.Diffusion diffusion, double gamma) {
    return Sampler.of(
        new Scheme.FlowStochastic(diffusion, gamma), flow.transformer(), flow.parameters());
  }
}
