package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  @TempDir Path folder;

  private static Metrics at(long step) {
    return new Metrics(step, 1.5, Map.of("flowLoss", 0.25), 2, 1e-3, 100, step / 10.0);
  }

  @Test
  void linesAfterTheCheckpointAreDropped() throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    try (MetricsLog log = MetricsLog.open(file, 0)) {
      for (long step = 5; step <= 25; step += 5) {
        log.append(at(step));
      }
    }
    assertEquals(5, Files.readAllLines(file).size());
    // What a kill may leave behind: half a line.
    Files.writeString(file, "{\"step\":30,\"lo", StandardOpenOption.APPEND);
    // What a crash may leave behind besides: bytes that are no text.
    Files.write(file, new byte[] {(byte) 0xFF, 0, '\n', (byte) 0xC3}, StandardOpenOption.APPEND);
    try (MetricsLog log = MetricsLog.open(file, 30)) {
      assertEquals(5, Files.readAllLines(file).size());
      log.append(at(30));
    }
    try (MetricsLog log = MetricsLog.open(file, 17)) {
      assertEquals(3, Files.readAllLines(file).size());
      log.append(at(20));
    }
    assertEquals(
        "%s%n%s%n%s%n%s%n"
            .formatted(at(5).toJson(), at(10).toJson(), at(15).toJson(), at(20).toJson()),
        Files.readString(file));
  }

  @Test
  void aLineIsOneObject() throws IOException {
    JsonNode line = new ObjectMapper().readTree(at(5).toJson());
    assertEquals(
        new ObjectMapper()
            .readTree(
                "{\"step\":5,\"loss\":1.5,\"flowLoss\":0.25,\"gradientNorm\":2.0,\"learningRate\":"
                    + "0.001,\"samplesPerSecond\":100.0,\"seconds\":0.5}"),
        line);
  }
}
