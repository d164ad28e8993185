package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion devices}: what programs could run on here, and what stands in the way. */
@Command(
    name = "devices",
    description = {
      "List what models can be trained and sampled on.",
      "",
      "Every processor and graphics card that can be found is a line: the name by which the"
          + " option --backend of every command takes it, its kind, its compute units and"
          + " memory, and what it is. A device that cannot be used says why, and what to do.",
      "",
      "With --check, devices are put to the test instead: every operation's result, tangent and"
          + " gradient is held against the reference. It takes about a minute on a graphics card.",
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
final class DevicesCommand implements Callable<Integer> {
  private static final String AUTOMATIC = "auto";
  private static final String REFERENCE = "reference";
  private static final List<String> HEADER = List.of("NAME", "KIND", "UNITS", "MEMORY", "DEVICE");

  @Spec private CommandSpec spec;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description =
          "List the devices of this backend alone, such as cpu or opencl; of a name such as cpu:2,"
              + " opencl:gpu or auto, say which device it is (default: all, and what auto is).")
  private Optional<String> backend = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Say what the cpu backend is with so many threads, as --backend cpu:N does.")
  private Optional<Integer> threads = Optional.empty();

  @Option(
      names = "--check",
      arity = "0..1",
      paramLabel = "OPERATION,…",
      fallbackValue = "",
      description =
          "Try every operation, or those alone, on the device that --backend names, or else on"
              + " every device, and print how far it is off.")
  private Optional<String> check = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The seed of what --check tries; another tries other numbers and shapes (default:"
              + " ${DEFAULT-VALUE}).")
  private long seed;

  private final Function<String, Device> devices;

  /** Made by the command line. */
  DevicesCommand() {
    this(DeviceOptions::named);
  }

  /** The same with other devices. */
  DevicesCommand(Function<String, Device> devices) {
    this.devices = devices;
  }

  @Override
  public Integer call() {
    String asked = asked();
    int colon = asked.indexOf(':');
    String wanted = colon < 0 ? asked : asked.substring(0, colon);
    List<Backend> backends =
        Backend.all().stream()
            .filter(each -> asked.equals(AUTOMATIC) || each.name().equals(wanted))
            .toList();
    // A backend's bare name lists what it has, and be it nothing; any other name is to be a device.
    Optional<Device> named =
        colon < 0 && !asked.equals(AUTOMATIC) && !backends.isEmpty()
            ? Optional.empty()
            : Optional.of(devices.apply(asked));
    List<DeviceInfo> found = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Backend each : backends) {
      Backend.Survey survey = each.survey();
      for (DeviceInfo device : survey.devices()) {
        found.add(device);
        device.obstacle().ifPresent(o -> notes.add(device.name() + " cannot be used: " + o));
      }
      survey.notes().forEach(note -> notes.add(each.name() + ": " + note));
    }
    if (check.isPresent() && named.isPresent() && !(backend.isEmpty() && threads.isEmpty())) {
      check(List.of(named.get()), List.of());
    } else if (check.isPresent()) {
      check(usable(found, asked), notes);
    } else {
      list(found, notes, named);
    }
    return 0;
  }

  /** The devices that there are; the reference only if it is what was asked for. */
  private List<Device> usable(List<DeviceInfo> found, String asked) {
    List<Device> usable =
        found.stream()
            .filter(device -> device.obstacle().isEmpty())
            .map(DeviceInfo::name)
            .filter(name -> !name.equals(REFERENCE) || asked.equals(REFERENCE))
            .map(devices)
            .toList();
    // If there is none, its backend says why.
    return usable.isEmpty() ? List.of(devices.apply(asked)) : usable;
  }

  private void check(List<Device> toCheck, List<String> notes) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    notes.forEach(note -> err.println("note: " + note));
    err.flush();
    List<String> faulty = new ArrayList<>();
    for (Device device : toCheck) {
      if (device != toCheck.get(0)) {
        out.println();
      }
      DeviceCheck each = new DeviceCheck(out, err, ProgressReport.isTerminal());
      if (!each.check(device, seed, check.get())) {
        faulty.add(device.name());
      }
    }
    if (!faulty.isEmpty()) {
      throw new IllegalStateException(
          "%s %s not compute as the reference does, as the table shows"
              .formatted(String.join(", ", faulty), faulty.size() == 1 ? "does" : "do"));
    }
  }

  private void list(List<DeviceInfo> found, List<String> notes, Optional<Device> named) {
    List<List<String>> rows = new ArrayList<>(List.of(HEADER));
    found.forEach(device -> rows.add(row(device)));
    PrintWriter out = spec.commandLine().getOut();
    print(rows, out);
    if (named.isPresent() || !notes.isEmpty()) {
      out.println();
    }
    notes.forEach(out::println);
    named.ifPresent(device -> out.println(asked() + " is " + device.description()));
    out.flush();
  }

  /** The name that is asked after. */
  private String asked() {
    if (threads.isEmpty()) {
      return backend.orElse(AUTOMATIC);
    }
    return DeviceOptions.threaded(threads.get(), backend.orElse(DeviceOptions.CPU)).name();
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
