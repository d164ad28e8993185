package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.nn.io.SafetensorsException;

/**
 * A run at a step: everything that the steps after it depend on.
 *
 * @param step the number of steps taken
 * @param configuration the run's
 * @param state weights, moments and averages
 * @param sums the metrics since the last line
 */
record Checkpoint(
    long step, TrainingConfiguration configuration, TrainingState state, MetricSums sums) {
  private static final String KIND = "kind";
  private static final String CHECKPOINT = "checkpoint";
  private static final String STEP = "step";
  private static final String SEED = "seed";
  private static final String CONFIGURATION = "configuration";
  private static final String SUMS = "metrics";

  /** Writes under a temporary name, forces to the disk, then moves to the place in one step. */
  void write(Path file) throws IOException {
    Parameters tensors = state.toParameters();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(KIND, CHECKPOINT);
    metadata.put(STEP, Long.toString(step));
    metadata.put(SEED, Long.toString(configuration.seed()));
    metadata.put(CONFIGURATION, configuration.toJson());
    metadata.put(SUMS, sums.toJson());
    metadata.put(Checksum.KEY, Checksum.of(metadata, tensors));
    Safetensors.write(file, tensors, metadata);
  }

  /**
   * Reads and checks a file: first that it is whole, then that it is of the run's configuration,
   * and only then what depends on the configuration.
   *
   * @param file the checkpoint
   * @param wanted the configuration to go on with
   * @param like a state of the run's model: names, shapes and dtypes count
   * @param metrics how many metrics there are sums of
   * @throws DamagedFileException if the file is damaged
   * @throws SafetensorsException if the file is damaged, unless it says that bytes of it could not
   *     be read
   * @throws IOException if the file cannot be read, which says nothing of what it holds
   * @throws IllegalArgumentException if the file is whole, but of another configuration or version
   */
  static Checkpoint read(Path file, TrainingConfiguration wanted, TrainingState like, int metrics)
      throws IOException {
    try (Safetensors stored = Safetensors.open(file)) {
      Map<String, String> metadata = stored.metadata();
      if (!CHECKPOINT.equals(metadata.get(KIND))) {
        throw new DamagedFileException(file + ": is no checkpoint");
      }
      if (Checksum.isEarlier(metadata)) {
        throw otherVersion(file, "an earlier version", "its checksum is of another kind");
      }
      Parameters tensors = stored.parameters();
      if (!Checksum.of(metadata, tensors).equals(metadata.get(Checksum.KEY))) {
        throw new DamagedFileException(
            file + ": the checksum is not that of its contents; the file is damaged");
      }
      long step = step(file, metadata);
      TrainingConfiguration configuration = configuration(file, metadata);
      requireSame(file, step, wanted, configuration);
      return new Checkpoint(
          step,
          configuration,
          TrainingState.of(fitted(stored, tensors, like.toParameters())),
          sums(file, metadata, metrics));
    }
  }

  // Under a right checksum everything is as it was written: what is odd is of another version.

  private static long step(Path file, Map<String, String> metadata) {
    String text = required(file, metadata, STEP);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException wrong) {
      throw otherVersion(
          file, "another version", "step: expected a number, got '%s'".formatted(text));
    }
  }

  private static TrainingConfiguration configuration(Path file, Map<String, String> metadata) {
    String text = required(file, metadata, CONFIGURATION);
    try {
      return TrainingConfiguration.parse(CONFIGURATION, text);
    } catch (IllegalArgumentException wrong) {
      throw otherVersion(file, "another version", wrong.getMessage());
    }
  }

  private static MetricSums sums(Path file, Map<String, String> metadata, int metrics) {
    String text = required(file, metadata, SUMS);
    try {
      return MetricSums.ofJson(text, metrics);
    } catch (IOException wrong) {
      throw otherVersion(file, "another version", wrong.getMessage());
    }
  }

  private static IllegalArgumentException otherVersion(Path file, String version, String reason) {
    return new IllegalArgumentException(
        "resume: %s was written by %s of Fluxion (%s); go on with that version, or begin the run again under another --name"
            .formatted(file, version, reason));
  }

  /** What a run has become depends on its configuration: with another it would be neither's. */
  private static void requireSame(
      Path file, long step, TrainingConfiguration wanted, TrainingConfiguration begun) {
    List<String> differences = wanted.differencesOnResuming(begun);
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "resume: the run of the checkpoint of step %d, %s, was begun with another configuration (%s); put back what it was, or begin a new run in another folder"
              .formatted(step, file, String.join("; ", differences)));
    }
  }

  /** The tensors in the order of those expected. */
  private static Parameters fitted(Safetensors stored, Parameters tensors, Parameters expected) {
    Load.Differences differences = Load.strict().compare(stored, expected);
    if (!differences.isEmpty()) {
      throw otherVersion(
          stored.file(),
          "another version",
          "its state does not fit the model: "
              + differences.listed().strip().replaceAll("\\R\\s*", "; "));
    }
    return expected.withLeaves(expected.names().stream().map(tensors::get).toList());
  }

  private static String required(Path file, Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw otherVersion(file, "another version", "the metadata lack \"%s\"".formatted(key));
    }
    return value;
  }
}
