package org.fluxion.meanflow.metrics;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How a classifier is made, as {@code digits-classifier.json} has it.
 *
 * @param width channels of the network's first convolution
 * @param features the number of features, from 64 to 128
 * @param batchSize images in each step
 * @param steps optimizer steps
 * @param warmupSteps steps over which the learning rate rises
 * @param learningRate AdamW's rate after the warm-up; it falls to 0 along half a cosine
 * @param weightDecay AdamW's weight decay
 * @param averageDecay the decay of the moving average of the parameters, which is what is kept
 * @param shift the largest shift of a training image along either axis, pixels
 * @param dropout the share of features that is left out in training
 * @param seed what initial parameters, order, shifts and dropout depend on
 */
public record ClassifierConfiguration(
    int width,
    int features,
    int batchSize,
    int steps,
    int warmupSteps,
    double learningRate,
    double weightDecay,
    double averageDecay,
    int shift,
    double dropout,
    long seed) {
  private static final String NAME = "digits-classifier.json";

  /** Only to know the keys. */
  private static final ClassifierConfiguration EXAMPLE =
      new ClassifierConfiguration(1, 64, 1, 1, 0, 0, 0, 0, 0, 0, 0);

  /** Checks the ranges that no layer or optimizer checks. */
  public ClassifierConfiguration {
    if (features < 64 || features > 128) {
      throw new IllegalArgumentException(
          "classifier configuration: expected features from 64 to 128, got " + features);
    }
    if (steps < 1) {
      throw new IllegalArgumentException(
          "classifier configuration: expected steps of at least 1, got " + steps);
    }
    if (shift < 0 || shift >= DigitNetwork.EXTENT) {
      throw new IllegalArgumentException(
          "classifier configuration: expected a shift from 0 to %d, got %d"
              .formatted(DigitNetwork.EXTENT - 1, shift));
    }
  }

  /**
   * The configuration of the classifier that comes with the library.
   *
   * @return the configuration
   * @throws IOException if the library's resources lack it
   */
  public static ClassifierConfiguration shipped() throws IOException {
    try (InputStream stream = ClassifierConfiguration.class.getResourceAsStream(NAME)) {
      if (stream == null) {
        throw new FileNotFoundException(
            "the library lacks its resource %s; build it anew".formatted(NAME));
      }
      return parse(stream.readAllBytes(), NAME);
    }
  }

  /**
   * Reads a configuration.
   *
   * @param file a JSON object with every component
   * @return the configuration
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if a key is unknown or missing, or a value of the wrong type
   */
  public static ClassifierConfiguration read(Path file) throws IOException {
    return parse(Files.readAllBytes(file), file.toString());
  }

  private static ClassifierConfiguration parse(byte[] json, String name) throws IOException {
    JsonMapper mapper =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();
    try {
      requireKeys(mapper.readTree(json), mapper.valueToTree(EXAMPLE), name);
      return mapper.readValue(json, ClassifierConfiguration.class);
    } catch (JacksonException wrong) {
      if (wrong.getCause() instanceof IllegalArgumentException range) {
        throw new IllegalArgumentException(name + ": " + range.getMessage(), range);
      }
      String place =
          wrong instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()
              ? mapping.getPath().getFirst().getFieldName() + ": "
              : "";
      throw new IllegalArgumentException(
          "%s: %s%s".formatted(name, place, wrong.getOriginalMessage()), wrong);
    }
  }

  /** Every component is a key, and every key a component. */
  private static void requireKeys(JsonNode found, JsonNode expected, String name) {
    List<String> keys = expected.propertyStream().map(Map.Entry::getKey).toList();
    List<String> unknown =
        found.propertyStream().map(Map.Entry::getKey).filter(key -> !keys.contains(key)).toList();
    List<String> missing = keys.stream().filter(key -> !found.has(key)).toList();
    if (!unknown.isEmpty() || !missing.isEmpty()) {
      throw new IllegalArgumentException(
          "%s: unknown keys %s, missing keys %s; the keys are %s"
              .formatted(name, unknown, missing, keys));
    }
  }
}
