package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code fluxion devices}: what programs could run on here, and what stands in the way. */
@Command(
    name = "devices",
    description = {
      "List what models can be trained and sampled on.",
      "",
      "Every processor and graphics card that can be found is a line: the name by which the"
          + " option --backend of the other commands takes it, its kind, its compute units and"
          + " memory, and what it is. A device that cannot be used says why, and what to do.",
      ""
    },
    footer = {
      "",
      "Names:",
      "  auto        the best device that can be used",
      "  cpu         the processor with all its cores",
      "  cpu:2       the processor with two threads",
      "  opencl:0    the OpenCL device of that number",
      "  opencl:gpu  the best OpenCL device of that kind",
      "  reference   a slow interpreter in double precision, for comparison",
    })
final class DevicesCommand implements Runnable {
  private static final List<String> HEADER = List.of("NAME", "KIND", "UNITS", "MEMORY", "DEVICE");

  @Spec private CommandSpec spec;

  /** Made by the command line. */
  DevicesCommand() {}

  @Override
  public void run() {
    List<List<String>> rows = new ArrayList<>(List.of(HEADER));
    List<String> notes = new ArrayList<>();
    for (Backend backend : Backend.all()) {
      Backend.Survey survey = backend.survey();
      for (DeviceInfo device : survey.devices()) {
        rows.add(row(device));
        device.obstacle().ifPresent(o -> notes.add(device.name() + " cannot be used: " + o));
      }
      survey.notes().forEach(note -> notes.add(backend.name() + ": " + note));
    }
    PrintWriter out = spec.commandLine().getOut();
    print(rows, out);
    out.println();
    notes.forEach(out::println);
    out.println("auto is " + Device.of("auto").description());
    out.flush();
  }

  private static List<String> row(DeviceInfo device) {
    return List.of(
        device.name(),
        device.kind(),
        Integer.toString(device.computeUnits()),
        device.memoryBytes() == 0
            ? "?"
            : String.format(Locale.ROOT, "%.1f GiB", device.memoryBytes() / 0x1p30),
        device.model() + ": " + String.join(", ", device.features()));
  }

  /** Columns as wide as their widest cell; numbers stand to the right. */
  private static void print(List<List<String>> rows, PrintWriter out) {
    int[] widths = new int[HEADER.size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    String format =
        "%-" + widths[0] + "s  %-" + widths[1] + "s  %" + widths[2] + "s  %" + widths[3]
            + "s  %s%n";
    rows.forEach(row -> out.printf(Locale.ROOT, format, row.toArray()));
  }
}
