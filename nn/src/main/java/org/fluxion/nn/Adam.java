package org.fluxion.nn;

import org.fluxion.tensor.Tensor;

/**
 * Adam (Kingma and Ba, 2015) by PyTorch's formula; weight decay, if any, is added to the gradient.
 *
 * @param beta1 the decay of the first moment, from 0 (included) to 1 (excluded)
 * @param beta2 the decay of the second moment
 * @param epsilon what is added to the root of the second moment
 * @param weightDecay the factor of the parameters that is added to their gradient
 */
public record Adam(double beta1, double beta2, double epsilon, double weightDecay)
    implements Optimizer<AdamState> {
  /** Checks the configuration. */
  public Adam {
    Configuration.requireFraction("adam", "beta1", beta1);
    Configuration.requireFraction("adam", "beta2", beta2);
    Configuration.requireEpsilon("adam", epsilon);
    Configuration.requireNotNegative("adam", "weightDecay", weightDecay);
  }

  /** PyTorch's defaults: 0.9, 0.999, 1e-8 and no weight decay. */
  public Adam() {
    this(0.9, 0.999, 1e-8, 0);
  }

  /**
   * The same optimizer with other decays of the moments.
   *
   * @param first the decay of the first moment
   * @param second the decay of the second moment
   * @return the optimizer
   */
  public Adam withBetas(double first, double second) {
    return new Adam(first, second, epsilon, weightDecay);
  }

  @Override
  public AdamState initialise(Parameters parameters) {
    return AdamState.zero(parameters);
  }

  @Override
  public Update<AdamState> update(
      Parameters gradient, AdamState state, Parameters parameters, Tensor learningRate) {
    Parameters slope =
        weightDecay == 0 ? gradient : gradient.zip(parameters, (g, p) -> g.add(p.mul(weightDecay)));
    AdamState next = state.next(slope, beta1, beta2);
    Parameters direction = next.direction(beta1, beta2, epsilon);
    return new Update<>(
        parameters.zip(direction, (p, d) -> p.sub(d.mul(learningRate.cast(p.dtype())))), next);
  }
}
