package org.fluxion.tests.readme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fluxion.tests.consumers.Command;
import org.fluxion.tests.consumers.Command.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the README says about using the library is followed to the letter, in an empty folder. Its
 * first block builds the jars; the build that runs this test has just done that.
 */
class SetUpIT {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final String GRADIENT = "[1.0, 2.0, 4.0] float32 [3]\n";

  @TempDir private Path folder;

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  /** The one fenced block of a language that has a text in it. */
  private static String block(String language, String marker) throws IOException {
    List<String> found =
        Pattern.compile("(?ms)^```" + language + "\n(.*?)^```$")
            .matcher(readme())
            .results()
            .map(block -> block.group(1))
            .filter(block -> block.contains(marker))
            .toList();
    assertEquals(1, found.size(), () -> language + " with " + marker + ": " + found);
    return found.get(0);
  }

  /** Runs a block in the empty folder, with the tools of the JDK that runs the tests. */
  private Outcome follow(String block) throws IOException, InterruptedException {
    Path java = Path.of(Command.tool("java"));
    String setting = block("sh", "mvn").replaceAll("(?m)^mvn .*\n", "");
    String script =
        "set -eu\ncd '%s'\n%scd '%s'\nPATH='%s':$PATH\n%s"
            .formatted(ROOT, setting, folder, java.getParent(), block);
    Outcome outcome = Command.run(folder, List.of("bash", "-c", script));
    assertEquals(0, outcome.exitCode(), outcome::description);
    return outcome;
  }

  private static void assertOnlyTheIncubatorIsNamed(Outcome outcome) {
    List<String> lines = outcome.err().lines().filter(line -> !line.contains("incubat")).toList();
    // javac counts the warning that it gave.
    assertTrue(List.of("1 warning").containsAll(lines), outcome::description);
  }

  @Test
  void theClassPath() throws Exception {
    Files.writeString(folder.resolve("Gradient.java"), block("java", "class Gradient"));
    Outcome outcome = follow(block("sh", "Gradient.java\n"));
    assertEquals(GRADIENT, outcome.out());
    assertOnlyTheIncubatorIsNamed(outcome);
  }

  @Test
  void theModulePath() throws Exception {
    Outcome outcome = follow(block("sh", "javac"));
    assertEquals(GRADIENT + "[cpu, reference, opencl]\n", outcome.out());
    assertOnlyTheIncubatorIsNamed(outcome);
  }

  @Test
  void theShell() throws Exception {
    // What is typed goes in by the standard input.
    Files.writeString(
        folder.resolve("typed"),
        block("java", "class Gradient").replaceAll("(?s)\npublic class.*", "")
            + "grad(a -> a.square().sum()).apply(Tensor.tensor(0.5f, 1f, 2f))\n/exit\n");
    Outcome outcome = follow(block("sh", "jshell").strip() + " < typed\n");
    assertTrue(outcome.out().contains(GRADIENT.strip()), outcome::description);
  }

  @Test
  void theDependencyIsWhatTheBuildMakes() throws Exception {
    String dependency = block("xml", "<dependency>");
    Matcher parent =
        Pattern.compile(
                "<groupId>(.*?)</groupId>\\s*<artifactId>fluxion</artifactId>\\s*<version>(.*?)</version>")
            .matcher(Files.readString(ROOT.resolve("pom.xml")));
    assertTrue(parent.find());
    assertTrue(dependency.contains("<groupId>" + parent.group(1) + "</groupId>"), dependency);
    assertTrue(dependency.contains("<version>" + parent.group(2) + "</version>"), dependency);
    for (String module : List.of("autodiff", "nn", "meanflow")) {
      String artifact = "fluxion-" + module;
      assertTrue(readme().contains('`' + artifact + '`'), artifact);
      assertTrue(
          Files.readString(ROOT.resolve(module).resolve("pom.xml"))
              .contains("<artifactId>" + artifact + "</artifactId>"),
          artifact);
    }
    assertTrue(dependency.contains("<artifactId>fluxion-meanflow</artifactId>"), dependency);
  }

  @Test
  void everyPageIsLinkedAndEveryLinkLeadsSomewhere() throws IOException {
    List<String> links =
        Pattern.compile("\\]\\((?!https?:)([^)#]+)\\)")
            .matcher(readme())
            .results()
            .map(link -> link.group(1))
            .toList();
    links.forEach(link -> assertTrue(Files.exists(ROOT.resolve(link)), link));
    for (String module : List.of("meanflow", "opencl")) {
      try (Stream<Path> pages = Files.list(ROOT.resolve(module).resolve("docs"))) {
        pages
            .filter(page -> page.toString().endsWith(".md"))
            .map(page -> ROOT.relativize(page).toString())
            .forEach(page -> assertTrue(links.contains(page), page + " is not linked"));
      }
    }
  }
}
