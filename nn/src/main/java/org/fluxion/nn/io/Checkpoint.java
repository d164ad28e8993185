package org.fluxion.nn.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Any tree of tensors, such as the state of a training run, as a safetensors file. Tensors are
 * stored under the {@linkplain Tree#leafNames names} of their leaves, so that other programs find
 * them too, and read back into the structure of an example.
 *
 * <pre>{@code
 * Checkpoint.write(path, run.snapshot());
 * state = Checkpoint.read(path, state);
 * }</pre>
 */
public final class Checkpoint {
  /** What a tree that is a tensor itself is stored under: the format allows no empty name. */
  private static final String ITSELF = "value";

  private Checkpoint() {}

  /**
   * Writes a state in one step: a reader sees the old file or the new one, never half.
   *
   * @param file where; the folder must exist
   * @param state what; computed if need be
   * @throws IOException if it cannot be written; an old file is then untouched
   * @throws IllegalArgumentException if two leaves have the same name
   */
  public static void write(Path file, Tree<?> state) throws IOException {
    write(file, state, Map.of());
  }

  /**
   * Writes a state with free text beside it, such as the step and the configuration, which {@link
   * Safetensors#metadata} gives back.
   *
   * @param file where; the folder must exist
   * @param state what; computed if need be
   * @param metadata free text by key
   * @throws IOException if it cannot be written; an old file is then untouched
   * @throws IllegalArgumentException if two leaves have the same name
   */
  public static void write(Path file, Tree<?> state, Map<String, String> metadata)
      throws IOException {
    Safetensors.write(file, named(state), metadata);
  }

  /**
   * Reads a state.
   *
   * @param file what {@link #write} wrote
   * @param example a state of the same structure: names, shapes and dtypes count, values do not,
   *     and are not computed
   * @param <S> the state
   * @return the stored tensors in the example's structure
   * @throws SafetensorsException if the file is damaged
   * @throws IOException if it cannot be read, or its names, shapes or dtypes are not the example's;
   *     the message lists them
   */
  public static <S extends Tree<S>> S read(Path file, S example) throws IOException {
    Parameters expected = named(example);
    try (Safetensors stored = Safetensors.open(file)) {
      Load.Differences differences = Load.strict().compare(stored, expected);
      if (!differences.isEmpty()) {
        throw new IOException(
            "%s does not fit the example; give one of the structure that was written:%n%s"
                .formatted(file, differences.listed()));
      }
      List<Tensor> leaves = new ArrayList<>();
      for (String name : expected.names()) {
        leaves.add(stored.tensor(name));
      }
      return example.withLeaves(leaves);
    }
  }

  private static Parameters named(Tree<?> tree) {
    List<String> names = Tree.namesUnder("", tree);
    List<Tensor> leaves = tree.leaves();
    Parameters.Builder builder = Parameters.builder();
    for (int i = 0; i < leaves.size(); i++) {
      String name = names.get(i).isEmpty() ? ITSELF : names.get(i).substring(1);
      if (names.indexOf(names.get(i)) != i) {
        throw new IllegalArgumentException(
            "checkpoint: two leaves of %s are named \"%s\"; leafNames() must tell them apart"
                .formatted(tree.getClass().getSimpleName(), name));
      }
      builder.add(name, leaves.get(i));
    }
    return builder.build();
  }
}
