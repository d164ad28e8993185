package org.fluxion.meanflow.cli;

import java.util.regex.Pattern;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Help whose synopsis breaks lines between options alone, and not inside {@code --profile[=FILE]}.
 */
final class Synopsis extends Help {
  private static final Pattern BROKEN = Pattern.compile("\\R( +)(?=\\[=)");

  /** For {@link picocli.CommandLine#setHelpFactory}. */
  Synopsis(CommandSpec command, ColorScheme colours) {
    super(command, colours);
  }

  @Override
  public String synopsis(int headingLength) {
    String usual = super.synopsis(headingLength);
    int width = commandSpec().usageMessage().width() - 1;
    return BROKEN.matcher(usual).find() ? wrapped(usual, headingLength, width) : usual;
  }

  /**
   * The same lines broken anew.
   *
   * @param text the synopsis, all but its first line indented
   * @param headingLength how long what stands before the first line is
   * @param width how long a line may be
   */
  static String wrapped(String text, int headingLength, int width) {
    String indent = text.replaceFirst("(?s)^.*?\\R( +).*$", "$1");
    StringBuilder wrapped = new StringBuilder();
    int length = headingLength;
    for (String word : BROKEN.matcher(text).replaceAll("").strip().split("\\s+")) {
      if (wrapped.isEmpty()) {
        length += word.length();
      } else if (length + 1 + word.length() > width) {
        wrapped.append(System.lineSeparator()).append(indent);
        length = indent.length() + word.length();
      } else {
        wrapped.append(' ');
        length += 1 + word.length();
      }
      wrapped.append(word);
    }
    return wrapped.append(System.lineSeparator()).toString();
  }
}
