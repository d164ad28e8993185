package org.fluxion.meanflow.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.fluxion.nn.io.WholeFile;

/** The file {@code metrics.jsonl} of a run: one JSON object a line, in the order of the steps. */
final class MetricsLog implements AutoCloseable {
  private final FileChannel channel;

  private MetricsLog(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Opens a file to go on after a step: lines of later steps, and one that was cut short, are
   * dropped.
   *
   * @param file where
   * @param step the number of steps taken
   */
  static MetricsLog open(Path file, long step) throws IOException {
    StringBuilder kept = new StringBuilder();
    if (Files.exists(file)) {
      // What a crash may leave at the end need not be text; the lines themselves are ASCII.
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      for (String line : text.lines().toList()) {
        if (!belongs(line, step)) {
          break;
        }
        kept.append(line).append('\n');
      }
    }
    WholeFile.write(file, kept.toString().getBytes(StandardCharsets.ISO_8859_1));
    return new MetricsLog(FileChannel.open(file, StandardOpenOption.APPEND));
  }

  private static boolean belongs(String line, long step) {
    try {
      JsonNode at = new ObjectMapper().readTree(line).path("step");
      return at.isIntegralNumber() && at.longValue() <= step;
    } catch (JsonProcessingException cut) {
      return false;
    }
  }

  /** Adds a line. */
  void append(Metrics metrics) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(metrics.toJson() + "\n");
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Brings the lines to the disk: a checkpoint must not be newer than they are. */
  void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
