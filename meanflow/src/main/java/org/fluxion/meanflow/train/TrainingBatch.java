package org.fluxion.meanflow.train;

import java.util.List;
import org.fluxion.nn.data.Batch;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * What a step is given: all that differs from step to step.
 *
 * @param images float32 [batch, channels, size, size]
 * @param labels int32 [batch]
 * @param learningRate a float32 scalar
 * @param key of the step's random draws
 */
public record TrainingBatch(Tensor images, Tensor labels, Tensor learningRate, RandomKey key)
    implements Tree<TrainingBatch> {
  /**
   * A batch of a data set.
   *
   * @param batch the examples
   * @param learningRate a float32 scalar
   * @param key of the step's random draws
   */
  public TrainingBatch(Batch batch, Tensor learningRate, RandomKey key) {
    this(batch.inputs(), batch.labels(), learningRate, key);
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(images, labels, learningRate, key.words());
  }

  @Override
  public TrainingBatch withLeaves(List<Tensor> leaves) {
    return new TrainingBatch(
        leaves.get(0), leaves.get(1), leaves.get(2), new RandomKey(leaves.get(3)));
  }

  @Override
  public List<String> leafNames() {
    return List.of("images", "labels", "learningRate", "key");
  }
}
