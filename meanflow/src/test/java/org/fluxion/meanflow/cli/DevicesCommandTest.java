package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
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
  void helpSaysWhatTheNamesMean() {
    String help = String.join("\n", run("devices", "--help"));
    for (String name : List.of("--backend", "cpu:2", "opencl:0", "auto", "reference")) {
      assertTrue(help.contains(name), help);
    }
  }
}
