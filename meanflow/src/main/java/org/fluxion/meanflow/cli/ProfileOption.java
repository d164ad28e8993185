package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.fluxion.meanflow.report.ChromeTrace;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.profile.Profile;
import org.fluxion.tensor.profile.Profiler;
import picocli.CommandLine.Option;

/** Whether a command tells where its time goes; for commands to mix in. */
final class ProfileOption {
  /** What a run's folder calls its trace. */
  static final String TRACE = "trace.json";

  @Option(
      names = "--profile",
      arity = "0..1",
      paramLabel = "FILE",
      fallbackValue = "",
      description =
          "Print at the end how long each kernel took and how near it came to the device's peak,"
              + " and write every launch to a trace, which ui.perfetto.dev opens (default:"
              + " trace.json in the run's folder, or beside what the command writes).")
  private Optional<String> file = Optional.empty();

  private Optional<Profiler> profiler = Optional.empty();

  /**
   * The device that the command computes on, which is measured if that was asked for.
   *
   * @param device the device that was asked for
   * @return the same or one like it
   * @throws IllegalArgumentException if the trace could not be written where it was asked for
   */
  Device of(Device device) {
    if (file.isEmpty()) {
      return device;
    }
    if (!file.get().isEmpty()) {
      Arguments.requireWritable("--profile", Path.of(file.get()));
    }
    profiler = Optional.of(Profiler.of(device));
    return profiler.get().device();
  }

  /**
   * Prints and writes what was measured, if that was asked for.
   *
   * @param usual where the trace goes unless a file was named
   * @param out where to print
   */
  void finish(Path usual, PrintWriter out) throws IOException {
    if (profiler.isEmpty()) {
      return;
    }
    Profile profile = profiler.get().profile();
    Path trace = file.get().isEmpty() ? usual : Path.of(file.get());
    ChromeTrace.write(profile, trace);
    out.println();
    out.print(profile);
    out.println("Every launch, for ui.perfetto.dev or chrome://tracing: " + trace);
    out.flush();
  }
}
