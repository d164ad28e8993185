package org.fluxion.meanflow.report;

import java.util.List;

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
    return java.util.stream.IntStream.range(0, DRAWN)
        .mapToObj(i -> points.get((int) (i * stride)))
        .toList();
  }

  /** The mean over a window around each point, which becomes narrower towards both ends. */
  List<Point> smoothed() {
    int size = points.size();
    int reach = (int) Math.ceil(size * SMOOTHED_SHARE / 2);
    double[] sums = new double[size + 1];
    for (int i = 0; i < size; i++) {
      sums[i + 1] = sums[i] + points.get(i).value();
    }
    int every = Math.max(1, size / DRAWN);
    return java.util.stream.IntStream.range(0, size)
        .filter(i -> i % every == 0 || i == size - 1)
        .mapToObj(
            i -> {
              int half = Math.min(reach, Math.min(i, size - 1 - i));
              double mean = (sums[i + half + 1] - sums[i - half]) / (2 * half + 1);
              return new Point(points.get(i).step(), mean);
            })
        .toList();
  }
}
