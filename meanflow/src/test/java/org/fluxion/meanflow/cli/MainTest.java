package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.Callable;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class MainTest {
  /** What a run of the command line gave. */
  private record Outcome(int exitCode, String out, String err) {}

  /** A subcommand that fails in the way it is told to. */
  @Command(name = "fail")
  private static final class Fail implements Callable<Integer> {
    private final Throwable failure;

    @Option(names = "--steps")
    private int steps;

    Fail(Throwable failure) {
      this.failure = failure;
    }

    @Override
    public Integer call() throws Exception {
      if (failure instanceof Error error) {
        throw error;
      }
      throw (Exception) failure;
    }
  }

  private static Outcome run(Throwable failure, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    // The command line's handlers must reach subcommands that are added after it was made.
    CommandLine fail = new CommandLine(new Fail(failure));
    line.addSubcommand("fail", fail);
    line.setParameterExceptionHandler(line.getParameterExceptionHandler());
    line.setExecutionExceptionHandler(line.getExecutionExceptionHandler());
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = Main.execute(line, arguments);
    return new Outcome(exitCode, out.toString(), err.toString());
  }

  private static Outcome run(String... arguments) {
    return run(new IllegalArgumentException("steps must be positive"), arguments);
  }

  @Test
  void versionAndHelpAreSuccesses() {
    Outcome version = run("--version");
    assertEquals(0, version.exitCode());
    assertTrue(version.out().startsWith("fluxion "), version.out());
    Outcome help = run("--help");
    assertEquals(0, help.exitCode());
    assertTrue(help.out().contains("--debug") && help.out().contains("fail"), help.out());
    assertEquals(0, run("fail", "--help").exitCode());
  }

  @Test
  void badArgumentsAreOneLineAndAHint() {
    Outcome outcome = run("fail", "--steps", "many");
    assertEquals(2, outcome.exitCode());
    assertEquals(
        "fluxion: Invalid value for option '--steps': 'many' is not an int\n"
            + "Try 'fluxion fail --help'.\n",
        outcome.err());
    assertEquals(2, run().exitCode());
    assertTrue(
        run().err().matches("fluxion: no command given: expected one of .*\\bfail\nTry .*\n"));
    assertEquals(2, run("no-such-command").exitCode());
  }

  @Test
  void aMisspeltCommandIsAnsweredWithTheOneThatWasMeant() {
    assertEquals(
        "fluxion: unknown command 'trian': did you mean train?\nTry 'fluxion --help'.\n",
        run("trian", "--config", "digits-flow").err());
    assertTrue(run("sampel").err().contains("did you mean sample?"));
    assertTrue(run("Demo").err().contains("did you mean demo?"));
    String none = run("no-such-command").err();
    assertTrue(
        none.matches("fluxion: unknown command 'no-such-command': expected one of demo, .*\n.*\n"),
        none);
    assertFalse(none.contains("train-classifier"), none);
  }

  @Test
  void aMisspeltOptionIsAnsweredWithTheOneThatWasMeant() {
    String meant =
        "fluxion: unknown option '--confg': did you mean --config?\nTry 'fluxion train --help'.\n";
    assertEquals(meant, run("train", "--confg", "digits-flow").err());
    assertEquals(meant, run("train", "--confg=digits-flow").err());
    assertTrue(run("sample", "--guidence", "2").err().contains("did you mean --guidance?"));
    assertTrue(run("sample", "--lables").err().contains("did you mean --labels?"));
    assertEquals(
        "fluxion: unknown option '--no-such-option'\nTry 'fluxion sample --help'.\n",
        run("sample", "--no-such-option").err());
    assertEquals(
        "fluxion: 'map' belongs to no option; fluxion sample takes options alone\n"
            + "Try 'fluxion sample --help'.\n",
        run("sample", "map").err());
    assertEquals(2, run("sample", "--lables").exitCode());
  }

  @Test
  void theExitCodeTellsBadInputFromAFailure() {
    Exception input = new IllegalArgumentException("--steps: expected at least 1, got 0");
    assertEquals(2, run(input, "fail").exitCode());
    for (Throwable failure :
        List.of(
            new IOException("disk full"),
            new IllegalStateException("training diverged"),
            new TensorException("out of memory"),
            new NullPointerException(),
            new OutOfMemoryError())) {
      assertEquals(1, run(failure, "fail").exitCode(), failure::toString);
    }
    String help = run("--help").out();
    for (String code : List.of("0", "1", "2", "130")) {
      assertTrue(help.matches("(?s).*Exit codes:.*\\R +" + code + " +[A-Z].*"), help);
    }
  }

  /** An example that is broken cannot be copied, nor an address be followed. */
  @Test
  void helpFitsATerminal() {
    for (String command :
        List.of("", "demo", "sample", "evaluate", "train", "convert", "devices", "tune")) {
      String[] words =
          command.isEmpty() ? new String[] {"--help"} : new String[] {command, "--help"};
      List<String> lines = run(words).out().lines().toList();
      assertTrue(lines.size() > 10, command);
      for (String line : lines) {
        assertTrue(line.length() <= 80, line);
        assertFalse(line.stripLeading().startsWith("//"), line);
      }
      int examples = lines.indexOf("Examples:");
      if (examples >= 0) {
        for (String line : lines.subList(examples + 1, lines.size())) {
          assertTrue(line.startsWith("  fluxion " + command), line);
        }
      }
    }
  }

  @Test
  void anExpectedFailureIsItsMessageAlone() {
    Outcome outcome = run("fail");
    assertEquals("fluxion: steps must be positive\n", outcome.err());
    assertEquals("", outcome.out());
    assertEquals("fluxion: two lines\n", run(new IOException("two\n  lines"), "fail").err());
    assertEquals(
        "fluxion: no such file: weights.safetensors\n",
        run(new NoSuchFileException("weights.safetensors"), "fail").err());
  }

  @Test
  void anUnexpectedFailureNamesItsClass() {
    Outcome outcome = run(new NullPointerException(), "fail");
    assertEquals(1, outcome.exitCode());
    assertEquals(
        "fluxion: NullPointerException: no message (--debug shows the stack trace)\n",
        outcome.err());
    Outcome error = run(new OutOfMemoryError("Java heap space"), "fail");
    assertEquals(1, error.exitCode());
    assertTrue(error.err().startsWith("fluxion: OutOfMemoryError: Java heap space"), error.err());
  }

  @Test
  void debugShowsTheStackTraceWhereverItStands() {
    for (String[] arguments :
        new String[][] {
          {"--debug", "fail"}, {"fail", "--debug"}, {"fail", "--debug", "--steps=x"}
        }) {
      assertTrue(run(arguments).err().contains("\tat "), String.join(" ", arguments));
    }
  }
}
