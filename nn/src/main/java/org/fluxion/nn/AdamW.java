package org.fluxion.nn;

import org.fluxion.tensor.Tensor;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019) by PyTorch's formula: p ← p·(1 −
 * rate·decay) − rate·m̂ / (√v̂ + epsilon).
 *
 * @param beta1 the decay of the first moment, from 0 (included) to 1 (excluded)
 * @param beta2 the decay of the second moment
 * @param epsilon what is added to the root of the second moment
 * @param weightDecay how fast parameters shrink, times the learning rate
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay)
    implements Optimizer<AdamState> {
  /** Checks the configuration. */
  public AdamW {
    Configuration.requireFraction("adamw", "beta1", beta1);
    Configuration.requireFraction("adamw", "beta2", beta2);
    Configuration.requireEpsilon("adamw", epsilon);
    Configuration.requireNotNegative("adamw", "weightDecay", weightDecay);
  }

  /** PyTorch's defaults: 0.9, 0.999, 1e-8 and a weight decay of 0.01. */
  public AdamW() {
    this(0.9, 0.999, 1e-8, 0.01);
  }

  /**
   * The same optimizer with other decays of the moments.
   *
   * @param first the decay of the first moment
   * @param second the decay of the second moment
   * @return the optimizer
   */
  public AdamW withBetas(double first, double second) {
    return new AdamW(first, second, epsilon, weightDecay);
  }

  /**
   * The same optimizer with another weight decay.
   *
   * @param decay how fast parameters shrink, times the learning rate
   * @return the optimizer
   */
  public AdamW withWeightDecay(double decay) {
    return new AdamW(beta1, beta2, epsilon, decay);
  }

  @Override
  public AdamState initialise(Parameters parameters) {
    return AdamState.zero(parameters);
  }

  @Override
  public Update<AdamState> update(
      Parameters gradient, AdamState state, Parameters parameters, Tensor learningRate) {
    AdamState next = state.next(gradient, beta1, beta2);
    Parameters direction = next.direction(beta1, beta2, epsilon);
    Parameters moved =
        parameters.zip(
            direction,
            (p, d) -> {
              Tensor rate = learningRate.cast(p.dtype());
              Tensor kept = weightDecay == 0 ? p : p.mul(rate.mul(-weightDecay).add(1));
              return kept.sub(d.mul(rate));
            });
    return new Update<>(moved, next);
  }
}
