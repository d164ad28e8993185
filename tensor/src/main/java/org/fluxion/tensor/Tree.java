package org.fluxion.tensor;

import java.util.List;

/**
 * A structure of tensors that transforms and programs can take apart and put together again:
 * tensors, parameters, random keys and users' records of them.
 *
 * @param <T> the implementing type itself
 */
public interface Tree<T extends Tree<T>> {
  /**
   * The tensors in it, in a fixed order.
   *
   * @return the leaves
   */
  List<Tensor> leaves();

  /**
   * The same structure around other tensors.
   *
   * @param leaves as many as {@link #leaves()} gave, in that order
   * @return the new structure
   */
  T withLeaves(List<Tensor> leaves);
}
