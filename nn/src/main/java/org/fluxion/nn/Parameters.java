package org.fluxion.nn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;

/**
 * An immutable tree of named tensors with flat dotted names as in PyTorch's state dicts, such as
 * {@code blocks.0.mlp.fc1.weight}. The order in which names were added is kept, and is the order of
 * the {@linkplain #leaves() leaves}. Gradients, moments and averages are parameters too: same
 * names, other values.
 */
public final class Parameters implements Tree<Parameters> {
  private static final Parameters EMPTY = new Parameters(new LinkedHashMap<>(), "", List.of());

  private final SequencedMap<String, Tensor> entries;

  /** What errors put before a name: a scope remembers where it came from. */
  private final String path;

  /** The full names that errors choose their suggestions from. */
  private final Collection<String> known;

  private Parameters(SequencedMap<String, Tensor> entries, String path, Collection<String> known) {
    this.entries = entries;
    this.path = path;
    this.known = known;
  }

  private static Parameters root(SequencedMap<String, Tensor> entries) {
    return new Parameters(entries, "", entries.keySet());
  }

  // ---- making them ----

  /**
   * No parameters.
   *
   * @return the empty tree
   */
  public static Parameters empty() {
    return EMPTY;
  }

  /**
   * Parameters from a map, in its order.
   *
   * @param entries tensors by name
   * @return the tree
   * @throws IllegalArgumentException if a name is empty
   */
  public static Parameters of(Map<String, Tensor> entries) {
    Parameters.Builder builder = builder();
    entries.forEach(builder::add);
    return builder.build();
  }

  /**
   * One parameter.
   *
   * @param name its name
   * @param tensor its value
   * @return the tree
   */
  public static Parameters of(String name, Tensor tensor) {
    return builder().add(name, tensor).build();
  }

  /**
   * Two parameters.
   *
   * @param name1 the first's name
   * @param tensor1 the first's value
   * @param name2 the second's name
   * @param tensor2 the second's value
   * @return the tree
   */
  public static Parameters of(String name1, Tensor tensor1, String name2, Tensor tensor2) {
    return builder().add(name1, tensor1).add(name2, tensor2).build();
  }

  /**
   * Three parameters.
   *
   * @param name1 the first's name
   * @param tensor1 the first's value
   * @param name2 the second's name
   * @param tensor2 the second's value
   * @param name3 the third's name
   * @param tensor3 the third's value
   * @return the tree
   */
  public static Parameters of(
      String name1, Tensor tensor1, String name2, Tensor tensor2, String name3, Tensor tensor3) {
    return builder().add(name1, tensor1).add(name2, tensor2).add(name3, tensor3).build();
  }

  /**
   * Four parameters.
   *
   * @param name1 the first's name
   * @param tensor1 the first's value
   * @param name2 the second's name
   * @param tensor2 the second's value
   * @param name3 the third's name
   * @param tensor3 the third's value
   * @param name4 the fourth's name
   * @param tensor4 the fourth's value
   * @return the tree
   */
  public static Parameters of(
      String name1,
      Tensor tensor1,
      String name2,
      Tensor tensor2,
      String name3,
      Tensor tensor3,
      String name4,
      Tensor tensor4) {
    return builder()
        .add(name1, tensor1)
        .add(name2, tensor2)
        .add(name3, tensor3)
        .add(name4, tensor4)
        .build();
  }

  /**
   * Five parameters.
   *
   * @param name1 the first's name
   * @param tensor1 the first's value
   * @param name2 the second's name
   * @param tensor2 the second's value
   * @param name3 the third's name
   * @param tensor3 the third's value
   * @param name4 the fourth's name
   * @param tensor4 the fourth's value
   * @param name5 the fifth's name
   * @param tensor5 the fifth's value
   * @return the tree
   */
  public static Parameters of(
      String name1,
      Tensor tensor1,
      String name2,
      Tensor tensor2,
      String name3,
      Tensor tensor3,
      String name4,
      Tensor tensor4,
      String name5,
      Tensor tensor5) {
    return builder()
        .add(name1, tensor1)
        .add(name2, tensor2)
        .add(name3, tensor3)
        .add(name4, tensor4)
        .add(name5, tensor5)
        .build();
  }

  /**
   * Six parameters.
   *
   * @param name1 the first's name
   * @param tensor1 the first's value
   * @param name2 the second's name
   * @param tensor2 the second's value
   * @param name3 the third's name
   * @param tensor3 the third's value
   * @param name4 the fourth's name
   * @param tensor4 the fourth's value
   * @param name5 the fifth's name
   * @param tensor5 the fifth's value
   * @param name6 the sixth's name
   * @param tensor6 the sixth's value
   * @return the tree
   */
  public static Parameters of(
      String name1,
      Tensor tensor1,
      String name2,
      Tensor tensor2,
      String name3,
      Tensor tensor3,
      String name4,
      Tensor tensor4,
      String name5,
      Tensor tensor5,
      String name6,
      Tensor tensor6) {
    return builder()
        .add(name1, tensor1)
        .add(name2, tensor2)
        .add(name3, tensor3)
        .add(name4, tensor4)
        .add(name5, tensor5)
        .add(name6, tensor6)
        .build();
  }

  /**
   * Collects any number of parameters.
   *
   * @return a fresh builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects parameters in order; used by one thread. */
  public static final class Builder {
    private final SequencedMap<String, Tensor> entries = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Adds one parameter.
     *
     * @param name its name
     * @param tensor its value
     * @return this
     * @throws IllegalArgumentException if the name is empty or there already
     */
    public Builder add(String name, Tensor tensor) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("parameters: a name is empty; name every tensor");
      }
      if (entries.putIfAbsent(name, java.util.Objects.requireNonNull(tensor, name)) != null) {
        throw new IllegalArgumentException(
            "parameters: \"%s\" is there already; use with(name, tensor) to replace it"
                .formatted(name));
      }
      return this;
    }

    /**
     * Adds a child's parameters under its name.
     *
     * @param scope the child's name, such as {@code fc1}
     * @param child its parameters
     * @return this
     * @throws IllegalArgumentException if a name is there already
     */
    public Builder add(String scope, Parameters child) {
      child.prefixed(scope).entries.forEach(this::add);
      return this;
    }

    /**
     * The parameters so far; the builder goes on independently.
     *
     * @return the tree
     */
    public Parameters build() {
      return root(new LinkedHashMap<>(entries));
    }
  }

  // ---- reading them ----

  /**
   * The tensor of a name.
   *
   * @param name its name, relative to this scope
   * @return its value
   * @throws IllegalArgumentException if there is none; the message lists names like it
   */
  public Tensor get(String name) {
    Tensor found = entries.get(name);
    if (found == null) {
      throw new IllegalArgumentException(
          "no parameter \"%s%s\"; %s".formatted(path, name, NearNames.hint(path + name, known)));
    }
    return found;
  }

  /**
   * Whether there is a tensor of a name.
   *
   * @param name the name
   * @return whether {@link #get} would find it
   */
  public boolean contains(String name) {
    return entries.containsKey(name);
  }

  /**
   * The names, in order.
   *
   * @return an immutable list
   */
  public List<String> names() {
    return List.copyOf(entries.keySet());
  }

  /**
   * Names and tensors, in order.
   *
   * @return an unmodifiable map
   */
  public SequencedMap<String, Tensor> asMap() {
    return java.util.Collections.unmodifiableSequencedMap(entries);
  }

  /**
   * The number of tensors.
   *
   * @return how many names there are
   */
  public int size() {
    return entries.size();
  }

  /**
   * The number of scalars in all tensors.
   *
   * @return the sum of the element counts
   */
  public long count() {
    return entries.values().stream().mapToLong(t -> t.shape().elements()).sum();
  }

  @Override
  public List<Tensor> leaves() {
    return List.copyOf(entries.values());
  }

  @Override
  public List<String> leafNames() {
    return names();
  }

  // ---- other trees from them ----

  @Override
  public Parameters withLeaves(List<Tensor> leaves) {
    if (leaves.size() != entries.size()) {
      throw new TensorException(
          "parameters: expected %d leaves, got %d; give one for each of names()"
              .formatted(entries.size(), leaves.size()));
    }
    SequencedMap<String, Tensor> changed = new LinkedHashMap<>();
    int i = 0;
    for (String name : entries.keySet()) {
      changed.put(name, leaves.get(i++));
    }
    return new Parameters(changed, path, known);
  }

  /**
   * The parameters of a child, under the names it gives them itself. A child without parameters has
   * an empty scope; a misspelt one shows when {@link #get} names the full path.
   *
   * @param name the child's name, such as {@code blocks.0}
   * @return those whose names start with the child's name and a dot, without that start
   */
  public Parameters scope(String name) {
    String prefix = name + ".";
    SequencedMap<String, Tensor> inside = new LinkedHashMap<>();
    entries.forEach(
        (full, tensor) -> {
          if (full.startsWith(prefix)) {
            inside.put(full.substring(prefix.length()), tensor);
          }
        });
    return new Parameters(inside, path + prefix, known);
  }

  /**
   * The same tensors under a parent's name: the inverse of {@link #scope}.
   *
   * @param name the parent's name, put in front with a dot
   * @return the renamed tree
   */
  public Parameters prefixed(String name) {
    SequencedMap<String, Tensor> renamed = new LinkedHashMap<>();
    entries.forEach((inner, tensor) -> renamed.put(name + "." + inner, tensor));
    return root(renamed);
  }

  /**
   * One tensor replaced where it is, or added at the end.
   *
   * @param name its name
   * @param tensor its value
   * @return the changed tree
   */
  public Parameters with(String name, Tensor tensor) {
    SequencedMap<String, Tensor> changed = new LinkedHashMap<>(entries);
    changed.put(name, java.util.Objects.requireNonNull(tensor, name));
    return root(changed);
  }

  /**
   * These but for one.
   *
   * @param name its name
   * @return the others, in their order
   * @throws IllegalArgumentException if there is none; the message lists names like it
   */
  public Parameters without(String name) {
    get(name);
    SequencedMap<String, Tensor> changed = new LinkedHashMap<>(entries);
    changed.remove(name);
    return root(changed);
  }

  /**
   * These and others.
   *
   * @param other parameters with other names, added at the end
   * @return the union
   * @throws IllegalArgumentException if a name is in both
   */
  public Parameters merge(Parameters other) {
    Builder builder = builder();
    entries.forEach(builder::add);
    other.entries.forEach(builder::add);
    return builder.build();
  }

  /**
   * Every tensor changed by a function.
   *
   * @param change the function
   * @return the same names over its results
   */
  public Parameters map(UnaryOperator<Tensor> change) {
    return withLeaves(entries.values().stream().map(change).toList());
  }

  /**
   * Pairs of tensors of the same name combined.
   *
   * @param other a tree with the same names, in any order
   * @param combine a function of this tree's tensor and the other's
   * @return this tree's names, in its order, over the results
   * @throws IllegalArgumentException if the names differ; the message lists how
   */
  public Parameters zip(Parameters other, BinaryOperator<Tensor> combine) {
    requireSameNames(other);
    List<Tensor> results = new ArrayList<>();
    entries.forEach((name, tensor) -> results.add(combine.apply(tensor, other.entries.get(name))));
    return withLeaves(results);
  }

  private void requireSameNames(Parameters other) {
    Set<String> missing = new LinkedHashSet<>(entries.keySet());
    missing.removeAll(other.entries.keySet());
    Set<String> unexpected = new LinkedHashSet<>(other.entries.keySet());
    unexpected.removeAll(entries.keySet());
    if (!missing.isEmpty() || !unexpected.isEmpty()) {
      throw new IllegalArgumentException(
          "parameters: names differ: missing in the other %s, unexpected there %s"
              .formatted(missing, unexpected)
              .concat("; give trees of one model"));
    }
  }

  /**
   * Every floating-point tensor in another dtype; integers and bools stay.
   *
   * @param dtype the dtype
   * @return the cast tree
   */
  public Parameters cast(DType dtype) {
    return map(tensor -> tensor.dtype().isFloating() ? tensor.cast(dtype) : tensor);
  }

  /**
   * The values without their history, all computed together.
   *
   * @return a tree of leaves
   */
  public Parameters detach() {
    Tensor.evaluate(leaves());
    return map(Tensor::detach);
  }

  /**
   * A table of names, shapes, dtypes and counts; computes nothing.
   *
   * @return one line for each tensor, and the total
   */
  @Override
  public String toString() {
    int width = entries.keySet().stream().mapToInt(String::length).max().orElse(0);
    int shapes =
        entries.values().stream().mapToInt(t -> t.shape().toString().length()).max().orElse(0);
    StringBuilder table = new StringBuilder();
    entries.forEach(
        (name, tensor) ->
            table
                .append(name)
                .repeat(' ', width - name.length() + 2)
                .append(tensor.shape())
                .repeat(' ', shapes - tensor.shape().toString().length() + 2)
                .append("%-8s  %,d%n".formatted(tensor.dtype(), tensor.shape().elements())));
    return table.append("%d tensors, %,d scalars".formatted(size(), count())).toString();
  }
}
