package org.fluxion.tests.readme;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;

/**
 * The Java blocks of a Markdown document, run in a Java shell in the order and in the one session
 * in which a reader would type them.
 *
 * <p>The convention: a fence that says {@code java} is run, without exception. A comment {@code //
 * → text} at the end of a statement is what that statement prints, or its value if it prints
 * nothing; {@code …} in it stands for any text, and blanks count as one space. A comment {@code //
 * throws text} is the message of the exception that it throws. Either goes on in the lines below it
 * that are comments with three spaces or more.
 */
final class Snippets {
  private static final String VALUE = "// → ";
  private static final String THROWS = "// throws ";

  /** A block of code and the number of its first line in the document. */
  record Block(int line, List<String> code) {}

  private Snippets() {}

  /** The blocks that are to be run. */
  static List<Block> blocks(List<String> document) {
    List<Block> blocks = new ArrayList<>();
    String fence = null;
    int start = 0;
    for (int i = 0; i < document.size(); i++) {
      String line = document.get(i).strip();
      if (fence == null && line.startsWith("```")) {
        fence = line.substring(3).strip();
        start = i + 1;
        if (fence.startsWith("java") && !fence.equals("java")) {
          throw new IllegalArgumentException(
              "line %d: the fence says \"%s\"; every block of Java is run: say \"java\" alone"
                  .formatted(start, fence));
        }
      } else if (fence != null && line.equals("```")) {
        if (fence.equals("java")) {
          blocks.add(new Block(start + 1, document.subList(start, i)));
        }
        fence = null;
      }
    }
    if (fence != null) {
      throw new IllegalArgumentException("line " + start + ": the block has no end");
    }
    return blocks;
  }

  /**
   * Runs the blocks in one session and describes each statement that did not do what the document
   * says.
   */
  static List<String> failures(List<Block> blocks) {
    // The shell evaluates in this process, so that a statement's output is complete when it
    // returns.
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      String path =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      Arrays.stream(path.split(File.pathSeparator)).forEach(shell::addToClasspath);
      return blocks.stream().flatMap(block -> run(shell, block).stream()).toList();
    }
  }

  private static List<String> run(JShell shell, Block block) {
    List<String> failures = new ArrayList<>();
    StringBuilder statement = new StringBuilder();
    int first = block.line();
    for (int i = 0; i < block.code().size(); i++) {
      String line = block.code().get(i);
      if (statement.isEmpty()) {
        first = block.line() + i;
      }
      statement.append(line).append('\n');
      StringBuilder expected = new StringBuilder();
      int comment = Math.max(line.indexOf(VALUE), line.indexOf(THROWS));
      if (comment >= 0) {
        expected.append(line.substring(comment).strip());
        while (i + 1 < block.code().size() && block.code().get(i + 1).strip().startsWith("//   ")) {
          expected.append(' ').append(block.code().get(++i).strip().substring(2).strip());
        }
      }
      String source = statement.toString();
      while (!source.isBlank()) {
        CompletionInfo info = shell.sourceCodeAnalysis().analyzeCompletion(source);
        boolean last = info.remaining().isBlank() || isComment(info.remaining());
        if (!info.completeness().isComplete() && info.completeness() != Completeness.UNKNOWN) {
          break;
        }
        String failure = evaluate(shell, info.source(), last ? expected.toString() : "");
        if (failure != null) {
          failures.add("line " + first + ": " + info.source().strip() + "\n  " + failure);
        }
        source = last ? "" : info.remaining();
      }
      statement.setLength(0);
      statement.append(source.isBlank() || isComment(source) ? "" : source);
    }
    if (!statement.isEmpty()) {
      failures.add("line " + first + ": the block ends inside " + statement.toString().strip());
    }
    return failures;
  }

  private static boolean isComment(String source) {
    return source.lines().map(String::strip).allMatch(l -> l.isEmpty() || l.startsWith("//"));
  }

  /** What is wrong, or null. */
  private static String evaluate(JShell shell, String source, String expected) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream console = System.out;
    List<SnippetEvent> events;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      events = shell.eval(source);
    } finally {
      System.out.flush();
      System.setOut(console);
    }
    String printed = bytes.toString(StandardCharsets.UTF_8);
    String value = null;
    for (SnippetEvent event : events) {
      if (event.status() == Snippet.Status.REJECTED
          || event.status() == Snippet.Status.RECOVERABLE_NOT_DEFINED) {
        return shell
            .diagnostics(event.snippet())
            .map(diagnostic -> diagnostic.getMessage(Locale.ROOT))
            .collect(Collectors.joining("; ", "does not compile: ", ""));
      }
      if (event.exception() != null) {
        return checkException(event.exception(), expected);
      }
      if (event.value() != null) {
        value = event.value();
      }
    }
    if (expected.startsWith(THROWS)) {
      return "throws nothing; expected: " + expected.substring(THROWS.length());
    }
    if (expected.startsWith(VALUE)) {
      return compare(printed.isEmpty() ? value : printed, expected.substring(VALUE.length()));
    }
    return null;
  }

  private static String checkException(Exception exception, String expected) {
    String message = exception.getMessage();
    if (expected.startsWith(THROWS)) {
      return compare(message, expected.substring(THROWS.length()));
    }
    String type =
        exception instanceof EvalException thrown
            ? thrown.getExceptionClassName()
            : exception.getClass().getName();
    return "throws " + type + ": " + message;
  }

  private static String compare(String actual, String expected) {
    String text = actual == null ? "nothing" : normalise(actual);
    String pattern =
        Arrays.stream(normalise(expected).split("…", -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return text.matches(pattern)
        ? null
        : "expected: " + normalise(expected) + "\n  but was:  " + text;
  }

  private static String normalise(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }
}
