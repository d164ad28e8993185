package org.fluxion.tests.consumers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
  private static final String OPTION = "--add-modules jdk.incubator.vector";
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

  private static void assertIsTheGradient(String backends, Outcome outcome) {
    assertEquals("[1.0, 2.0, 4.0] float32 [3]\n" + backends + "\n", outcome.out());
    assertEquals("", outcome.err());
  }

  /** The backend that a consumer need not compile against, and the libraries that it needs. */
  private static String opencl() throws IOException {
    List<String> path = new ArrayList<>(List.of("", jars("opencl")));
    for (String library :
        List.of("jocl", "jackson-databind", "jackson-core", "jackson-annotations")) {
      try (Stream<Path> files = Files.list(ROOT.resolve("tests/target/lib"))) {
        path.add(
            files
                .filter(file -> file.getFileName().toString().matches(library + "-[0-9.]+\\.jar"))
                .collect(Collectors.collectingAndThen(Collectors.toList(), ConsumersIT::only))
                .toString());
      }
    }
    return String.join(File.pathSeparator, path);
  }

  @Test
  void onTheClassPath() throws Exception {
    String jars = jars("tensor", "autodiff");
    String source = CONSUMERS.resolve("classpath/Gradient.java").toString();
    succeed(Command.tool("javac"), "-cp", jars, "-d", classes.toString(), source);
    String path = jars + File.pathSeparator + classes;
    String java = Command.tool("java");
    assertIsTheGradient("[cpu, reference]", succeed(java, "-cp", path, "Gradient"));
    assertIsTheGradient(
        "[cpu, reference, opencl]", succeed(java, "-cp", path + opencl(), "Gradient"));
  }

  private static long warnings(Outcome outcome) {
    return outcome.err().lines().filter(line -> line.contains(OPTION)).count();
  }

  @Test
  void scalarLoopsAreOneWarningAndPartOfTheDevice() throws Exception {
    String jars = jars("tensor", "autodiff");
    String source = CONSUMERS.resolve("classpath/Products.java").toString();
    succeed(Command.tool("javac"), "-cp", jars, "-d", classes.toString(), source);
    String path = jars + File.pathSeparator + classes;

    Outcome scalar = products(path);
    assertTrue(scalar.out().matches("cpu with \\d+ threads?, scalar loops .*" + OPTION + ".*\n"));
    assertEquals(1, warnings(scalar), scalar::description);

    Outcome vectors = products(path, OPTION.split(" "));
    assertTrue(vectors.out().matches("cpu with \\d+ threads?, vectors of \\d+ bits\n"));
    assertEquals(0, warnings(vectors), vectors::description);

    Outcome asked = products(path, "-Dfluxion.vectorBits=64");
    assertTrue(asked.out().contains("scalar loops, as -Dfluxion.vectorBits=64 asks"), asked.out());
    assertEquals("", asked.err());
  }

  private Outcome products(String path, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(Command.tool("java")));
    command.addAll(List.of(options));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", path, "Products"));
    return succeed(command.toArray(String[]::new));
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
    String java = Command.tool("java");
    String main = "consumer/consumer.Gradient";
    assertIsTheGradient("[cpu, reference]", succeed(java, "--module-path", path, "-m", main));
    assertIsTheGradient(
        "[cpu, reference, opencl]", succeed(java, "--module-path", path + opencl(), "-m", main));
  }
}
