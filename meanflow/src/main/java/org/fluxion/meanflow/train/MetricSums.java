package org.fluxion.meanflow.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;

/**
 * Sums of metrics over the steps since the last line. They are part of a checkpoint, so that the
 * lines after a resume are those of an uninterrupted run. Used by one thread.
 */
final class MetricSums {
  private final double[] sums;
  private long count;
  private double seconds;

  MetricSums(int size) {
    sums = new double[size];
  }

  void add(double[] values, double duration) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += values[i];
    }
    count++;
    seconds += duration;
  }

  /** The means since the last reset. */
  double[] means() {
    double[] means = sums.clone();
    for (int i = 0; i < means.length; i++) {
      means[i] /= count;
    }
    return means;
  }

  void reset() {
    java.util.Arrays.fill(sums, 0);
    count = 0;
  }

  /** The time in all steps since the run began. */
  double seconds() {
    return seconds;
  }

  String toJson() {
    ArrayNode values = JsonNodeFactory.instance.arrayNode();
    for (double sum : sums) {
      values.add(sum);
    }
    return JsonNodeFactory.instance
        .objectNode()
        .put("count", count)
        .put("seconds", seconds)
        .set("sums", values)
        .toString();
  }

  static MetricSums ofJson(String json, int size) throws IOException {
    JsonNode node;
    try {
      node = new ObjectMapper().readTree(json);
    } catch (JsonProcessingException broken) {
      throw new IOException("the sums of metrics are no JSON", broken);
    }
    MetricSums result = new MetricSums(size);
    if (node.path("sums").size() != size) {
      throw new IOException(
          "expected sums of %d metrics, got %d".formatted(size, node.path("sums").size()));
    }
    for (int i = 0; i < size; i++) {
      result.sums[i] = node.path("sums").path(i).asDouble();
    }
    result.count = node.path("count").asLong();
    result.seconds = node.path("seconds").asDouble();
    return result;
  }
}
