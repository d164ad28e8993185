package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import org.fluxion.meanflow.train.FileFailure;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.tensor.TensorException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command line {@code fluxion}: parses its arguments and runs the subcommand they name.
 *
 * <p>Whatever goes wrong is one line on the error stream that says what to do, and an exit code: 2
 * if something is wrong with the arguments or with what they name, 1 for a command that failed. The
 * stack trace appears with {@code --debug} alone.
 */
@Command(
    name = "fluxion",
    description = "Train and sample Decoupled MeanFlow models.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      SampleCommand.class,
      EvaluateCommand.class,
      TrainCommand.class,
      ConvertCommand.class,
      DevicesCommand.class,
      TuneCommand.class,
      TrainClassifierCommand.class,
    },
    footer = {
      "",
      "Two models come with the project, 'flow' and 'map', for --model and --initial, and the"
          + " configurations to train by, 'digits-flow', 'digits-map' and 'digits-map-long', for"
          + " --config."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:All went well.",
      "1:The command failed while it ran, or 'devices --check' found a device that errs.",
      "2:The arguments are wrong, or what they name is missing, damaged or unfit.",
      "130:Stopped by Ctrl-C (143 by a plain kill); 'train' and 'demo' say how to go on."
    },
    versionProvider = Main.Version.class)
public final class Main implements Runnable {

  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and exit.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version and exit.")
  private boolean version;

  private Main() {}

  /**
   * Runs the command line and ends the process with its exit code.
   *
   * @param arguments a subcommand's name and its arguments, or options such as {@code --help}
   */
  public static void main(String[] arguments) {
    System.exit(execute(commandLine(), arguments));
  }

  /**
   * The command line with its subcommands, its error policy installed. Its output and error writers
   * can be replaced, and subcommands added.
   *
   * @return a new command line
   */
  public static CommandLine commandLine() {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setHelpFactory(Synopsis::new);
    line.setParameterExceptionHandler(
        (exception, arguments) -> {
          CommandLine at = exception.getCommandLine();
          boolean debug = main.debug || asksToDebug(arguments);
          report(at.getErr(), debug ? exception : Suggestions.in(exception), debug, false);
          at.getErr().println("Try '" + at.getCommandSpec().qualifiedName() + " --help'.");
          return CommandLine.ExitCode.USAGE;
        });
    line.setExecutionExceptionHandler(
        (exception, at, parsed) -> {
          report(at.getErr(), exception, main.debug, !isExpected(exception));
          return isBadInput(exception) ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
        });
    return line;
  }

  /**
   * Parses the arguments and runs the command. An {@link Error}, such as memory that runs out, is
   * reported like an exception.
   *
   * @param line what {@link #commandLine()} gave
   * @param arguments the arguments
   * @return the exit code: 0, 1 for a command that failed, or 2 for bad input
   */
  static int execute(CommandLine line, String... arguments) {
    try {
      return line.execute(arguments);
    } catch (Error error) {
      report(line.getErr(), error, asksToDebug(arguments), true);
      return CommandLine.ExitCode.SOFTWARE;
    }
  }

  /** Without a subcommand there is nothing to run: says so, with the list of subcommands. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given: expected one of " + String.join(", ", Suggestions.commands(spec)));
  }

  /**
   * A parse error comes before the option is stored, so that the arguments themselves are asked.
   */
  private static boolean asksToDebug(String[] arguments) {
    for (String argument : arguments) {
      if (argument.equals("--debug")) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the exception's message was written for the person at the terminal, and not for a
   * programmer.
   */
  private static boolean isExpected(Exception exception) {
    return exception.getMessage() != null
        && (exception instanceof IllegalArgumentException
            || exception instanceof IllegalStateException
            || exception instanceof IOException
            || exception instanceof java.io.UncheckedIOException);
  }

  /**
   * Whether what was asked for is at fault. A tensor's complaint is an illegal argument too, but of
   * the program's own; what comes of an option's value is told of by {@link Arguments#given}.
   */
  private static boolean isBadInput(Exception exception) {
    return exception instanceof RunFolder.RefusedException
        || exception instanceof IllegalArgumentException && !(exception instanceof TensorException);
  }

  private static void report(
      PrintWriter err, Throwable failure, boolean debug, boolean unexpected) {
    if (debug) {
      failure.printStackTrace(err);
      err.flush();
      return;
    }
    String message =
        failure instanceof IOException file && !unexpected
            ? FileFailure.message(file)
            : Objects.requireNonNullElse(failure.getMessage(), "no message");
    err.println(
        "fluxion: "
            + (unexpected ? failure.getClass().getSimpleName() + ": " : "")
            + message.strip().replaceAll("\\R\\s*", " ")
            + (unexpected ? " (--debug shows the stack trace)" : ""));
    err.flush();
  }

  /** The version that the build wrote into the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "fluxion " + Objects.requireNonNullElse(version, "(not packaged)"),
        "Java " + Runtime.version()
      };
    }
  }
}
