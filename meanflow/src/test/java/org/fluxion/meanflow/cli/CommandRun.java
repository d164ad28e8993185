package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/**
 * What a run of the command line gave.
 *
 * @param exitCode 0 for success
 * @param out what it wrote
 * @param err what it complained about
 */
record CommandRun(int exitCode, String out, String err) {
  /** Runs the command line within this process. */
  static CommandRun of(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    int exitCode = Main.execute(line, words);
    return new CommandRun(exitCode, out.toString(), err.toString());
  }
}
