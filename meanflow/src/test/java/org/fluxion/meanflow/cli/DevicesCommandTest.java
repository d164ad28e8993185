package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DevicesCommandTest {
  private static List<String> run(String... arguments) {
    StringWriter out = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out));
    assertEquals(0, Main.execute(line, arguments));
    return out.toString().lines().toList();
  }

  @Test
  void everyDeviceIsALineOfATable() {
    List<String> lines = run("devices");
    assertTrue(lines.get(0).matches("NAME +KIND +UNITS +MEMORY +DEVICE"), lines.get(0));
    assertTrue(lines.get(1).matches("cpu +cpu +\\d+ +(\\?|[0-9.]+ GiB)  .+: .+"), lines.get(1));
    assertTrue(lines.get(2).startsWith("reference "), lines.get(2));
    int column = lines.get(0).indexOf("DEVICE");
    assertEquals("  ", lines.get(1).substring(column - 2, column));
    assertEquals("  ", lines.get(2).substring(column - 2, column));
    assertTrue(lines.getLast().startsWith("auto is cpu with "), lines.getLast());
  }

  @Test
  void aBackendsNameListsItsDevicesAlone() {
    List<String> reference = run("devices", "--backend", "reference");
    assertEquals(2, reference.size(), reference::toString);
    assertTrue(reference.get(1).startsWith("reference "), reference.get(1));
    List<String> opencl = run("devices", "--backend", "opencl");
    assertTrue(opencl.stream().noneMatch(line -> line.startsWith("cpu")), opencl::toString);
    for (String[] two : new String[][] {{"--backend", "cpu:2"}, {"--threads", "2"}}) {
      List<String> cpu = run("devices", two[0], two[1], "--seed", "1");
      assertTrue(cpu.get(1).startsWith("cpu "), cpu.get(1));
      assertEquals(4, cpu.size(), cpu::toString);
      assertTrue(cpu.getLast().startsWith("cpu:2 is cpu with 2 threads"), cpu.getLast());
    }
    assertEquals(run("devices"), run("devices", "--backend", "auto"));
  }

  @Test
  void whatIsNoDeviceIsOneLine() {
    for (String[] wrong :
        new String[][] {
          {"--backend", "abacus"},
          {"--backend", "cpu:none"},
          {"--backend", "reference", "--threads", "2"},
          {"--threads", "0"},
          {"--threads", "100000"}
        }) {
      String[] words = Stream.concat(Stream.of("devices"), Stream.of(wrong)).toArray(String[]::new);
      CommandRun.Outcome run = CommandRun.here(words);
      assertEquals(2, run.exitCode(), run.out());
      assertEquals("", run.out());
      assertEquals(1, run.err().lines().count(), run.err());
      assertTrue(
          run.err().startsWith("fluxion: %s: ".formatted(wrong[wrong.length - 2])), run.err());
    }
  }

  @Test
  void helpSaysWhatTheNamesMean() {
    String help = String.join("\n", run("devices", "--help"));
    for (String name : List.of("--backend", "cpu:2", "opencl:0", "auto", "reference")) {
      assertTrue(help.contains(name), help);
    }
  }
}
