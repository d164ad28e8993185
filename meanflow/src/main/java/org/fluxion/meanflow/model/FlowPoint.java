package org.fluxion.meanflow.model;

import java.util.List;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * What a flow map is a function of besides its labels, and so what it is differentiated along: the
 * MeanFlow identity's derivative is the one at (x, t, r) along (v, 1, 0).
 *
 * @param x images [batch, channels, size, size]
 * @param t where they are, [batch]
 * @param r where they are going, [batch]
 */
public record FlowPoint(Tensor x, Tensor t, Tensor r) implements Tree<FlowPoint> {
  @Override
  public List<Tensor> leaves() {
    return List.of(x, t, r);
  }

  @Override
  public FlowPoint withLeaves(List<Tensor> leaves) {
    return new FlowPoint(leaves.get(0), leaves.get(1), leaves.get(2));
  }

  @Override
  public List<String> leafNames() {
    return List.of("x", "t", "r");
  }
}
