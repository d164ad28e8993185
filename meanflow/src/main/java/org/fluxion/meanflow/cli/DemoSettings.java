package org.fluxion.meanflow.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.nn.io.WholeFile;

/**
 * What a demo was asked for besides its trainings. It is kept in the demo's folder, so that a demo
 * that is resumed goes on as it was begun.
 *
 * @param guidance in all sampling, 1 for none
 * @param samplingSeeds how many for the rows that matter most
 * @param samples measured for each row and seed
 */
record DemoSettings(double guidance, int samplingSeeds, int samples) {
  private static final String GUIDANCE = "guidance";
  private static final String SAMPLING_SEEDS = "samplingSeeds";
  private static final String SAMPLES = "samples";
  private static final String SECONDS = "seconds";

  /** Checks the ranges. */
  DemoSettings {
    Arguments.requireFinite(GUIDANCE, guidance);
    Arguments.requireAtLeastOne(SAMPLING_SEEDS, samplingSeeds);
    SampleCount.require(SAMPLES, samples);
  }

  /**
   * What a demo's folder tells of it.
   *
   * @param settings what it was asked for
   * @param seconds the time that it has taken so far
   */
  record Kept(DemoSettings settings, double seconds) {}

  /**
   * Keeps the settings in a demo's folder.
   *
   * @param folder the demo's folder
   * @param seconds the time that the demo has taken so far
   */
  void write(RunFolder folder, double seconds) throws IOException {
    String json =
        JsonNodeFactory.instance
            .objectNode()
            .put(GUIDANCE, guidance)
            .put(SAMPLING_SEEDS, samplingSeeds)
            .put(SAMPLES, samples)
            .put(SECONDS, seconds)
            .toPrettyString();
    WholeFile.write(folder.demo(), (json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The settings that a demo was begun with.
   *
   * @param folder the demo's folder
   * @return what {@link #write} kept; no time where an earlier version kept none
   * @throws IOException if the file is not there, cannot be read, or something else is in it
   */
  static Kept read(RunFolder folder) throws IOException {
    Path file = folder.demo();
    try {
      JsonNode json = new ObjectMapper().readTree(Files.readString(file));
      JsonNode guidance = json.path(GUIDANCE);
      JsonNode samplingSeeds = json.path(SAMPLING_SEEDS);
      JsonNode samples = json.path(SAMPLES);
      double seconds = json.path(SECONDS).asDouble();
      if (guidance.isNumber() && samplingSeeds.isInt() && samples.isInt() && seconds >= 0) {
        return new Kept(
            new DemoSettings(guidance.doubleValue(), samplingSeeds.intValue(), samples.intValue()),
            seconds);
      }
    } catch (JsonProcessingException | CharacterCodingException broken) {
      // Said below.
    } catch (IllegalArgumentException wrong) {
      throw new IOException(
          "%s: %s; put back what it was, or begin a new demo with another --name"
              .formatted(file, wrong.getMessage()),
          wrong);
    }
    throw new IOException(
        "%s: expected a JSON object with the numbers %s, %s and %s; put back what it was, or begin a new demo with another --name"
            .formatted(file, GUIDANCE, SAMPLING_SEEDS, SAMPLES));
  }
}
