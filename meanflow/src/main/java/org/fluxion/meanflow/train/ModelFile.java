package org.fluxion.meanflow.train;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.model.FlowModel;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;

/**
 * A trained model in one safetensors file: its weights, under the authors' names, and in the
 * metadata what it is ({@code kind}: "flow" or "map") and its shape ({@code model}: JSON), so that
 * nothing else is needed to use it.
 *
 * @param kind what the model computes
 * @param model its shape
 * @param parameters its weights, in the dtype in which they are stored
 * @param notes further metadata, such as how it was trained
 */
public record ModelFile(
    Kind kind, ModelConfiguration model, Parameters parameters, Map<String, String> notes) {
  private static final String KIND = "kind";
  private static final String MODEL = "model";
  static final String SUFFIX = ".safetensors";

  /** The note of a map that is a flow model's weights as they were. */
  private static final String CONVERTED = "converted";

  /** The models that come with the project, by their short names. */
  private static final SequencedMap<String, String> SHORT = shortNames();

  /** What a model computes. */
  public enum Kind {
    /** The velocity at a time: a flow model. */
    FLOW,
    /** The average velocity between two times: a flow map. */
    MAP;

    /**
     * How it stands in a file.
     *
     * @return "flow" or "map"
     */
    public String written() {
      return ConfigurationSection.written(this);
    }
  }

  private static SequencedMap<String, String> shortNames() {
    SequencedMap<String, String> names = new LinkedHashMap<>();
    names.put("flow", "digits-flow");
    names.put("map", "digits-map");
    return Collections.unmodifiableSequencedMap(names);
  }

  /** Copies the notes. */
  public ModelFile {
    notes = Collections.unmodifiableMap(new LinkedHashMap<>(notes));
  }

  /**
   * A model without notes.
   *
   * @param kind what the model computes
   * @param model its shape
   * @param parameters its weights
   */
  public ModelFile(Kind kind, ModelConfiguration model, Parameters parameters) {
    this(kind, model, parameters, Map.of());
  }

  // ---- files ----

  /**
   * Reads a model.
   *
   * @param file a file that {@link #write} made
   * @return the model
   * @throws IOException if it is damaged, no model file, or its tensors are not those of its shape;
   *     the message names the file
   */
  public static ModelFile read(Path file) throws IOException {
    return read(file, file.toString());
  }

  /**
   * Reads a model that comes with the project, or a file. A name goes before a file that is called
   * the same; {@code ./flow} means the file.
   *
   * @param fileOrName a path, or a name of {@link #shipped}
   * @return the model
   * @throws IOException if there is no such file and no such name
   */
  public static ModelFile read(String fileOrName) throws IOException {
    String name = SHORT.getOrDefault(fileOrName, fileOrName);
    if (SHORT.containsValue(name)) {
      return readShipped(name);
    }
    Path file = Path.of(fileOrName);
    if (!Files.exists(file)) {
      String hint =
          TrainingConfiguration.shipped().contains(fileOrName)
              ? "; that is the name of a configuration to train by"
              : "";
      throw new NoSuchFileException(
          fileOrName,
          null,
          "expected the path of a model file, or one of " + String.join(", ", shipped()) + hint);
    }
    if (fileOrName.endsWith(TrainingConfiguration.SUFFIX)) {
      throw new IOException(
          fileOrName + ": expected a model file, got JSON, such as a configuration to train by");
    }
    return read(file);
  }

  /**
   * The names of the models that come with the project.
   *
   * @return the short names, then the full ones
   */
  public static List<String> shipped() {
    return Stream.concat(SHORT.keySet().stream(), SHORT.values().stream()).toList();
  }

  /** A model among the project's resources; a mapped file must lie in the file system. */
  private static ModelFile readShipped(String name) throws IOException {
    String source = "shipped model " + name;
    Path copy = unpacked(name, source);
    try {
      return read(copy, source);
    } catch (IOException damaged) {
      // The file that was asked for has another name.
      String message = String.valueOf(damaged.getMessage());
      throw new IOException(message.replace(copy.toString(), source), damaged);
    } finally {
      Files.deleteIfExists(copy);
    }
  }

  private static Path unpacked(String name, String source) throws IOException {
    try (InputStream stream =
        ModelFile.class.getResourceAsStream("/org/fluxion/meanflow/models/" + name + SUFFIX)) {
      Path copy = Files.createTempFile("fluxion-", SUFFIX);
      try {
        Files.copy(stream, copy, StandardCopyOption.REPLACE_EXISTING);
        return copy;
      } catch (IOException | RuntimeException | Error failed) {
        Files.deleteIfExists(copy);
        throw failed;
      }
    } catch (IOException failed) {
      String reason =
          failed instanceof FileSystemException refused
              ? FileFailure.reason(refused)
              : failed.getMessage();
      throw new IOException(
          "%s: cannot be unpacked into the folder %s: %s; name another by java's -Djava.io.tmpdir"
              .formatted(source, System.getProperty("java.io.tmpdir"), reason),
          failed);
    }
  }

  private static ModelFile read(Path file, String source) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw Files.isDirectory(file)
          ? new FileNotFoundException(source + ": expected a model file, got a folder")
          : new NoSuchFileException(source);
    }
    try (Safetensors stored = Safetensors.open(file)) {
      Map<String, String> notes = new LinkedHashMap<>(stored.metadata());
      String checksum = notes.remove(Checksum.KEY);
      notes.remove(Checksum.EARLIER_KEY);
      Kind kind = kind(source, notes.remove(KIND));
      ModelConfiguration model = model(source, notes.remove(MODEL));
      Load load = Load.strict().cast(DType.FLOAT32);
      Parameters expected = model.transformer().expected(stored, load);
      Load.Differences differences = load.compare(stored, expected);
      if (!differences.isEmpty()) {
        throw new DamagedFileException(
            "%s: does not fit the model that its metadata tells of:%n%s"
                .formatted(source, differences));
      }
      Parameters.Builder parameters = Parameters.builder();
      for (String name : expected.names()) {
        parameters.add(name, stored.tensor(name));
      }
      Parameters tensors = parameters.build();
      // Files that others wrote have none, nor have those of earlier versions.
      if (checksum != null && !checksum.equals(Checksum.of(stored.metadata(), tensors))) {
        throw new DamagedFileException(
            source + ": the checksum is not that of its contents; the file is damaged");
      }
      return new ModelFile(kind, model, tensors, notes);
    }
  }

  private static Kind kind(String source, String text) throws IOException {
    for (Kind kind : Kind.values()) {
      if (kind.written().equals(text)) {
        return kind;
      }
    }
    throw new DamagedFileException(
        "%s: expected a model file, whose metadata has %s \"flow\" or \"map\", got %s"
            .formatted(source, KIND, text == null ? "none" : "\"" + text + "\""));
  }

  private static ModelConfiguration model(String source, String json) throws IOException {
    if (json == null) {
      throw new DamagedFileException(
          source + ": expected the metadata's " + MODEL + " as JSON, got none");
    }
    try {
      return ModelConfiguration.ofJson(json);
    } catch (IllegalArgumentException wrong) {
      throw new DamagedFileException(
          "%s: metadata: %s".formatted(source, wrong.getMessage()), wrong);
    }
  }

  /**
   * Writes the model in the dtype that its weights have, with a checksum; the file appears in one
   * step.
   *
   * @param file where
   * @throws IOException if it cannot be written
   */
  public void write(Path file) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(KIND, kind.written());
    metadata.put(MODEL, model.toJson());
    metadata.putAll(notes);
    metadata.put(Checksum.KEY, Checksum.of(metadata, parameters));
    Safetensors.write(file, parameters, metadata);
  }

  /**
   * The same model with weights of another dtype.
   *
   * @param dtype such as float16 for a file of half the size
   * @return the model
   */
  public ModelFile cast(DType dtype) {
    return new ModelFile(kind, model, parameters.cast(dtype).detach(), notes);
  }

  // ---- models ----

  /**
   * The flow model.
   *
   * @return a model with float32 weights
   * @throws IllegalArgumentException if it is a flow map
   */
  public FlowModel flow() {
    if (kind != Kind.FLOW) {
      throw new IllegalArgumentException(
          "expected a flow model, got a flow map; a map cannot be turned back into a flow model");
    }
    return new FlowModel(model.transformer(), parameters.cast(DType.FLOAT32).detach());
  }

  /**
   * The flow map.
   *
   * @return a map with float32 weights
   * @throws IllegalArgumentException if it is a flow model
   */
  public FlowMap map() {
    if (kind != Kind.MAP) {
      throw new IllegalArgumentException(
          "expected a flow map, got a flow model; convert it first (fluxion convert)");
    }
    return new FlowMap(model.transformer(), parameters.cast(DType.FLOAT32).detach());
  }

  /**
   * A flow model as a flow map: no weight is touched.
   *
   * @param decoderDepth how many of the last blocks see the time that the map goes to
   * @return the map, over the same weights in the same dtype
   * @throws IllegalArgumentException if it is a map already, or has fewer blocks
   */
  public ModelFile convert(int decoderDepth) {
    if (kind != Kind.FLOW) {
      throw new IllegalArgumentException("convert: expected a flow model, got a flow map");
    }
    Map<String, String> told = new LinkedHashMap<>(notes);
    told.put(CONVERTED, "from a flow model, not trained since");
    return new ModelFile(Kind.MAP, model.withDecoderDepth(decoderDepth), parameters, told);
  }

  /**
   * Whether this is a flow map with the weights of the flow model that it was converted from.
   *
   * @return true after {@link #convert}, false once the map has been trained
   */
  public boolean isConverted() {
    return kind == Kind.MAP && notes.containsKey(CONVERTED);
  }
}
