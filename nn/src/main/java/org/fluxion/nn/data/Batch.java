package org.fluxion.nn.data;

import java.util.List;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Examples that are worked on together.
 *
 * @param inputs [size, ...]
 * @param labels [size, ...]
 */
public record Batch(Tensor inputs, Tensor labels) implements Tree<Batch> {
  /**
   * The number of examples.
   *
   * @return the batch size
   */
  public int size() {
    return inputs.shape().extent(0);
  }

  @Override
  public List<Tensor> leaves() {
    return List.of(inputs, labels);
  }

  @Override
  public Batch withLeaves(List<Tensor> leaves) {
    return new Batch(leaves.get(0), leaves.get(1));
  }

  @Override
  public List<String> leafNames() {
    return List.of("inputs", "labels");
  }
}
