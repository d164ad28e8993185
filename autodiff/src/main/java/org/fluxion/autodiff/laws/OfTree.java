package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.function.Function;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;

/**
 * A function of a tree as one of its leaves, which knows what the tree calls them.
 *
 * @param function takes leaves, and gives leaves
 * @param names of what it takes
 */
record OfTree(Function<List<Tensor>, List<Tensor>> function, List<String> names)
    implements Function<List<Tensor>, List<Tensor>> {
  OfTree {
    names = List.copyOf(names);
  }

  /**
   * Of a function of a tree.
   *
   * @param f the function
   * @param example a tree of its structure
   */
  static <A extends Tree<A>, B extends Tree<B>> OfTree of(Function<A, B> f, A example) {
    int leaves = example.leaves().size();
    return new OfTree(
        x -> {
          if (x.size() != leaves) {
            throw new TensorException(
                Text.of(
                    "laws: expected %d tensors, the example's leaves, got %d", leaves, x.size()));
          }
          return f.apply(example.withLeaves(x)).leaves();
        },
        example.leafNames());
  }

  @Override
  public List<Tensor> apply(List<Tensor> leaves) {
    return function.apply(leaves);
  }

  /** What the tree calls a leaf, as a comment; nothing if that is no more than its position. */
  String comment(int leaf) {
    String name = leaf < names.size() ? names.get(leaf) : "";
    return name.isEmpty() || name.equals(Integer.toString(leaf)) ? "" : "  // " + name;
  }
}
