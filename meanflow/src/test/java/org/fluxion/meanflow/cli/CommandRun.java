package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** Runs the command line, in this process or in one of its own. */
final class CommandRun {
  /** What a run of the command line gave. */
  record Outcome(int exitCode, String out, String err) {}

  private CommandRun() {}

  /** In this process. */
  static Outcome here(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = Main.execute(line, arguments);
    return new Outcome(exitCode, out.toString(), err.toString());
  }

  /** In a process of its own, which writes both streams to a file. */
  static Process start(Path log, List<String> virtualMachine, String... arguments)
      throws IOException {
    return start(Main.class, log, virtualMachine, arguments);
  }

  /** The same of another class's {@code main}. */
  static Process start(Class<?> main, Path log, List<String> virtualMachine, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"));
    command.addAll(virtualMachine);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /** Ctrl-C; where this process has it ignored, and so has the child, a polite kill. */
  static void interrupt(Process process) throws IOException, InterruptedException {
    String status = Files.readString(Path.of("/proc/" + process.pid() + "/status"));
    long ignored =
        Long.parseUnsignedLong(status.replaceAll("(?s).*SigIgn:\\s*([0-9a-f]+).*", "$1"), 16);
    String name = (ignored & 1L << 1) != 0 ? "TERM" : "INT";
    int sent = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor();
    if (sent != 0) {
      throw new IOException("kill: " + sent);
    }
  }
}
