package org.fluxion.tests.consumers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.fluxion.tests.consumers.Command.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of others, compiled and run against the jars without any option of the JVM. */
class ConsumersIT {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path CONSUMERS = ROOT.resolve("tests/consumers");

  @TempDir private Path classes;

  /** The jars of the modules named, as the build made them. */
  private static String jars(String... modules) throws IOException {
    List<String> jars = new ArrayList<>();
    for (String module : modules) {
      try (Stream<Path> files = Files.list(ROOT.resolve(module).resolve("target"))) {
        jars.add(
            files
                .filter(file -> file.getFileName().toString().matches("fluxion-.*\\.jar"))
                .filter(file -> !file.toString().matches(".*-(sources|javadoc|tests)\\.jar"))
                .collect(Collectors.collectingAndThen(Collectors.toList(), ConsumersIT::only))
                .toString());
      }
    }
    return String.join(File.pathSeparator, jars);
  }

  private static Path only(List<Path> paths) {
    assertEquals(1, paths.size(), () -> "expected one jar: " + paths);
    return paths.get(0);
  }

  private Outcome succeed(String... command) throws IOException, InterruptedException {
    Outcome outcome = Command.run(classes, List.of(command));
    assertEquals(0, outcome.exitCode(), outcome::description);
    return outcome;
  }

  private static void assertIsTheGradient(Outcome outcome) {
    assertEquals("[1.0, 2.0, 4.0] float32 [3]\n[cpu, reference]\n", outcome.out());
    assertEquals("", outcome.err());
  }

  @Test
  void onTheClassPath() throws Exception {
    String jars = jars("tensor", "autodiff");
    String source = CONSUMERS.resolve("classpath/Gradient.java").toString();
    succeed(Command.tool("javac"), "-cp", jars, "-d", classes.toString(), source);
    String path = jars + File.pathSeparator + classes;
    assertIsTheGradient(succeed(Command.tool("java"), "-cp", path, "Gradient"));
  }

  @Test
  void onTheModulePath() throws Exception {
    String jars = jars("tensor", "autodiff");
    Path sources = CONSUMERS.resolve("modulepath");
    succeed(
        Command.tool("javac"),
        "--module-path",
        jars,
        "-d",
        classes.toString(),
        sources.resolve("module-info.java").toString(),
        sources.resolve("consumer/Gradient.java").toString());
    String path = jars + File.pathSeparator + classes;
    assertIsTheGradient(
        succeed(Command.tool("java"), "--module-path", path, "-m", "consumer/consumer.Gradient"));
  }
}
