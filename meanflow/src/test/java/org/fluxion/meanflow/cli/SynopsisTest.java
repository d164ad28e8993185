package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class SynopsisTest {
  @Test
  void noOptionIsBroken() {
    for (CommandLine command : Main.commandLine().getSubcommands().values()) {
      String help = command.getUsageMessage();
      String synopsis = help.substring(0, help.indexOf('.'));
      String name = command.getCommandName();
      assertFalse(synopsis.matches("(?s).*\\R +\\[=.*"), name + ": " + synopsis);
      synopsis
          .lines()
          .forEach(
              line -> assertTrue(line.length() < 80, name + ": " + line.length() + " " + line));
    }
  }

  @Test
  void wordsStayInOrderAndLinesWithinTheWidth() {
    String broken = "run [-a] [--b%n    [=F]] [-c]%n    [--long=X]%n".formatted();
    assertEquals(
        "run [-a]%n    [--b[=F]] [-c]%n    [--long=X]%n".formatted(),
        Synopsis.wrapped(broken, 7, 20));
  }
}
