package org.fluxion.nn;

import org.fluxion.tensor.Tensor;

/**
 * Stochastic gradient descent by PyTorch's formula: g ← g + decay·p; b ← momentum·b + g; p ← p −
 * rate·b, or p − rate·(g + momentum·b) by Nesterov's rule. The state is b, empty without momentum.
 *
 * @param momentum how much of the last direction stays, from 0 (included) to 1 (excluded)
 * @param nesterov whether to look ahead along the momentum
 * @param weightDecay the factor of the parameters that is added to their gradient
 */
public record Sgd(double momentum, boolean nesterov, double weightDecay)
    implements Optimizer<Parameters> {
  /** Checks the configuration. */
  public Sgd {
    Configuration.requireFraction("sgd", "momentum", momentum);
    Configuration.requireNotNegative("sgd", "weightDecay", weightDecay);
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("sgd: Nesterov's rule needs a momentum above 0");
    }
  }

  /** Plain descent. */
  public Sgd() {
    this(0, false, 0);
  }

  /**
   * Descent with momentum.
   *
   * @param momentum how much of the last direction stays
   */
  public Sgd(double momentum) {
    this(momentum, false, 0);
  }

  @Override
  public Parameters initialise(Parameters parameters) {
    return momentum == 0 ? Parameters.empty() : parameters.map(Tensor::zerosLike);
  }

  @Override
  public Update<Parameters> update(
      Parameters gradient, Parameters state, Parameters parameters, Tensor learningRate) {
    Parameters slope =
        weightDecay == 0 ? gradient : gradient.zip(parameters, (g, p) -> g.add(p.mul(weightDecay)));
    Parameters velocity =
        momentum == 0 ? state : state.zip(slope, (b, g) -> b.mul(momentum).add(g));
    Parameters direction =
        momentum == 0
            ? slope
            : nesterov ? slope.zip(velocity, (g, b) -> g.add(b.mul(momentum))) : velocity;
    Parameters moved =
        parameters.zip(direction, (p, d) -> p.sub(d.mul(learningRate.cast(p.dtype()))));
    return new Update<>(moved, velocity);
  }
}
