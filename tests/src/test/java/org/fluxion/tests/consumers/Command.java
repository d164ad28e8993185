package org.fluxion.tests.consumers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Runs other programs, such as the tools of the JDK that runs the tests. */
public final class Command {
  /** What a program gave. */
  public record Outcome(int exitCode, String out, String err) {
    /** The outcome as a failed assertion shows it. */
    public String description() {
      return "exit code " + exitCode + "\n" + out + "\n" + err;
    }
  }

  private Command() {}

  /** A tool of the JDK that runs the tests, such as {@code javac}. */
  public static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }

  /** Runs a program to its end, without the variables that would give Java options. */
  public static Outcome run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    return run(folder, command, Map.of(), Duration.ofMinutes(5));
  }

  /** The same with variables of its own, and so much time. */
  public static Outcome run(
      Path folder, List<String> command, Map<String, String> environment, Duration limit)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("out", ".txt");
    Path err = Files.createTempFile("err", ".txt");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
      builder.environment().putAll(environment);
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      Process process = builder.start();
      if (!process.waitFor(limit)) {
        process.destroyForcibly();
        throw new IOException("does not end: " + command);
      }
      return new Outcome(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }
}
