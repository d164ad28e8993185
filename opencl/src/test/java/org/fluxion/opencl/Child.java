package org.fluxion.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of its own, which runs a class of the tests. */
final class Child {
  private final Path out;
  private final Process process;

  private Child(Path out, Process process) {
    this.out = out;
    this.process = process;
  }

  /**
   * Starts a process.
   *
   * @param main the class
   * @param folder where what it prints is written
   * @param environment variables beside this process's own
   * @param arguments its arguments
   */
  static Child start(
      Class<?> main, Path folder, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-ea"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile(folder, "child", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(out.toFile()).environment().putAll(environment);
    return new Child(out, builder.start());
  }

  /** What it has printed so far, on both streams. */
  List<String> lines() throws IOException {
    return Files.readAllLines(out);
  }

  /** Waits until it has printed a line. */
  void await(String line) throws IOException, InterruptedException {
    while (!lines().contains(line)) {
      if (process.waitFor(10, TimeUnit.MILLISECONDS)) {
        throw new AssertionError("ended without '" + line + "': " + lines());
      }
    }
  }

  /** Fails if it has ended. */
  void requireAlive() throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError("ended: " + lines());
    }
  }

  /** Waits for its end, which must be a good one, and gives what it has printed. */
  List<String> end() throws IOException, InterruptedException {
    int exitCode = process.waitFor();
    if (exitCode != 0) {
      throw new AssertionError("exit code " + exitCode + ": " + String.join("\n", lines()));
    }
    return lines();
  }

  /** Ends it at once, as SIGKILL does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }
}
