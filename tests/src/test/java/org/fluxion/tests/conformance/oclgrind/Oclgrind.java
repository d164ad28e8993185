package org.fluxion.tests.conformance.oclgrind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fluxion.tests.conformance.Missing;
import org.fluxion.tests.consumers.Command;

/**
 * Oclgrind as the driver of a process of its own. It interprets kernels and watches their memory:
 * what is read before it was written, or outside, and by whom it is written at the same time. It
 * says what it finds on the error stream, and its exit code knows nothing of it.
 */
final class Oclgrind {
  /**
   * What came of it.
   *
   * @param exitCode the process's own
   * @param out what it printed
   * @param findings all that Oclgrind said
   */
  record Outcome(int exitCode, String out, List<String> findings) {
    /** The outcome as a failed assertion shows it. */
    String description() {
      int shown = Math.min(findings.size(), 40);
      return "exit code %d%n%s%n%s"
          .formatted(exitCode, out, String.join("\n", findings.subList(0, shown)));
    }
  }

  /** Where Debian, and who builds it, put it. */
  private static final List<Path> PLACES =
      Stream.of("/usr/lib", "/usr/lib64", "/usr/local/lib")
          .flatMap(lib -> Stream.of(lib + "/oclgrind", lib))
          .map(folder -> Path.of(folder, "liboclgrind-rt-icd.so"))
          .toList();

  /** What Java says of the Vector API, and how many warnings its compiler has suppressed. */
  private static final Pattern CHATTER =
      Pattern.compile("WARNING: Using incubator modules: .*|\\d+ warnings? generated\\.");

  /** A process takes less than one minute; on a machine that does much else, a few. */
  private static final Duration LIMIT = Duration.ofMinutes(15);

  private final Path driver;

  private Oclgrind(Path driver) {
    this.driver = driver;
  }

  /** The one that is installed, if any is. */
  static Optional<Oclgrind> find() {
    return PLACES.stream().filter(Files::isRegularFile).findFirst().map(Oclgrind::new);
  }

  /** The one that is installed: a test is skipped where there is none, or fails if it must run. */
  static Oclgrind required() {
    return find()
        .orElseGet(
            () ->
                Missing.skipOrFail(
                    "OCLGRIND", "Oclgrind is not installed; on Debian: apt-get install oclgrind"));
  }

  /**
   * Runs a class of this class path, with Oclgrind as the only driver.
   *
   * @param main the class
   * @param options Java's, such as properties
   * @param arguments what it is given
   */
  Outcome run(Class<?> main, List<String> options, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Command.tool("java"),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-ea"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    Map<String, String> environment =
        Map.of(
            "OCL_ICD_VENDORS",
            driver.toString(),
            "OCLGRIND_UNINITIALIZED",
            "1",
            "OCLGRIND_DATA_RACES",
            "1",
            "OCLGRIND_CHECK_API",
            "1",
            // An optimised kernel may have an instruction that it does not know, at which it stops.
            "OCLGRIND_BUILD_OPTIONS",
            "-cl-opt-disable",
            "FLUXION_CACHE",
            "off");
    Command.Outcome ended = Command.run(Path.of("").toAbsolutePath(), command, environment, LIMIT);
    List<String> findings =
        ended
            .err()
            .lines()
            .filter(line -> !line.isBlank() && !CHATTER.matcher(line).matches())
            .toList();
    return new Outcome(ended.exitCode(), ended.out(), findings);
  }
}
