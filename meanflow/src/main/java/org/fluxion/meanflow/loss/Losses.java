package org.fluxion.meanflow.loss;

import java.util.List;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * What a loss found for a batch.
 *
 * @param perSample the loss of each sample, [batch] (or [batch²] with {@link
 *     LogVarianceWeighting#ALL_PAIRS}); what training minimises is its mean
 * @param flowError the flow-matching part's sum of squared errors, [batch]
 * @param meanError the mean-flow part's sum of squared errors, [batch]; zeros where there is none
 * @param flowLoss the flow-matching part after weighting, like perSample
 * @param meanLoss the mean-flow part after weighting, like perSample; zeros where there is none
 */
public record Losses(
    Tensor perSample, Tensor flowError, Tensor meanError, Tensor flowLoss, Tensor meanLoss)
    implements Tree<Losses> {
  /**
   * What training minimises.
   *
   * @return the mean of the samples' losses, a scalar
   */
  public Tensor mean() {
    return perSample.mean();
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(perSample, flowError, meanError, flowLoss, meanLoss);
  }

  @Override
  public Losses withLeaves(List<Tensor> leaves) {
    return new Losses(leaves.get(0), leaves.get(1), leaves.get(2), leaves.get(3), leaves.get(4));
  }

  @Override
  public List<String> leafNames() {
    return List.of("perSample", "flowError", "meanError", "flowLoss", "meanLoss");
  }
}
