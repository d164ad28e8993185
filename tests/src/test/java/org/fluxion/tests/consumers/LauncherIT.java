package org.fluxion.tests.consumers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.fluxion.tests.consumers.Command.Outcome;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, called as people call it. */
@DisabledOnOs(OS.WINDOWS)
class LauncherIT {
  private static final Path MEANFLOW = Path.of("").toAbsolutePath().resolveSibling("meanflow");

  @TempDir private static Path folder;

  /**
   * This build has just made the jars: with the mark that says so, the launcher starts no build
   * inside it.
   */
  @BeforeAll
  static void markAsBuilt() throws IOException {
    Files.writeString(MEANFLOW.resolve("target/launcher.stamp"), "");
  }

  private static Outcome launch(Path launcher, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    return Command.run(folder, command);
  }

  @Test
  void runsThroughALinkFromAnyFolder() throws Exception {
    Path link = folder.resolve("a link with spaces");
    Files.createSymbolicLink(link, MEANFLOW.resolve("bin/fluxion"));
    Outcome outcome;
    try {
      outcome = launch(link, "--version");
    } finally {
      Files.delete(link);
    }
    assertEquals(0, outcome.exitCode(), outcome.description());
    assertTrue(
        outcome.out().matches("fluxion \\d+\\.\\d+\\.\\d+\\S*\nJava \\d\\d.*\n"), outcome.out());
    assertEquals("", outcome.err());
  }

  @Test
  void findsTheBackendsThatNoModuleImports() throws Exception {
    Outcome outcome = launch(MEANFLOW.resolve("bin/fluxion"), "devices");
    assertEquals(0, outcome.exitCode(), outcome.description());
    assertTrue(outcome.out().startsWith("NAME "), outcome.out());
    for (String backend : new String[] {"cpu", "reference", "opencl"}) {
      assertTrue(outcome.out().lines().anyMatch(l -> l.startsWith(backend)), outcome.out());
    }
    assertEquals("", outcome.err());
  }

  @Test
  void badArgumentsAreALineAndAnExitCode() throws Exception {
    Outcome outcome = launch(MEANFLOW.resolve("bin/fluxion"), "--no-such-option");
    assertEquals(2, outcome.exitCode(), outcome::description);
    assertEquals(
        "fluxion: unknown option '--no-such-option'\nTry 'fluxion --help'.\n", outcome.err());
    assertEquals("", outcome.out());
  }
}
