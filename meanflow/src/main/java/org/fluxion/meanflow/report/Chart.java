package org.fluxion.meanflow.report;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A drawing area with two axes, as SVG. Colours and type come from the page's style sheet, so that
 * a chart follows its light or dark scheme.
 */
final class Chart {
  private static final int WIDTH = 480;
  private static final int LOW = 290;
  private static final int TALL = 400;
  private static final int LEFT = 50;
  private static final int RIGHT = 14;
  private static final int TOP = 28;
  private static final int BOTTOM = 46;
  private static final int ACROSS_TICKS = 5;
  private static final int UP_TICKS = 5;

  private final int height;
  private final Scale across;
  private final Scale up;
  private final StringBuilder svg = new StringBuilder();

  private Chart(int height, Scale across, Scale up) {
    this.height = height;
    this.across = across;
    this.up = up;
  }

  // ---- the two charts of a report ----

  /** Raw values as faint points, and their smoothed line. */
  static String of(LossCurve curve) {
    List<LossCurve.Point> points = curve.points();
    if (points.isEmpty()) {
      return "";
    }
    // One outlier must not flatten all else: the axis goes by all but the outermost in a hundred.
    double[] sorted = points.stream().mapToDouble(LossCurve.Point::value).sorted().toArray();
    double[] line =
        curve.smoothed().stream().mapToDouble(LossCurve.Point::value).sorted().toArray();
    double least = Math.min(sorted[sorted.length / 100], line[0]);
    double greatest =
        Math.max(sorted[sorted.length - 1 - sorted.length / 100], line[line.length - 1]);
    Scale up =
        curve.isWide() && greatest > least
            ? Scale.logarithmic(least, greatest)
            : Scale.linear(least, greatest, UP_TICKS);
    double last = Math.max(1, points.getLast().step());
    Chart chart = new Chart(LOW, new Scale(0, last, false), up);
    chart.axes("training step", curve.title());
    chart.dots("raw", curve.thinned());
    chart.line("line", curve.smoothed(), LossCurve.Point::step, LossCurve.Point::value);
    return chart.finish(curve.title() + " by training step");
  }

  /** Fréchet distance against time per image, both as ratios, a line for each generator. */
  static String of(Summary summary) {
    List<SummaryRow> rows =
        summary.rows().stream()
            .filter(row -> row.frechet() > 0 && row.millisecondsPerImage() > 0)
            .toList();
    if (rows.isEmpty()) {
      return "";
    }
    double floor = summary.frechetFloor();
    double nearest = rows.stream().mapToDouble(SummaryRow::frechet).min().orElseThrow();
    double farthest = rows.stream().mapToDouble(SummaryRow::frechet).max().orElseThrow();
    Chart chart =
        new Chart(
            TALL,
            Scale.logarithmic(
                rows.stream().mapToDouble(SummaryRow::millisecondsPerImage).min().orElseThrow(),
                rows.stream().mapToDouble(SummaryRow::millisecondsPerImage).max().orElseThrow()),
            Scale.logarithmic(floor > 0 ? Math.min(floor, nearest) : nearest, farthest));
    chart.axes("time per image, ms", "Fréchet distance");
    if (floor > 0) {
      chart.level(floor, summary.realDigits());
    }
    for (Generator generator : Generator.values()) {
      List<SummaryRow> own = rows.stream().filter(row -> row.model() == generator).toList();
      String name = generator.name().toLowerCase(Locale.ROOT);
      chart.line("line " + name, own, SummaryRow::millisecondsPerImage, SummaryRow::frechet);
      for (SummaryRow row : own) {
        chart.mark(name, row.millisecondsPerImage(), row.frechet(), row.steps(), generator);
      }
    }
    return chart.finish("Fréchet distance against time per image");
  }

  // ---- parts ----

  private void axes(String acrossName, String upName) {
    for (double tick : up.ticks(UP_TICKS)) {
      double y = y(tick);
      add(
          "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
          LEFT, right(), y, y);
      add(
          "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
          LEFT - 8, y + 4.5, Scale.label(tick));
    }
    for (double tick : across.ticks(ACROSS_TICKS)) {
      double x = x(tick);
      add(
          "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
          x, x, bottom(), bottom() + 4);
      add(
          "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
          x, bottom() + 18, Scale.label(tick));
    }
    add(
        "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>",
        LEFT, right(), bottom(), bottom());
    add(
        "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
        right(), height - 6, Html.text(acrossName));
    add(
        "<text class=\"name\" x=\"0\" y=\"13\">%s%s</text>",
        Html.text(upName), up.logarithmic() ? " (log scale)" : "");
  }

  /** Dots as one path of strokes without length, which round ends turn into dots: a short file. */
  private void dots(String style, List<LossCurve.Point> points) {
    StringBuilder path = new StringBuilder();
    for (LossCurve.Point point : points) {
      if (point.value() >= up.low() && point.value() <= up.high()) {
        path.append(Html.of("M%.1f %.1fh0", x(point.step()), y(point.value())));
      }
    }
    add("<path class=\"%s\" d=\"%s\"/>", style, path);
  }

  private <T> void line(
      String style, List<T> points, ToDoubleFunction<T> across, ToDoubleFunction<T> up) {
    StringBuilder path = new StringBuilder();
    for (T point : points) {
      path.append(path.isEmpty() ? 'M' : 'L')
          .append(Html.of("%.1f %.1f", x(across.applyAsDouble(point)), y(up.applyAsDouble(point))));
    }
    if (points.size() > 1) {
      add("<path class=\"%s\" d=\"%s\"/>", style, path);
    }
  }

  private void level(double value, String name) {
    double y = y(value);
    add("<line class=\"level\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, right(), y, y);
    add("<text class=\"label\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT + 2, y - 6, Html.text(name));
  }

  /** A point with its number of steps; beside it, on the side where no other curve runs. */
  private void mark(String style, double at, double value, int steps, Generator generator) {
    double x = x(at);
    double y = y(value);
    add(
        "<circle class=\"mark %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"><title>%s</title></circle>",
        style, x, y, Html.text(generator.title() + ", " + steps + " steps"));
    switch (generator) {
      case FLOW -> label(style, x - 8, y + 15, "end", steps);
      case CONVERTED -> label(style, x, y - 10, "middle", steps);
      case MAP -> label(style, x, y + 20, "middle", steps);
    }
  }

  private void label(String style, double x, double y, String anchor, int steps) {
    add(
        "<text class=\"label %s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%d</text>",
        style, x, y, anchor, steps);
  }

  private String finish(String description) {
    return Html.of(
        "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%s</svg>\n",
        WIDTH, height, Html.text(description), svg);
  }

  // ---- geometry ----

  private static int right() {
    return WIDTH - RIGHT;
  }

  private int bottom() {
    return height - BOTTOM;
  }

  private double x(double value) {
    return LEFT + (right() - LEFT) * across.position(value);
  }

  private double y(double value) {
    return bottom() - (bottom() - TOP) * up.position(value);
  }

  private void add(String template, Object... values) {
    svg.append(Html.of(template, values));
  }
}
