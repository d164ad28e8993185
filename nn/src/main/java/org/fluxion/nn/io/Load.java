package org.fluxion.nn.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * How a model takes its parameters from a checkpoint: {@code model.load(file,
 * Load.strict().cast(FLOAT32))}. A stored tensor of another shape is always an error; one of
 * another dtype is unless {@link #cast} allows it.
 */
public final class Load {
  private final boolean strict;
  private final Optional<DType> dtype;
  private final String prefix;

  private Load(boolean strict, Optional<DType> dtype, String prefix) {
    this.strict = strict;
    this.dtype = dtype;
    this.prefix = prefix;
  }

  /**
   * The file has the model's names, no fewer and no more.
   *
   * @return the options
   */
  public static Load strict() {
    return new Load(true, Optional.empty(), "");
  }

  /**
   * Missing tensors keep the values that the model was initialised with; unexpected ones are
   * ignored.
   *
   * @return the options
   */
  public static Load lenient() {
    return new Load(false, Optional.empty(), "");
  }

  /**
   * Floating-point tensors are converted, from whatever is stored.
   *
   * @param target the dtype that the model gets
   * @return the changed options
   */
  public Load cast(DType target) {
    return new Load(strict, Optional.of(target), prefix);
  }

  /**
   * Only the tensors whose names start so, without that start.
   *
   * @param start such as {@code "ema."}
   * @return the changed options
   */
  public Load prefix(String start) {
    return new Load(strict, dtype, start);
  }

  /**
   * How a file differs from what a model expects; reads no tensor.
   *
   * @param file the checkpoint
   * @param expected the model's names, shapes and dtypes
   * @return the differences, by name
   */
  public Differences compare(Safetensors file, Parameters expected) {
    List<String> missing = new ArrayList<>();
    List<String> misshaped = new ArrayList<>();
    List<String> mistyped = new ArrayList<>();
    expected
        .asMap()
        .forEach(
            (name, tensor) -> {
              StoredTensor stored = file.tensors().get(prefix + name);
              if (stored == null) {
                missing.add(name);
              } else if (!stored.shape().equals(tensor.shape())) {
                misshaped.add(
                    "%s (expected %s, stored %s)".formatted(name, tensor.shape(), stored.shape()));
              } else if (!fits(stored, tensor.dtype())) {
                mistyped.add(
                    "%s (expected %s, stored %s)".formatted(name, tensor.dtype(), stored.type()));
              }
            });
    List<String> unexpected =
        file.names().stream()
            .filter(name -> name.startsWith(prefix))
            .map(name -> name.substring(prefix.length()))
            .filter(name -> !expected.contains(name))
            .toList();
    return new Differences(missing, unexpected, misshaped, mistyped);
  }

  private boolean fits(StoredTensor stored, DType expected) {
    return stored
        .dtype()
        .filter(
            found ->
                found == expected
                    || dtype.isPresent() && found.isFloating() && expected.isFloating())
        .isPresent();
  }

  /**
   * Reads a model's parameters.
   *
   * @param file the checkpoint
   * @param expected the model's names, shapes and dtypes, and under {@link #lenient} the values of
   *     what is missing
   * @return the stored values under the expected names, in their order
   * @throws IOException if the file does not fit, with every difference by name
   */
  public Parameters read(Safetensors file, Parameters expected) throws IOException {
    Differences differences = compare(file, expected);
    if (strict ? !differences.isEmpty() : !differences.isHarmless()) {
      throw new IOException("%s does not fit the model:%n%s".formatted(file.file(), differences));
    }
    List<Tensor> tensors = new ArrayList<>();
    for (String name : expected.names()) {
      Tensor tensor =
          file.tensors().containsKey(prefix + name)
              ? file.tensor(prefix + name)
              : expected.get(name);
      boolean converted = dtype.isPresent() && tensor.dtype().isFloating();
      // Detached at once, so that the stored original can be freed.
      boolean changes = converted && tensor.dtype() != dtype.get();
      tensors.add(changes ? tensor.cast(dtype.get()).detach() : tensor);
    }
    return expected.withLeaves(tensors);
  }

  /**
   * How a checkpoint differs from a model.
   *
   * @param missing names that the model has and the file lacks
   * @param unexpected names that the file has and the model lacks
   * @param misshaped names whose shapes differ, with both
   * @param mistyped names whose dtypes differ, with both
   */
  public record Differences(
      List<String> missing,
      List<String> unexpected,
      List<String> misshaped,
      List<String> mistyped) {
    private static final int LISTED = 20;

    /** Copies the lists. */
    public Differences {
      missing = List.copyOf(missing);
      unexpected = List.copyOf(unexpected);
      misshaped = List.copyOf(misshaped);
      mistyped = List.copyOf(mistyped);
    }

    /**
     * Whether there is none.
     *
     * @return true if a strict load succeeds
     */
    public boolean isEmpty() {
      return missing.isEmpty() && unexpected.isEmpty() && isHarmless();
    }

    /**
     * Whether what is in both fits.
     *
     * @return true if a lenient load succeeds
     */
    public boolean isHarmless() {
      return misshaped.isEmpty() && mistyped.isEmpty();
    }

    /**
     * The differences, a line for each kind.
     *
     * @return the text, empty if there is none
     */
    @Override
    public String toString() {
      return listed(
          "; initialise them with Load.lenient()",
          "; ignore them with Load.lenient()",
          "; check the model's configuration",
          "; convert them with cast(dtype)");
    }

    /**
     * The same without what a model's load could do about them.
     *
     * @return the text, empty if there is none
     */
    public String listed() {
      return listed("", "", "", "");
    }

    private String listed(String lacking, String surplus, String shapes, String dtypes) {
      List<String> lines = new ArrayList<>();
      line(lines, "missing in the file", missing, lacking);
      line(lines, "unexpected in the file", unexpected, surplus);
      line(lines, "mis-shaped", misshaped, shapes);
      line(lines, "of another dtype", mistyped, dtypes);
      return String.join(System.lineSeparator(), lines);
    }

    private static void line(List<String> lines, String kind, List<String> names, String advice) {
      if (!names.isEmpty()) {
        String shown = String.join(", ", names.subList(0, Math.min(LISTED, names.size())));
        String rest = names.size() > LISTED ? ", …" : "";
        lines.add("  %s (%d%s): %s%s".formatted(kind, names.size(), advice, shown, rest));
      }
    }
  }
}
