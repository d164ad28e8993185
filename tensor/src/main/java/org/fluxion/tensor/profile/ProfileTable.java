package org.fluxion.tensor.profile;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.fluxion.tensor.profile.Profile.KernelTimes;
import org.fluxion.tensor.profile.Profile.ProgramTimes;

/** A profile as text. */
final class ProfileTable {
  /** Kernels that are listed one by one; the rest are one line. */
  private static final int MOST_KERNELS = 40;

  private static final int NAME = 44;
  private static final double MILLION = 1e6;

  private final Profile profile;
  private final StringBuilder text = new StringBuilder();

  private ProfileTable(Profile profile) {
    this.profile = profile;
  }

  static String of(Profile profile) {
    ProfileTable table = new ProfileTable(profile);
    table.write();
    return table.text.toString();
  }

  private void write() {
    line(
        "Profile of %s%s",
        profile.device(),
        profile
            .peak()
            .map(
                p ->
                    format(
                        "; at best %.1f GB/s and %.1f GFLOP/s",
                        p.bytesPerSecond() / 1e9, p.flopsPerSecond() / 1e9))
            .orElse("; its peak was not measured"));
    if (profile.programs().isEmpty()) {
      line("No program ran.");
    }
    profile.programs().forEach(this::program);
    if (profile.dropped() > 0) {
      line(
          "Of the launches and calls, the first %,d are kept one by one; the sums are of all.",
          profile.events().size());
    }
  }

  private void program(ProgramTimes program) {
    line("");
    line("Program %d: %s", program.number() + 1, steps(program));
    line(
        "In each step %s in %s, which move %.1f MB and compute %.3f GFLOP",
        count(program.kernelsPerStep(), "kernel", "kernels"),
        count(program.launches() / program.steps(), "launch", "launches"),
        program.bytesPerStep() / MILLION,
        program.flopsPerStep() / 1e9);
    if (program.launches() == 0 && program.kernelsPerStep() > 0) {
      line("The device does not tell when its kernels run.");
      sum("in steps", program.stepNanos(), program);
      state(program);
      sum("between calls", program.elapsedNanos() - program.callNanos(), program);
      sum("all", program.elapsedNanos(), program);
      return;
    }
    kernels(program);
    long kernels = program.kernelNanos();
    // Where the host does not wait, kernels also run between calls.
    long beside = Math.max(0, program.stepNanos() - kernels);
    long first = Math.clamp(program.firstNanos() - program.firstKernelNanos(), 0, beside);
    sum("kernels", kernels, program);
    sum("in steps, beside kernels", beside, program);
    sum("   of it in first steps", first, program);
    state(program);
    sum("between calls", program.elapsedNanos() - kernels - beside - program.stateNanos(), program);
    sum("all", program.elapsedNanos(), program);
  }

  private static String count(long count, String one, String many) {
    return format("%,d %s", count, count == 1 ? one : many);
  }

  private void state(ProgramTimes program) {
    if (program.stateNanos() > 0) {
      sum("copying the state", program.stateNanos(), program);
    }
  }

  /**
   * The time within the steps' calls; what the host does between them is none of theirs. The first
   * steps take longer: code is still being compiled.
   */
  private static String steps(ProgramTimes program) {
    double first = program.firstNanos() / MILLION;
    long others = program.steps() - program.starts();
    String rest =
        others == 0
            ? ""
            : format(
                others == 1 ? ", the other of %.3f ms" : ", the others of %.3f ms",
                (program.stepNanos() - program.firstNanos()) / MILLION / others);
    return program.starts() == 1
        ? program.steps() == 1
            ? format("1 step of %.1f ms", first)
            : format("%,d steps, the first of %.1f ms%s", program.steps(), first, rest)
        : format(
            "%,d steps in %,d runs, their first ones of %.1f ms%s",
            program.steps(), program.starts(), first / program.starts(), rest);
  }

  private void kernels(ProgramTimes program) {
    line(
        "%-" + NAME + "s %8s %10s %7s %10s %8s %9s %8s",
        "kernel",
        "count",
        "total ms",
        "share",
        "mean µs",
        "GB/s",
        "GFLOP/s",
        "of peak");
    List<KernelTimes> all = program.kernels();
    for (KernelTimes kernel : all.subList(0, Math.min(MOST_KERNELS, all.size()))) {
      kernel(kernel, program);
    }
    if (all.size() > MOST_KERNELS) {
      List<KernelTimes> rest = all.subList(MOST_KERNELS, all.size());
      long count = rest.stream().mapToLong(KernelTimes::count).sum();
      long nanos = rest.stream().mapToLong(KernelTimes::nanos).sum();
      line(
          "%-" + NAME + "s %8d %10.1f %6.1f%%",
          "%d more".formatted(rest.size()),
          count,
          nanos / MILLION,
          percent(nanos, program.elapsedNanos()));
    }
  }

  private void kernel(KernelTimes kernel, ProgramTimes program) {
    double nanos = Math.max(1, kernel.nanos());
    Optional<Peak> peak = profile.peak();
    line(
        "%-" + NAME + "s %8d %10.1f %6.1f%% %10.1f %8.2f %9.2f %8s",
        kernel.name(),
        kernel.count(),
        kernel.nanos() / MILLION,
        percent(kernel.nanos(), program.elapsedNanos()),
        nanos / 1e3 / kernel.count(),
        kernel.bytes() / nanos,
        kernel.flops() / nanos,
        peak.map(p -> format("%.0f%%", 100 * kernel.shareOf(p))).orElse("–"));
    if (kernel.parts().size() > 1) {
      kernel
          .parts()
          .forEach(
              (part, time) ->
                  line(
                      "%-" + (NAME + 9) + "s %10.1f %6.1f%%",
                      "   of it " + part,
                      time / MILLION,
                      percent(time, program.elapsedNanos())));
    }
  }

  private void sum(String name, long nanos, ProgramTimes program) {
    line(
        "%-" + (NAME + 9) + "s %10.1f %6.1f%%",
        name,
        nanos / MILLION,
        percent(nanos, program.elapsedNanos()));
  }

  private static double percent(long part, long whole) {
    return 100.0 * part / Math.max(1, whole);
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  private void line(String format, Object... arguments) {
    text.append(format(format, arguments)).append('\n');
  }
}
