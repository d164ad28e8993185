package org.fluxion.meanflow.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.fluxion.meanflow.metrics.Evaluation;

/** A run's figures as a table of plain text, for a terminal. */
public final class FigureTable {
  private static final List<String> HEAD =
      List.of(
          "Model", "Steps", "Guidance", "ms/image", "Fréchet distance", "Asked class", "Nearest");

  private FigureTable() {}

  /**
   * One row's figures but for the time, as a line to print when they have been measured.
   *
   * @param row the row
   * @return the line, not ended
   */
  public static String line(SummaryRow row) {
    int seeds = row.seeds().size();
    return String.format(
        Locale.ROOT,
        "  %8s: Fréchet distance %6.2f, %5.1f%% of the asked class%s",
        steps(row.steps()),
        row.frechet(),
        row.accuracy() * 100,
        seeds > 1 ? " (the worst of %d seeds)".formatted(seeds) : "");
  }

  /**
   * The table, and under it what real digits have.
   *
   * @param summary the figures
   * @return lines, each ended
   */
  public static String of(Summary summary) {
    List<List<String>> lines = new ArrayList<>();
    lines.add(HEAD);
    for (SummaryRow row : summary.rows()) {
      lines.add(
          List.of(
              row.model().title(),
              Integer.toString(row.steps()),
              Html.number(row.guidance()),
              Html.number(row.millisecondsPerImage()),
              Html.number(row.frechet()),
              String.format(Locale.ROOT, "%.1f%%", row.accuracy() * 100),
              Html.number(row.nearestDistance())));
    }
    lines.add(
        List.of(
            capitalised(summary.realDigits()),
            "",
            "",
            "",
            Html.number(summary.frechetFloor()),
            "",
            Html.number(summary.nearestDistanceOfTest())));
    int[] widths = new int[HEAD.size()];
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    StringBuilder table = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String padding = " ".repeat(widths[i] - line.get(i).length());
        text.append(i == 0 ? line.get(i) + padding : "  " + padding + line.get(i));
      }
      table.append(text.toString().stripTrailing()).append(System.lineSeparator());
    }
    if (!summary.comparesWithFloor()) {
      table.append(
          String.format(
              Locale.ROOT,
              "The Fréchet distance of %,d samples is not to be compared with that of %,d real"
                  + " digits: the fewer there are, the larger it is.%n",
              summary.samples(),
              Evaluation.FLOOR_SAMPLES));
    }
    return table.toString();
  }

  private static String capitalised(String words) {
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  /**
   * A number of steps in words.
   *
   * @param count how many
   * @return such as "1 step" or "4 steps"
   */
  public static String steps(int count) {
    return count == 1 ? "1 step" : count + " steps";
  }

  /**
   * How many there are of something.
   *
   * @param count how many
   * @param one what one of them is called; with an s behind it, several
   * @return such as "1 image" or "2,000 images"
   */
  public static String count(long count, String one) {
    return String.format(Locale.ROOT, "%,d %s%s", count, one, count == 1 ? "" : "s");
  }
}
