package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How a run goes, over one step or the mean over several.
 *
 * @param step the number of steps taken
 * @param loss what is minimised
 * @param parts what it is made of: for Decoupled MeanFlow {@code flowLoss} and {@code meanLoss} (as
 *     weighted), {@code flowError} and {@code meanError} (mean squared errors); otherwise empty
 * @param gradientNorm of the whole gradient, before it is clipped
 * @param learningRate of the last step
 * @param samplesPerSecond how fast, lately
 * @param seconds the time spent in steps since the run began, interruptions left out
 */
public record Metrics(
    long step,
    double loss,
    Map<String, Double> parts,
    double gradientNorm,
    double learningRate,
    double samplesPerSecond,
    double seconds) {
  /** Copies the parts, in their order. */
  public Metrics {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }

  /**
   * The metrics as a line of {@code metrics.jsonl}.
   *
   * @return one JSON object, without the end of the line
   */
  public String toJson() {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("step", step).put("loss", loss);
    parts.forEach(node::put);
    return node.put("gradientNorm", gradientNorm)
        .put("learningRate", learningRate)
        .put("samplesPerSecond", samplesPerSecond)
        .put("seconds", seconds)
        .toString();
  }
}
