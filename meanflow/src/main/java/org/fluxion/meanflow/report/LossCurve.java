package org.fluxion.meanflow.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/**
 * A figure that was logged while training.
 *
 * @param title what it is
 * @param points step by step
 */
public record LossCurve(String title, List<Point> points) {
  /** Raw points that are drawn at most: more would be a blot, and a large file. */
  private static final int DRAWN = 400;

  /** The share of a curve over which it is smoothed. */
  private static final double SMOOTHED_SHARE = 0.06;

  /** A span of values from which a logarithmic axis shows more than a linear one. */
  private static final double WIDE_RATIO = 10;

  /**
   * One logged value.
   *
   * @param step training steps done
   * @param value the figure
   */
  public record Point(double step, double value) {}

  /** Keeps the points that are numbers: what is not finite cannot be drawn. */
  public LossCurve {
    points = points.stream().filter(p -> Double.isFinite(p.value())).toList();
  }

  /** The keys of metrics that are drawn, and what they are called. */
  private static SequencedMap<String, String> titles() {
    SequencedMap<String, String> titles = new LinkedHashMap<>();
    titles.put("loss", "Loss");
    titles.put("gradientNorm", "Gradient norm before clipping");
    titles.put("flowError", "Squared error, flow-matching part");
    titles.put("meanError", "Squared error, mean-flow part");
    return titles;
  }

  /**
   * The curves of a training.
   *
   * @param metrics a run's {@code metrics.jsonl}
   * @return a curve for each figure that is in it and worth drawing
   * @throws IOException if it cannot be read
   */
  public static List<LossCurve> read(Path metrics) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(metrics)) {
      lines.add(json.readTree(line));
    }
    List<LossCurve> curves = new ArrayList<>();
    for (Map.Entry<String, String> title : titles().entrySet()) {
      List<Point> points =
          lines.stream()
              .filter(line -> line.path(title.getKey()).isNumber())
              .map(
                  line ->
                      new Point(line.path("step").asDouble(), line.path(title.getKey()).asDouble()))
              .toList();
      if (!points.isEmpty()) {
        curves.add(new LossCurve(title.getValue(), points));
      }
    }
    return curves;
  }

  /** Whether all values are positive, and span so much that ratios show more than differences. */
  boolean isWide() {
    double least = points.stream().mapToDouble(Point::value).min().orElse(0);
    double greatest = points.stream().mapToDouble(Point::value).max().orElse(0);
    return least > 0 && greatest / least >= WIDE_RATIO;
  }

  /** Some of the points, evenly chosen, where there are many. */
  List<Point> thinned() {
    if (points.size() <= DRAWN) {
      return points;
    }
    double stride = (double) points.size() / DRAWN;
    return IntStream.range(0, DRAWN).mapToObj(i -> points.get((int) (i * stride))).toList();
  }

  /**
   * Each point on the straight line that fits a window around it best: unlike a mean, that does not
   * lag where the curve is steep, nor follow single points at its ends.
   */
  List<Point> smoothed() {
    int size = points.size();
    int reach = (int) Math.ceil(size * SMOOTHED_SHARE / 2);
    int every = Math.max(1, size / DRAWN);
    return IntStream.range(0, size)
        .filter(i -> i % every == 0 || i == size - 1)
        .mapToObj(
            i ->
                fitted(
                    points.subList(Math.max(0, i - reach), Math.min(size, i + reach + 1)),
                    points.get(i).step()))
        .toList();
  }

  /** Where the least-squares line through some points is at a step, within the points' range. */
  private static Point fitted(List<Point> window, double step) {
    double meanStep = window.stream().mapToDouble(Point::step).average().orElseThrow();
    double meanValue = window.stream().mapToDouble(Point::value).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (Point point : window) {
      covariance += (point.step() - meanStep) * (point.value() - meanValue);
      variance += (point.step() - meanStep) * (point.step() - meanStep);
    }
    double slope = variance == 0 ? 0 : covariance / variance;
    double least = window.stream().mapToDouble(Point::value).min().orElseThrow();
    double greatest = window.stream().mapToDouble(Point::value).max().orElseThrow();
    // So that it stays positive where all values are, as a logarithmic axis needs.
    return new Point(step, Math.clamp(meanValue + slope * (step - meanStep), least, greatest));
  }
}
