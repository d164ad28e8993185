package org.fluxion.tensor;

import java.util.List;

/**
 * The largest elements along an axis, and where they were.
 *
 * @param values the elements, largest first, of the operand's dtype
 * @param indices their positions along the axis, int32
 */
public record TopK(Tensor values, Tensor indices) implements Tree<TopK> {
  @Override
  public List<Tensor> leaves() {
    return List.of(values, indices);
  }

  @Override
  public TopK withLeaves(List<Tensor> leaves) {
    return new TopK(leaves.get(0), leaves.get(1));
  }

  @Override
  public List<String> leafNames() {
    return List.of("values", "indices");
  }
}
