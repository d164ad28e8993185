package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.fluxion.autodiff.conformance.Findings;
import org.fluxion.autodiff.conformance.Findings.Aspect;
import org.fluxion.autodiff.conformance.Findings.Verdict;
import org.fluxion.autodiff.conformance.OperationCheck;
import org.fluxion.autodiff.conformance.Passport;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;

/** Makes out a device's passport: a line for each operation, printed when it has been tried. */
final class DeviceCheck {
  private static final String ROW = "%-25s  %7s  %8s  %7s  %8s  %-7s  %s%n";
  private static final String ABSENT = "-";
  private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final double SECOND_NANOS = 1e9;

  /** Shares are printed to so many digits. */
  private static final double LEAST = 0.005;

  private static final double MOST = 1000;

  /** So many operations are named, and told of, when more are wrong. */
  private static final int NAMED = 8;

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean terminal;
  private final long begin = System.nanoTime();
  private long lastLine = begin;
  private int statusLength;

  /**
   * A check of one device.
   *
   * @param out where the passport goes
   * @param err where lines about how far it is go, if nobody looks at a terminal
   * @param terminal whether somebody does
   */
  DeviceCheck(PrintWriter out, PrintWriter err, boolean terminal) {
    this.out = out;
    this.err = err;
    this.terminal = terminal;
  }

  /**
   * Checks the device.
   *
   * @param device the device
   * @param seed decides what is tried
   * @param operations the names of some operations, with commas between them; all if it is empty
   * @return whether every operation is right
   * @throws IllegalArgumentException if there is no such operation
   */
  boolean check(Device device, long seed, String operations) {
    Set<String> notes = new LinkedHashSet<>();
    Passport passport = new Passport(device.telling(notes::add), seed);
    List<OperationCheck> checks = chosen(passport.checks(), operations);
    out.printf(
        Locale.ROOT,
        "%s: %s, held against the reference in double precision.%n",
        device.description(),
        FigureTable.count(checks.size(), "operation"));
    out.printf(
        "Errors as shares of what is allowed (%s): above 1 is wrong.%n%n",
        passport.arithmetic().table());
    out.printf(ROW, "OPERATION", "RESULT", "ERROR", "TANGENT", "GRADIENT", "VERDICT", "DTYPES");
    List<Findings> all = new ArrayList<>();
    long size = checks.stream().mapToInt(OperationCheck::size).sum();
    long done = 0;
    for (OperationCheck check : checks) {
      status(check.operation(), all.size(), checks.size(), (double) done / size);
      Findings findings = check.run();
      clearStatus();
      row(findings);
      all.add(findings);
      done += check.size();
    }
    out.println();
    notes.addAll(passport.notes());
    // What differs in a shape or a head size alone is told of the first.
    Set<String> told = new LinkedHashSet<>();
    notes.stream()
        .filter(note -> told.add(note.replaceAll("\\w+ \\[[0-9, ]*\\]|head size \\d+", "")))
        .forEach(note -> out.println("note: " + note));
    List<Findings> faulty = all.stream().filter(f -> f.verdict() != Verdict.RIGHT).toList();
    faulty.stream().limit(NAMED).forEach(this::faults);
    if (faulty.size() > NAMED) {
      out.printf("and so on, for %s more%n", FigureTable.count(faulty.size() - NAMED, "operation"));
    }
    out.println(verdict(device, all, operations.isEmpty()) + " (" + elapsed() + ")");
    out.flush();
    return faulty.isEmpty();
  }

  private static List<OperationCheck> chosen(List<OperationCheck> all, String operations) {
    if (operations.isEmpty()) {
      return all;
    }
    List<String> names = all.stream().map(OperationCheck::operation).toList();
    List<String> wanted = List.of(operations.split(","));
    for (String each : wanted) {
      if (!names.contains(each)) {
        throw new IllegalArgumentException(
            "--check: expected some of %s, got '%s'".formatted(String.join(",", names), each));
      }
    }
    return all.stream().filter(check -> wanted.contains(check.operation())).toList();
  }

  private void faults(Findings findings) {
    int others = findings.faults().size() - 1;
    out.printf(
        "%s: %s%s%n",
        findings.operation(),
        findings.faults().get(0),
        others == 0 ? "" : " (and %d more)".formatted(others));
  }

  private String elapsed() {
    return ProgressReport.duration((System.nanoTime() - begin) / SECOND_NANOS);
  }

  private static String verdict(Device device, List<Findings> all, boolean isWhole) {
    List<String> wrong = named(all, Verdict.WRONG);
    List<String> failing = named(all, Verdict.FAILS);
    if (wrong.isEmpty() && failing.isEmpty()) {
      return all.size() == 1
          ? "%s can be trusted with it: the operation is right, its tangent and gradient too"
              .formatted(device.name())
          : "%s can be trusted%s: all %d operations are right, their tangents and gradients too"
              .formatted(device.name(), isWhole ? "" : " with these", all.size());
    }
    return "%s is not to be trusted: of %s %s. Try another version of its driver"
        .formatted(
            device.name(),
            FigureTable.count(all.size(), "operation"),
            List.of(counted(wrong, "is wrong", "are wrong"), counted(failing, "fails", "fail"))
                .stream()
                .flatMap(Optional::stream)
                .collect(Collectors.joining(", and ")));
  }

  private static List<String> named(List<Findings> all, Verdict verdict) {
    return all.stream().filter(f -> f.verdict() == verdict).map(Findings::operation).toList();
  }

  private static Optional<String> counted(List<String> operations, String one, String many) {
    if (operations.isEmpty()) {
      return Optional.empty();
    }
    String names =
        operations.stream().limit(NAMED).collect(Collectors.joining(", "))
            + (operations.size() > NAMED ? ", …" : "");
    return Optional.of(
        "%d %s (%s)".formatted(operations.size(), operations.size() == 1 ? one : many, names));
  }

  // ---- the table ----

  private void row(Findings findings) {
    out.printf(
        ROW,
        findings.operation(),
        share(findings, Aspect.RESULT),
        error(findings),
        share(findings, Aspect.TANGENT),
        share(findings, Aspect.GRADIENT),
        findings.verdict(),
        dtypes(findings));
    out.flush();
  }

  private static String share(Findings findings, Aspect aspect) {
    Double share = findings.shares().get(aspect);
    if (findings.failing().contains(aspect) && (share == null || share <= 1)) {
      return "fails";
    }
    if (share == null) {
      return ABSENT;
    }
    if (share == 0) {
      return "exact";
    }
    if (share < LEAST) {
      return "<0.01";
    }
    return share >= MOST ? ">999" : String.format(Locale.ROOT, "%.2f", share);
  }

  private static String error(Findings findings) {
    if (findings.units().isPresent()) {
      double units = findings.units().getAsDouble();
      return units == 0
          ? ABSENT
          : units < MOST ? String.format(Locale.ROOT, "%.1f ulp", units) : ">999 ulp";
    }
    double relative = findings.relative().orElse(0);
    return relative == 0 ? ABSENT : String.format(Locale.ROOT, "%.0e", relative);
  }

  private static String dtypes(Findings findings) {
    return findings.dtypes().size() == DType.values().length
        ? "all"
        : findings.dtypes().stream().map(DType::toString).collect(Collectors.joining(" "));
  }

  // ---- how far it is ----

  /** At a terminal a line that the next row replaces, elsewhere a line now and then. */
  private void status(String operation, int number, int all, double share) {
    double seconds = (System.nanoTime() - begin) / SECOND_NANOS;
    String left =
        share == 0
            ? ""
            : ", about %s left".formatted(ProgressReport.duration(seconds * (1 - share) / share));
    String line = "%s, %d of %d%s".formatted(operation, number + 1, all, left);
    if (terminal) {
      out.print(line);
      statusLength = line.length();
      out.flush();
    } else if (System.nanoTime() - lastLine >= LINE_NANOS) {
      lastLine = System.nanoTime();
      err.println(line);
      err.flush();
    }
  }

  private void clearStatus() {
    if (statusLength > 0) {
      char[] blank = new char[statusLength];
      Arrays.fill(blank, ' ');
      out.print("\r" + new String(blank) + "\r");
      statusLength = 0;
    }
  }
}
