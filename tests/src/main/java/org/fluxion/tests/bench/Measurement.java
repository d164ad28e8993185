package org.fluxion.tests.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A figure as measured.
 *
 * @param name the figure's name with the values of its parameters
 * @param value the subject's median over the iterations
 * @param unit the unit of both values
 * @param peer the peer's name
 * @param peerValue the peer's median over the iterations
 * @param ratio the median over the iterations of value / peerValue, which a machine that changes
 *     speed between iterations disturbs less than the quotient of the medians
 */
public record Measurement(
    String name, double value, String unit, String peer, double peerValue, double ratio) {

  /**
   * The seconds that one run took on average in an iteration, or what else is measured: the
   * quotients of two pairs, or a billionth of what is counted.
   *
   * @param subject of the subject
   * @param peer of the peer
   */
  public record Times(double subject, double peer) {}

  /**
   * Evaluates a figure.
   *
   * @param figure the figure
   * @param parameters the values of the method's parameters by name
   * @param iterations the times of each iteration, at least one
   * @return the measurement
   */
  public static Measurement of(
      Figure figure, Map<String, String> parameters, List<Times> iterations) {
    if (iterations.isEmpty()) {
      throw new IllegalArgumentException(figure.name() + ": no iteration was measured");
    }
    double[] values = new double[iterations.size()];
    double[] peerValues = new double[values.length];
    double[] ratios = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      Times times = iterations.get(i);
      values[i] = figure.value().of(times.subject(), parameters);
      peerValues[i] = figure.peerValue().of(times.peer(), parameters);
      ratios[i] = values[i] / peerValues[i];
    }
    String suffix =
        parameters.isEmpty() ? "" : " " + String.join(" ", new TreeMap<>(parameters).values());
    return new Measurement(
        figure.name() + suffix,
        median(values),
        figure.unit(),
        figure.peer(),
        median(peerValues),
        median(ratios));
  }

  /**
   * As a JSON object.
   *
   * @return an object with the members name, value, unit, peer, peerValue and ratio
   */
  public ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("name", name)
        .put("value", value)
        .put("unit", unit)
        .put("peer", peer)
        .put("peerValue", peerValue)
        .put("ratio", ratio);
  }

  /** One line for a terminal. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%-32s %10.2f %-8s %24s %10.2f   ratio %.3f",
        name,
        value,
        unit,
        peer,
        peerValue,
        ratio);
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
}
