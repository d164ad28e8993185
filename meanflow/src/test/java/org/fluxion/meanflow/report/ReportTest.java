package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.fluxion.meanflow.sample.Sampler;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final Set<String> VOID = Set.of("meta", "img", "line", "path", "circle");
  private static final Pattern TAG = Pattern.compile("<(/?)([a-z][a-z0-9]*)([^<>]*)>");

  /** Every element is closed, in the order in which elements were opened. */
  private static void assertBalanced(String html) {
    Deque<String> open = new ArrayDeque<>();
    Matcher tag = TAG.matcher(html);
    while (tag.find()) {
      String name = tag.group(2);
      boolean closed = tag.group(3).endsWith("/") || name.equals("meta") || name.equals("img");
      if (closed) {
        assertTrue(VOID.contains(name), tag.group());
      } else if (tag.group(1).isEmpty()) {
        open.push(name);
      } else {
        assertEquals(open.pop(), name, "closed at " + tag.start());
      }
    }
    assertEquals(Set.of(), Set.copyOf(open));
  }

  @Test
  void thePageNeedsNoOtherFile() throws IOException {
    String html = new MadeUpRun().report().html();
    assertBalanced(html);
    Matcher source = Pattern.compile("(src|href|url)[=(]\"?([^\")]{0,40})").matcher(html);
    int images = 0;
    while (source.find()) {
      if (source.group(1).equals("href")) {
        assertTrue(source.group(2).startsWith("https://arxiv.org/"), source.group());
      } else {
        assertTrue(source.group(2).startsWith("data:image/png;base64,"), source.group());
        images++;
      }
    }
    // Ten grids, the real digits, and the one at the top.
    assertEquals(12, images);
    assertFalse(html.contains("<script"));
  }

  @Test
  void thePageIsTheSameInEveryLanguage() throws IOException {
    String html = new MadeUpRun().report().html();
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.of("fa", "IR"));
    try {
      assertEquals(html, new MadeUpRun().report().html());
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void itShowsEveryRowCurveAndSetting() throws IOException {
    Report report = new MadeUpRun().report();
    String html = report.html();
    for (SummaryRow row : report.summary().rows()) {
      assertTrue(html.contains("<td>" + Html.number(row.frechet()) + "</td>"), row.toString());
    }
    // Six loss curves and the distance against the time.
    assertEquals(8, html.split("<svg ", -1).length);
    assertTrue(html.contains("<dt>guidance interval</dt><dd>0 to 0.7</dd>"));
    assertTrue(html.contains("One step instead of 32"));
  }

  @Test
  void theFloorIsThatOfTwoThousandImages() throws IOException {
    Report report = new MadeUpRun().report();
    assertTrue(report.html().contains("<small>real: 1.04</small>"));
    assertFalse(report.html().contains("2,000 real digits"));
    assertTrue(report.html().contains("Measured in batches of " + Sampler.DEFAULT_BATCH + " on"));
    String table = FigureTable.of(report.summary());
    assertTrue(table.contains("Real digits "), table);
    assertFalse(table.contains("not to be compared"), table);
    Summary few =
        new Summary(
            report.summary().rows(),
            report.summary().frechetFloor(),
            report.summary().seconds(),
            200,
            report.summary().nearestDistanceOfTest());
    String html =
        new Report("few", "today", few, List.of(), List.of(), List.of(), List.of()).html();
    assertBalanced(html);
    assertTrue(html.contains("Measured in batches of 200 on"), "of no more than there are");
    assertTrue(html.contains("<small>2,000 real digits: 1.04</small>"));
    assertTrue(html.contains("which is the floor of as many samples; 200 samples have a larger"));
    assertTrue(html.contains("Fréchet distance in one step; 2,000 real digits have 1.04"));
    table = FigureTable.of(few);
    assertTrue(table.contains("2,000 real digits "), table);
    assertTrue(
        table.endsWith(
            "The Fréchet distance of 200 samples is not to be compared with that of 2,000 real"
                + " digits: the fewer there are, the larger it is.\n"),
        table);
  }

  @Test
  void aRunWithNothingInItIsStillAPage() {
    Report empty =
        new Report(
            "<script>\"&",
            "today",
            new Summary(List.of(), 0, 0, 0, Double.NaN),
            List.of(),
            List.of(),
            List.of(
                new Report.Training(
                    Generator.MAP,
                    "Training",
                    "",
                    List.of(
                        new LossCurve("Loss", List.of()),
                        new LossCurve("Other", List.of(new LossCurve.Point(0, 3)))))),
            List.of(Report.Settings.of("Seeds", Map.of())));
    assertBalanced(empty.html());
    assertTrue(empty.html().contains("&lt;script&gt;&quot;&amp;"));
    assertFalse(empty.html().contains("<script"));
    assertFalse(empty.html().contains("NaN"));
  }
}
