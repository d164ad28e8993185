package org.fluxion.meanflow.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.fluxion.meanflow.sample.Sampler;

/** Writes a {@link Report} as HTML. */
final class ReportPage {
  private final Report report;
  private final Summary summary;

  ReportPage(Report report) {
    this.report = report;
    this.summary = report.summary();
  }

  String html() {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>%s · Fluxion</title>
    <style>
    %s</style>
    </head>
    <body>
    <main>
    %s%s%s%s%s%s%s</main>
    </body>
    </html>
    """
        .formatted(
            Html.text(report.name()),
            styleSheet(),
            head(),
            headlines(),
            samples(),
            figures(),
            stages(),
            trainings(),
            settings(),
            foot());
  }

  // ---- the top ----

  private String head() {
    Optional<SummaryRow> slow = longest(Generator.FLOW);
    Optional<SummaryRow> fast = summary.row(Generator.MAP, 1);
    String title =
        slow.isPresent() && fast.isPresent()
            ? "One step instead of " + slow.get().steps()
            : "Digits, drawn by a network";
    Optional<Report.SampleGrid> picture = grid(Generator.MAP, 1);
    return """
    <header>
    <div class="words">
    <p class="run">Fluxion · run <b>%s</b> · %s</p>
    <h1>%s</h1>
    <p class="lead">%s</p>
    </div>
    %s</header>
    """
        .formatted(
            Html.text(report.name()),
            Html.text(report.made()),
            title,
            lead(slow, fast),
            picture
                .map(
                    it ->
                        "<figure class=\"hero\">%s<figcaption>Drawn in one step, a class in each row</figcaption></figure>\n"
                            .formatted(image(it)))
                .orElse(""));
  }

  private static String lead(Optional<SummaryRow> slow, Optional<SummaryRow> fast) {
    if (slow.isEmpty() || fast.isEmpty()) {
      return "Handwritten digits of ten classes, drawn from noise.";
    }
    return """
    A <em>flow model</em> turns noise into a handwritten digit by following a velocity, a little at a time: \
    %s, each a run through the whole network. A <em>flow map</em> is asked for the average velocity of the whole \
    way instead, and so needs a single run. Here the same network, its weights unchanged at first, becomes a flow \
    map by <em>Decoupled MeanFlow</em>: its first blocks see the time it comes from, its last blocks the time it \
    goes to, and a short fine-tuning does the rest.\
    """
        .formatted(FigureTable.steps(slow.get().steps()));
  }

  private String headlines() {
    Optional<SummaryRow> slow = longest(Generator.FLOW);
    Optional<SummaryRow> crude = summary.row(Generator.FLOW, 1);
    Optional<SummaryRow> fast = summary.row(Generator.MAP, 1);
    if (fast.isEmpty()) {
      return "";
    }
    List<String> tiles = new ArrayList<>();
    tiles.add(
        tile(
            Html.percent(fast.get().accuracy()),
            "of the one-step digits are read as the digit that was asked for"));
    slow.ifPresent(
        row ->
            tiles.add(
                tile(
                    Html.number(row.millisecondsPerImage() / fast.get().millisecondsPerImage())
                        + "×",
                    Html.of(
                        "as many images in the same time as the flow model at %d steps",
                        row.steps()))));
    crude.ifPresent(
        row ->
            tiles.add(
                tile(
                    Html.number(row.frechet() / fast.get().frechet()) + "×",
                    "closer to real digits than the flow model's own single step")));
    tiles.add(
        tile(
            Html.number(fast.get().frechet()),
            "Fréchet distance in one step; %s have %s"
                .formatted(summary.realDigits(), Html.number(summary.frechetFloor()))));
    return "<section class=\"headlines\" aria-label=\"Results\">\n%s</section>\n"
        .formatted(String.join("", tiles));
  }

  private static String tile(String value, String words) {
    return "<div><strong>%s</strong><p>%s</p></div>\n".formatted(value, words);
  }

  // ---- samples ----

  private String samples() {
    if (report.grids().isEmpty()) {
      return "";
    }
    StringBuilder rows = new StringBuilder();
    for (Generator generator : Generator.values()) {
      List<Report.SampleGrid> own = new ArrayList<>(grids(Optional.of(generator)));
      if (own.isEmpty()) {
        continue;
      }
      // Beside the last row, where the eye compares: what they should look like.
      if (generator == Generator.MAP) {
        own.addAll(grids(Optional.empty()));
      }
      rows.append(row(generator, own));
    }
    if (grids(Optional.of(Generator.MAP)).isEmpty() && !grids(Optional.empty()).isEmpty()) {
      rows.append("<div class=\"grids\">%s</div>\n".formatted(figures(grids(Optional.empty()))));
    }
    return """
    <section>
    <h2>Samples</h2>
    <p>All grids start from the same noise, place by place, and ask for the same digits: 0 in the first row to 9 \
    in the last.</p>
    %s</section>
    """
        .formatted(rows);
  }

  private String row(Generator generator, List<Report.SampleGrid> grids) {
    String words =
        switch (generator) {
          case FLOW -> "follows its velocity from noise to image; too few steps cut its corners.";
          case CONVERTED ->
              "is the same weights read as a flow map, before any training: first blocks on the old"
                  + " time, last blocks on the new one.";
          case MAP -> "is that network after fine-tuning with the Decoupled MeanFlow loss.";
        };
    return """
    <h3 class="%s">%s <span>%s</span></h3>
    <div class="grids">
    %s</div>
    """
        .formatted(style(generator), Html.text(generator.title()), words, figures(grids));
  }

  private String figures(List<Report.SampleGrid> grids) {
    StringBuilder figures = new StringBuilder();
    for (Report.SampleGrid grid : grids) {
      String caption =
          grid.generator().isEmpty()
              ? "<b>Real digits</b> <span>from the test images</span>"
              : "<b>%s</b> <span>%s</span>"
                  .formatted(
                      FigureTable.steps(grid.steps()),
                      summary
                          .row(grid.generator().get(), grid.steps())
                          .map(
                              row ->
                                  "distance %s · %s right"
                                      .formatted(
                                          Html.number(row.frechet()), Html.percent(row.accuracy())))
                          .orElse(""));
      figures.append(
          "<figure>%s<figcaption>%s</figcaption></figure>\n".formatted(image(grid), caption));
    }
    return figures.toString();
  }

  private String image(Report.SampleGrid grid) {
    String what =
        grid.generator()
            .map(it -> "%s, %s".formatted(it.title(), FigureTable.steps(grid.steps())))
            .orElse("Real digits");
    ImageGrid images = grid.grid();
    return Html.of(
        "<img src=\"%s\" width=\"%d\" height=\"%d\" alt=\"Grid of digits: %s\">",
        Html.png(images.png()), images.width(), images.height(), Html.text(what));
  }

  // ---- figures ----

  private String figures() {
    StringBuilder groups = new StringBuilder();
    for (Generator generator : Generator.values()) {
      List<SummaryRow> own =
          summary.rows().stream().filter(row -> row.model() == generator).toList();
      if (!own.isEmpty()) {
        groups.append(group(generator, own));
      }
    }
    boolean several = summary.rows().stream().anyMatch(row -> row.seeds().size() > 1);
    return """
    <section>
    <h2>Figures</h2>
    <div class="wide">
    <div class="scroll">
    <table>
    <thead><tr><th>Steps</th><th>Time per image<small>ms</small></th>\
    <th>Fréchet distance<small>%s: %s</small></th><th>Asked class<small>of %s</small></th>\
    <th>Nearest training image<small>real: %s</small></th></tr></thead>
    %s</table>
    </div>
    <figure class="plot">
    %s<figcaption>%sDown and to the left is better. Numbers at the points are steps.</figcaption>
    </figure>
    </div>
    %s
    </section>
    """
        .formatted(
            summary.comparesWithFloor() ? "real" : summary.realDigits(),
            Html.number(summary.frechetFloor()),
            Html.of("%,d", summary.samples()),
            Html.number(summary.nearestDistanceOfTest()),
            groups,
            Chart.of(summary),
            legend(),
            explanations(several));
  }

  /** One generator's part of the table. */
  private static String group(Generator generator, List<SummaryRow> own) {
    StringBuilder rows = new StringBuilder();
    for (SummaryRow row : own) {
      String guidance =
          row.guidance() == 1
              ? ""
              : " <small>guidance %s</small>".formatted(Html.number(row.guidance()));
      rows.append(
          Html.of(
              "<tr><th>%d%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
              row.steps(),
              guidance,
              Html.number(row.millisecondsPerImage()),
              Html.number(row.frechet()),
              Html.percent(row.accuracy()),
              Html.number(row.nearestDistance())));
    }
    return """
    <tbody class="%s">
    <tr><th class="model" colspan="5" scope="rowgroup">%s</th></tr>
    %s</tbody>
    """
        .formatted(style(generator), Html.text(generator.title()), rows);
  }

  private String legend() {
    StringBuilder legend = new StringBuilder("<span class=\"legend\">");
    for (Generator generator : Generator.values()) {
      if (summary.rows().stream().anyMatch(row -> row.model() == generator)) {
        legend.append(
            "<span class=\"%s\">%s</span> ".formatted(style(generator), generator.title()));
      }
    }
    return legend.append("</span>").toString();
  }

  private String explanations(boolean several) {
    return """
    <dl class="notes">
    <div><dt>Fréchet distance</dt><dd>How far the samples as a whole are from the 10,000 test images, over the \
    features of a small classifier that saw training images alone. Lower is better; real training images, 200 of \
    each digit, have %s, which is the floor%s.</dd></div>
    <div><dt>Asked class</dt><dd>The share of samples that the same classifier reads as the digit that was asked \
    for.%s</dd></div>
    <div><dt>Nearest training image</dt><dd>The mean distance of a sample to the training image most like it, as \
    root mean square of a pixel from −1 to 1. A model that had learned images by heart would be far below the %s \
    of real test images.</dd></div>
    <div><dt>Time per image</dt><dd>Measured in batches of %s on a warm sampler, all threads.</dd></div>
    </dl>\
    """
        .formatted(
            Html.number(summary.frechetFloor()),
            summary.comparesWithFloor()
                ? ""
                : Html.of(
                    " of as many samples; %,d samples have a larger one, however good they are",
                    summary.samples()),
            several
                ? " Where several sampling seeds were measured, the table shows the worst of them;"
                    + " all are listed below."
                : "",
            Html.number(summary.nearestDistanceOfTest()),
            Measurement.timedImages(summary.samples(), Sampler.DEFAULT_BATCH));
  }

  // ---- what was done ----

  private String stages() {
    StringBuilder stages = new StringBuilder();
    for (Report.Stage stage : report.stages()) {
      stages.append(
          "<li><h3>%s <small>%s</small></h3><p>%s</p></li>\n"
              .formatted(
                  Html.text(stage.title()),
                  Html.duration(stage.seconds()),
                  Html.text(stage.words())));
    }
    return """
    <section>
    <h2>What was done <small>%s in all</small></h2>
    <ol class="stages">
    %s</ol>
    </section>
    """
        .formatted(Html.duration(summary.seconds()), stages);
  }

  private String trainings() {
    StringBuilder all = new StringBuilder();
    for (Report.Training training : report.trainings()) {
      StringBuilder charts = new StringBuilder();
      training.curves().forEach(curve -> charts.append(Chart.of(curve)));
      all.append(
          """
          <section>
          <h2>%s</h2>
          <p>%s Points are as logged, the line is smoothed.</p>
          <div class="charts %s">
          %s</div>
          </section>
          """
              .formatted(
                  Html.text(training.title()),
                  Html.text(training.words()),
                  style(training.generator()),
                  charts));
    }
    return all.toString();
  }

  // ---- settings ----

  private String settings() {
    StringBuilder groups = new StringBuilder();
    for (Report.Settings group : report.settings()) {
      groups.append("<details><summary>%s</summary>\n<dl>\n".formatted(Html.text(group.title())));
      for (Map.Entry<String, String> entry : group.values().entrySet()) {
        groups.append(
            "<div><dt>%s</dt><dd>%s</dd></div>\n"
                .formatted(Html.text(entry.getKey()), Html.text(entry.getValue())));
      }
      groups.append("</dl></details>\n");
    }
    return """
    <section class="settings">
    <h2>Settings</h2>
    %s%s</section>
    """
        .formatted(seeds(), groups);
  }

  /** Every sampling seed, where there were several. */
  private String seeds() {
    StringBuilder rows = new StringBuilder();
    for (SummaryRow row : summary.rows()) {
      if (row.seeds().size() < 2) {
        continue;
      }
      for (SummaryRow.SeedFigures seed : row.seeds()) {
        rows.append(
            Html.of(
                """
                <tr class="%s"><th>%s</th><td>%d</td><td>%d</td><td>%s</td><td>%s</td><td>%s</td></tr>
                """,
                style(row.model()),
                Html.text(row.model().title()),
                row.steps(),
                seed.seed(),
                Html.number(seed.frechet()),
                Html.percent(seed.accuracy()),
                Html.number(seed.nearestDistance())));
      }
    }
    if (rows.isEmpty()) {
      return "";
    }
    return """
    <details><summary>Every sampling seed</summary>
    <div class="scroll"><table>
    <thead><tr><th>Model</th><th>Steps</th><th>Seed</th><th>Fréchet distance</th><th>Asked class</th>\
    <th>Nearest training image</th></tr></thead>
    <tbody>
    %s</tbody></table></div>
    </details>
    """
        .formatted(rows);
  }

  private static String foot() {
    return """
    <footer>
    <p>Made by Fluxion. Decoupled MeanFlow is the method of <a href="https://arxiv.org/abs/2510.24474">arXiv \
    2510.24474</a>. The digits are those of the MNIST database by Yann LeCun, Corinna Cortes and Christopher \
    Burges (CC BY-SA 3.0).</p>
    </footer>
    """;
  }

  // ---- small things ----

  private Optional<SummaryRow> longest(Generator generator) {
    return summary.rows().stream()
        .filter(row -> row.model() == generator)
        .max(java.util.Comparator.comparingInt(SummaryRow::steps));
  }

  private Optional<Report.SampleGrid> grid(Generator generator, int steps) {
    return grids(Optional.of(generator)).stream().filter(it -> it.steps() == steps).findFirst();
  }

  private List<Report.SampleGrid> grids(Optional<Generator> generator) {
    return report.grids().stream().filter(it -> it.generator().equals(generator)).toList();
  }

  private static String style(Generator generator) {
    return generator.name().toLowerCase(Locale.ROOT);
  }

  private static String styleSheet() {
    try (InputStream stream = ReportPage.class.getResourceAsStream("report.css")) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("the library's style sheet cannot be read", unreadable);
    }
  }
}
