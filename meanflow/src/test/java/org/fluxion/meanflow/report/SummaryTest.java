package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SummaryTest {
  @Test
  void theFileHasTheFieldsThatOthersReadItBy(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("summary.json");
    Summary summary = new MadeUpRun().summary();
    summary.write(file);
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertEquals(1.04, json.get("frechetFloor").doubleValue());
    assertEquals(512.3, json.get("seconds").doubleValue());
    assertEquals(summary.rows().size(), json.get("rows").size());
    JsonNode row = json.get("rows").get(3);
    assertEquals("flow", row.get("model").textValue());
    assertEquals(32, row.get("steps").intValue());
    assertEquals(1.0, row.get("guidance").doubleValue());
    assertEquals(1.55, row.get("frechet").doubleValue());
    assertEquals(0.981, row.get("accuracy").doubleValue());
    assertEquals(9.81, row.get("millisecondsPerImage").doubleValue());
    assertEquals("converted", json.get("rows").get(4).get("model").textValue());
    assertEquals("map", json.get("rows").get(9).get("model").textValue());
    assertEquals(1.0, row.get("shift").doubleValue());
    assertEquals(summary, Summary.read(file));
    // Files from before there were intervals and shifts.
    String old =
        Files.readString(file).replaceAll("\\s*\"(guidanceInterval|shift)\" : [^\\n]*", "");
    assertFalse(old.contains("shift"), old);
    assertEquals(summary, Summary.read(Files.writeString(file, old)));
  }

  @Test
  void theWorstSeedCounts() {
    SummaryRow row =
        SummaryRow.worstOf(
            Generator.MAP,
            1,
            1.0,
            List.of(
                new SummaryRow.SeedFigures(7, 4.0, 0.98, 0.5, 3.9),
                new SummaryRow.SeedFigures(8, 4.5, 0.99, 0.1, 3.8),
                new SummaryRow.SeedFigures(9, 4.2, 0.97, 0.2, 3.7)));
    assertEquals(4.5, row.frechet());
    assertEquals(0.97, row.accuracy());
    assertEquals(0.2, row.millisecondsPerImage());
    assertEquals(3.8, row.nearestDistance());
    SummaryRow timed = row.withTimes(0.2, 0.8, 3);
    assertEquals(List.of(0.2, 0.8), timed.guidanceInterval());
    assertEquals(3, timed.shift());
    assertEquals(row, timed.withTimes(0, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> SummaryRow.worstOf(Generator.MAP, 1, 1.0, List.of()));
  }

  @Test
  void rowsAreFoundByModelAndSteps() {
    Summary summary = new MadeUpRun().summary();
    assertEquals(3.96, summary.row(Generator.MAP, 1).orElseThrow().frechet());
    assertEquals(Optional.empty(), summary.row(Generator.MAP, 32));
    assertTrue(summary.row(Generator.FLOW, 32).orElseThrow().seeds().size() > 1);
  }
}
