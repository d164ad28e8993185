package org.fluxion.tensor;

import java.util.List;
import java.util.stream.IntStream;

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

  /**
   * What errors, graphs and checkpoints call the leaves: dotted names such as {@code fc1.weight},
   * of which an empty one is the tree itself. A record gives its components' names, and {@link
   * #namesUnder} those of a component that is a tree.
   *
   * @return a name per leaf, in the order of {@link #leaves()}; their positions, unless implemented
   */
  default List<String> leafNames() {
    return IntStream.range(0, leaves().size()).mapToObj(Integer::toString).toList();
  }

  /**
   * The names of a component's leaves in the tree that it is part of.
   *
   * @param name the component's name
   * @param component the component
   * @return {@code name} itself for a tensor, else {@code name.leaf} for each leaf
   * @throws TensorException if the component has not as many names as leaves
   */
  static List<String> namesUnder(String name, Tree<?> component) {
    List<String> names = component.leafNames();
    int leaves = component.leaves().size();
    if (names.size() != leaves) {
      throw new TensorException(
          "tree: %s has %d leaves and names %d; leafNames() must give one name for each"
              .formatted(component.getClass().getSimpleName(), leaves, names.size()));
    }
    return names.stream().map(leaf -> leaf.isEmpty() ? name : name + "." + leaf).toList();
  }
}
