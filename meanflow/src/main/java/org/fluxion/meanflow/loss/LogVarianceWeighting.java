package org.fluxion.meanflow.loss;

import org.fluxion.tensor.Tensor;

/**
 * How the log-variance head weighs errors: log(mse·exp(−λ) + 0.01) + λ, the negative log-likelihood
 * of a heavy-tailed error whose scale the head has learned.
 */
public enum LogVarianceWeighting {
  /** Every sample's error meets the log-variance at its own times: as the paper writes it. */
  PER_SAMPLE,
  /**
   * Every error meets every log-variance, row i of [batch²] holding λ of sample i: the slip of the
   * authors' code, whose [batch, 1, 1, 1] broadcasts against [batch]. For comparison with official
   * training runs.
   */
  ALL_PAIRS;

  private static final double FLOOR = 0.01;

  Tensor apply(Tensor meanSquaredError, Tensor logVariance) {
    return switch (this) {
      case PER_SAMPLE -> weighted(meanSquaredError, logVariance);
      case ALL_PAIRS -> weighted(meanSquaredError, logVariance.reshape(-1, 1)).reshape(-1);
    };
  }

  private static Tensor weighted(Tensor error, Tensor lambda) {
    return error.mul(lambda.neg().exp()).add(FLOOR).log().add(lambda);
  }
}
