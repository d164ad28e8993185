package org.fluxion.meanflow.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Everything that a training run depends on. Read from JSON, in which a key that is left out has
 * the value of the published recipe, and written to JSON with every value spelt out.
 *
 * @param model the network
 * @param data what it is trained on
 * @param objective what is minimised
 * @param optimizer how
 * @param schedule the learning rate over the steps
 * @param emaDecay how much of the average of the weights stays in a step
 * @param batchSize examples in a step
 * @param steps all steps
 * @param seed what every random draw depends on, with its step
 * @param checkpointInterval steps from one checkpoint to the next
 * @param logInterval steps from one line of metrics to the next
 * @param initialWeights the model file to start from: a path, or the name of one that comes with
 *     the project; none for random weights
 */
public record TrainingConfiguration(
    ModelConfiguration model,
    DataConfiguration data,
    Objective objective,
    OptimizerConfiguration optimizer,
    ScheduleConfiguration schedule,
    double emaDecay,
    int batchSize,
    int steps,
    long seed,
    int checkpointInterval,
    int logInterval,
    Optional<String> initialWeights) {
  private static final List<String> KEYS =
      List.of(
          "model",
          "data",
          "objective",
          "optimizer",
          "schedule",
          "emaDecay",
          "batchSize",
          "steps",
          "seed",
          "checkpointInterval",
          "logInterval",
          "initialWeights");
  private static final double PUBLISHED_EMA_DECAY = 0.9999;
  private static final int PUBLISHED_BATCH = 256;
  private static final int PUBLISHED_STEPS = 400_000;
  private static final int CHECKPOINT_INTERVAL = 1000;
  private static final int LOG_INTERVAL = 100;
  static final String SUFFIX = ".json";
  private static final JsonMapper WRITER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** The configurations that come with the project. */
  private static final List<String> SHIPPED =
      List.of("digits-flow", "digits-map", "digits-map-long");

  /** Checks the ranges, and that the parts fit one another. */
  public TrainingConfiguration {
    Range.fraction("emaDecay", emaDecay);
    Range.atLeast("batchSize", 1, batchSize);
    Range.atLeast("steps", 1, steps);
    Range.atLeast("checkpointInterval", 1, checkpointInterval);
    Range.atLeast("logInterval", 1, logInterval);
    equal("model.inputSize", model.inputSize(), "data.size", data.size());
    equal("model.channels", model.channels(), "the data's channels", data.set().channels());
    equal("model.classes", model.classes(), "the data's classes", data.set().classes());
  }

  private static void equal(String key, int value, String otherKey, int other) {
    if (value != other) {
      throw new IllegalArgumentException(
          "%s: expected %d, equal to %s, got %d".formatted(key, other, otherKey, value));
    }
  }

  // ---- reading ----

  /**
   * Reads JSON.
   *
   * @param source what errors call it, such as the file's name
   * @param json the text
   * @return the configuration
   * @throws IllegalArgumentException if the text is no JSON, a key is unknown or missing, or a
   *     value is of another type or impossible: the message names source and key, and what is
   *     allowed
   */
  public static TrainingConfiguration parse(String source, String json) {
    try {
      ConfigurationSection root = ConfigurationSection.parse(json, KEYS);
      return new TrainingConfiguration(
          ModelConfiguration.read(root),
          DataConfiguration.read(root),
          ObjectiveSection.read(root),
          OptimizerConfiguration.read(root),
          ScheduleConfiguration.read(root),
          root.number("emaDecay", PUBLISHED_EMA_DECAY),
          root.integer("batchSize", PUBLISHED_BATCH),
          root.integer("steps", PUBLISHED_STEPS),
          root.whole("seed", 0),
          root.integer("checkpointInterval", CHECKPOINT_INTERVAL),
          root.integer("logInterval", LOG_INTERVAL),
          root.text("initialWeights"));
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(source + ": " + wrong.getMessage(), wrong);
    }
  }

  /**
   * Reads a file, or a configuration that comes with the project.
   *
   * @param fileOrName a path, or a name of {@link #shipped}
   * @return the configuration
   * @throws IOException if there is no such file and no such name
   */
  public static TrainingConfiguration read(String fileOrName) throws IOException {
    if (SHIPPED.contains(fileOrName)) {
      String resource = "configurations/" + fileOrName + SUFFIX;
      try (InputStream stream = TrainingConfiguration.class.getResourceAsStream(resource)) {
        return parse(fileOrName, new String(stream.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    Path file = Path.of(fileOrName);
    if (!Files.isRegularFile(file)) {
      String hint = ModelFile.shipped().contains(fileOrName) ? "; that is the name of a model" : "";
      throw new NoSuchFileException(
          fileOrName,
          null,
          "expected the path of a JSON file, or one of " + String.join(", ", SHIPPED) + hint);
    }
    if (fileOrName.endsWith(ModelFile.SUFFIX)) {
      throw new IOException(
          fileOrName + ": expected a configuration as JSON, got a model file's name");
    }
    return read(file);
  }

  /**
   * Reads a file.
   *
   * @param file a JSON file
   * @return the configuration
   * @throws IllegalArgumentException if it holds no text in UTF-8, or for what {@link #parse}
   *     refuses
   * @throws IOException if it cannot be read
   */
  public static TrainingConfiguration read(Path file) throws IOException {
    try {
      return parse(file.toString(), Files.readString(file));
    } catch (CharacterCodingException noText) {
      throw new IllegalArgumentException(
          file + ": expected a configuration as JSON, got a file that is no text in UTF-8", noText);
    }
  }

  /**
   * The names of the configurations that come with the project.
   *
   * @return the names, without a suffix
   */
  public static List<String> shipped() {
    return SHIPPED;
  }

  // ---- writing ----

  /**
   * The configuration as JSON, with every value spelt out.
   *
   * @return the text, on several lines
   */
  public String toJson() {
    try {
      return WRITER.writeValueAsString(json()) + "\n";
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private ObjectNode json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("model", model.json());
    node.set("data", data.json());
    node.set("objective", ObjectiveSection.json(objective));
    node.set("optimizer", optimizer.json());
    node.set("schedule", schedule.json());
    return node.put("emaDecay", emaDecay)
        .put("batchSize", batchSize)
        .put("steps", steps)
        .put("seed", seed)
        .put("checkpointInterval", checkpointInterval)
        .put("logInterval", logInterval)
        .put("initialWeights", initialWeights.orElse(null));
  }

  /**
   * The keys in which another configuration differs.
   *
   * @param other the other
   * @return a line "key: this, not that" for each; empty if both are equal
   */
  public List<String> differences(TrainingConfiguration other) {
    List<String> found = new ArrayList<>();
    differences("", json(), other.json(), found);
    return found;
  }

  /**
   * The keys in which the configuration of a run that was begun differs in a way that forbids to go
   * on with this one: all but the run's length and the place of its data.
   *
   * @param begun the run's configuration
   * @return lines as of {@link #differences}; empty if the run can go on with this one
   */
  public List<String> differencesOnResuming(TrainingConfiguration begun) {
    DataConfiguration moved =
        new DataConfiguration(begun.data.set(), begun.data.size(), data.folder());
    return differences(begun.withSteps(steps).withData(moved));
  }

  private static void differences(String path, JsonNode a, JsonNode b, List<String> found) {
    if (a.isObject() && b.isObject()) {
      List<String> keys = new ArrayList<>();
      a.fieldNames().forEachRemaining(keys::add);
      b.fieldNames()
          .forEachRemaining(
              key -> {
                if (!keys.contains(key)) {
                  keys.add(key);
                }
              });
      keys.forEach(
          key ->
              differences(
                  path.isEmpty() ? key : path + "." + key, a.path(key), b.path(key), found));
    } else if (!a.equals(b)) {
      found.add("%s: %s, not %s".formatted(path, shown(a), shown(b)));
    }
  }

  private static String shown(JsonNode node) {
    return node.isMissingNode() ? "nothing" : node.toString();
  }

  // ---- variations ----

  /**
   * The same run with another seed.
   *
   * @param value the seed
   * @return the configuration
   */
  public TrainingConfiguration withSeed(long value) {
    return changed(data, batchSize, steps, value, initialWeights);
  }

  /**
   * The same run of another length.
   *
   * @param value all steps
   * @return the configuration
   */
  public TrainingConfiguration withSteps(int value) {
    return changed(data, batchSize, value, seed, initialWeights);
  }

  /**
   * The same run with batches of another size.
   *
   * @param value examples in a step
   * @return the configuration
   */
  public TrainingConfiguration withBatchSize(int value) {
    return changed(data, value, steps, seed, initialWeights);
  }

  /**
   * The same run on other data.
   *
   * @param value what is trained on
   * @return the configuration
   */
  public TrainingConfiguration withData(DataConfiguration value) {
    return changed(value, batchSize, steps, seed, initialWeights);
  }

  /**
   * The same run from other weights.
   *
   * @param value the model file to start from
   * @return the configuration
   */
  public TrainingConfiguration withInitialWeights(String value) {
    return changed(data, batchSize, steps, seed, Optional.of(value));
  }

  private TrainingConfiguration changed(
      DataConfiguration newData,
      int newBatchSize,
      int newSteps,
      long newSeed,
      Optional<String> newInitialWeights) {
    return new TrainingConfiguration(
        model,
        newData,
        objective,
        optimizer,
        schedule,
        emaDecay,
        newBatchSize,
        newSteps,
        newSeed,
        checkpointInterval,
        logInterval,
        newInitialWeights);
  }
}
