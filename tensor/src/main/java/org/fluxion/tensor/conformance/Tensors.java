package org.fluxion.tensor.conformance;

import java.util.List;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * A list of tensors as a tree: what a function takes, or returns, of which nothing else is known.
 *
 * @param leaves the tensors
 */
public record Tensors(List<Tensor> leaves) implements Tree<Tensors> {
  /** Copies the list. */
  public Tensors {
    leaves = List.copyOf(leaves);
  }

  @Override
  public Tensors withLeaves(List<Tensor> other) {
    return new Tensors(other);
  }
}
