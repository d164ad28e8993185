package org.fluxion.meanflow.cli;

import java.util.List;
import org.fluxion.nn.NearNames;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What was meant by a command or an option that is not known. */
final class Suggestions {
  private Suggestions() {}

  /**
   * An error of parsing in words that name the slip and what it may stand for.
   *
   * @param failure what the parser says
   * @return the same, or an error with another message
   */
  static ParameterException in(ParameterException failure) {
    if (!(failure instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return failure;
    }
    CommandLine at = failure.getCommandLine();
    // A misspelt option's value, and all that follows a misspelt command, is not matched either.
    String word = unmatched.getUnmatched().get(0);
    return new ParameterException(at, message(at, word, unmatched.isUnknownOption()), failure);
  }

  private static String message(CommandLine at, String word, boolean option) {
    if (option) {
      String name = word.replaceFirst("=.*", "");
      List<String> near = NearNames.of(name, options(at.getCommandSpec()));
      return "unknown option '" + name + "'" + (near.isEmpty() ? "" : meant(near));
    }
    List<String> commands = commands(at.getCommandSpec());
    if (commands.isEmpty()) {
      return "'%s' belongs to no option; %s takes options alone"
          .formatted(word, at.getCommandSpec().qualifiedName());
    }
    List<String> near = NearNames.of(word, commands);
    return "unknown command '%s'".formatted(word)
        + (near.isEmpty() ? ": expected one of " + String.join(", ", commands) : meant(near));
  }

  private static String meant(List<String> near) {
    return ": did you mean " + String.join(" or ", near) + "?";
  }

  private static List<String> options(CommandSpec command) {
    return command.options().stream()
        .filter(option -> !option.hidden())
        .map(option -> option.longestName())
        .toList();
  }

  /**
   * The commands that help lists.
   *
   * @param command the command above them
   * @return their names
   */
  static List<String> commands(CommandSpec command) {
    return command.subcommands().values().stream()
        .map(CommandLine::getCommandSpec)
        .filter(each -> !each.usageMessage().hidden())
        .map(CommandSpec::name)
        .toList();
  }
}
