package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;

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
   * Reads and checks a file.
   *
   * @param file the checkpoint
   * @param like a state of the run's model: names, shapes and dtypes count
   * @param metrics how many metrics there are sums of
   * @throws IOException if the file is damaged, or of another model
   */
  static Checkpoint read(Path file, TrainingState like, int metrics) throws IOException {
    try (Safetensors stored = Safetensors.open(file)) {
      Map<String, String> metadata = stored.metadata();
      if (!CHECKPOINT.equals(metadata.get(KIND))) {
        throw new IOException(file + ": is no checkpoint");
      }
      Parameters tensors = Load.strict().read(stored, like.toParameters());
      if (!Checksum.of(metadata, tensors).equals(metadata.get(Checksum.KEY))) {
        throw new IOException(
            file + ": the checksum is not that of its contents; the file is damaged");
      }
      return new Checkpoint(
          Long.parseLong(required(file, metadata, STEP)),
          TrainingConfiguration.parse(file.toString(), required(file, metadata, CONFIGURATION)),
          TrainingState.of(tensors),
          MetricSums.ofJson(required(file, metadata, SUMS), metrics));
    } catch (IllegalArgumentException wrong) {
      throw new IOException("%s: %s".formatted(file, wrong.getMessage()), wrong);
    }
  }

  private static String required(Path file, Map<String, String> metadata, String key)
      throws IOException {
    String value = metadata.get(key);
    if (value == null) {
      throw new IOException("%s: the metadata lack \"%s\"".formatted(file, key));
    }
    return value;
  }
}
