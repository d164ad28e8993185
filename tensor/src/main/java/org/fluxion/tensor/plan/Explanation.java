package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.fluxion.tensor.Executable;

/** Says in text what a plan does and what it costs. */
public final class Explanation {
  private Explanation() {}

  /**
   * The memory that a plan takes.
   *
   * @param plan the plan
   * @return bytes: inputs, outputs that are not written in place, constants and the arena
   */
  public static long plannedBytes(Plan plan) {
    Set<Buffer> own = new HashSet<>(plan.inputs());
    own.addAll(plan.outputs());
    own.addAll(plan.constants().keySet());
    own.removeAll(plan.donated().keySet());
    return plan.arena().bytes() + bytes(own);
  }

  /**
   * A listing of a plan's kernels, with times once it ran where the device measures them, and with
   * what it has chosen where there are several ways.
   *
   * @param plan the plan
   * @param measured what has run it, or null
   * @return lines of text
   */
  public static String of(Plan plan, Executable measured) {
    StringBuilder text = new StringBuilder();
    long runs = measured == null ? 0 : measured.runs();
    // What never ran took no time, which would make for any rate.
    Optional<long[]> nanos = runs == 0 ? Optional.empty() : measured.nanos();
    text.append(
        String.format(
            Locale.ROOT,
            "%5s  %-44s %12s %12s%s%n",
            "#",
            "kernel",
            "MB moved",
            "MFLOP",
            nanos.isPresent() ? "           µs       GB/s     GFLOP/s" : ""));
    long bytes = 0;
    long flops = 0;
    long time = 0;
    Set<String> distinct = new HashSet<>();
    for (int i = 0; i < plan.kernels().size(); i++) {
      Kernel kernel = plan.kernels().get(i);
      bytes += kernel.bytes();
      flops += kernel.flops();
      distinct.add(kernel.structure());
      text.append(
          String.format(
              Locale.ROOT,
              "%5d  %-44s %12.3f %12.3f",
              i,
              describe(kernel),
              kernel.bytes() / 1e6,
              kernel.flops() / 1e6));
      if (nanos.isPresent()) {
        time += nanos.get()[i];
        double each = Math.max(1, (double) nanos.get()[i] / runs);
        text.append(
            String.format(
                Locale.ROOT,
                " %12.1f %10.2f %11.2f",
                each / 1e3,
                kernel.bytes() / each,
                kernel.flops() / each));
      }
      String variant = measured == null ? "" : measured.variant(i);
      text.append(variant.isEmpty() ? "" : "  " + variant).append('\n');
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%d kernels, %d distinct; %.1f MB moved, %.3f GFLOP; planned memory %.1f MB, of it"
                + " arena %.1f MB (live at most %.1f MB)%n",
            plan.kernels().size(),
            distinct.size(),
            bytes / 1e6,
            flops / 1e9,
            plannedBytes(plan) / 1e6,
            plan.arena().bytes() / 1e6,
            plan.arena().live() / 1e6));
    text.append("largest: ").append(largest(plan)).append('\n');
    if (nanos.isPresent()) {
      text.append(String.format(Locale.ROOT, "%.3f ms a run%n", (double) time / runs / 1e6));
    }
    kept(plan, text);
    return text.toString();
  }

  /**
   * The lines that a listing ends in.
   *
   * @param notes what is not as people would expect, a line each
   * @return the text
   */
  public static String notes(List<String> notes) {
    return notes.stream().map(note -> "note: " + note + "\n").collect(Collectors.joining());
  }

  /** What has to be kept through the peak of memory: in a training step, the residuals. */
  private static void kept(Plan plan, StringBuilder text) {
    if (plan.arena().kept().isEmpty()) {
      return;
    }
    Map<String, List<Buffer>> alike = new TreeMap<>();
    for (Buffer buffer : plan.arena().kept()) {
      String name = buffer.name().replaceAll("[0-9]+$", "");
      alike
          .computeIfAbsent(
              "%s %s × %d".formatted(name, buffer.dtype(), buffer.elements()),
              key -> new ArrayList<>())
          .add(buffer);
    }
    text.append(
        String.format(
            Locale.ROOT,
            "kept through the peak, kernel %d: %.1f MB in %d buffers%n",
            plan.arena().peak(),
            keptBytes(plan) / 1e6,
            plan.arena().kept().size()));
    alike.entrySet().stream()
        .sorted(Comparator.comparingLong(group -> -bytes(group.getValue())))
        .forEach(
            group ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "%12.3f MB  %3d of %s%n",
                        bytes(group.getValue()) / 1e6,
                        group.getValue().size(),
                        group.getKey())));
  }

  /**
   * What a plan keeps through the peak of its memory: in a training step, where the backward pass
   * begins, the residuals.
   *
   * @param plan the plan
   * @return bytes of {@link Arena#kept}
   */
  public static long keptBytes(Plan plan) {
    return bytes(plan.arena().kept());
  }

  /**
   * The largest buffers of a plan, for errors about memory.
   *
   * @param plan the plan
   * @return up to five of them in one line, with dtype, shape and size
   */
  public static String largest(Plan plan) {
    Set<Buffer> all = new LinkedHashSet<>(plan.inputs());
    all.addAll(plan.outputs());
    all.addAll(plan.constants().keySet());
    plan.kernels().forEach(kernel -> all.addAll(kernel.writes()));
    return all.stream()
        .sorted(Comparator.comparingLong(buffer -> -buffer.bytes()))
        .limit(5)
        .map(Buffer::describe)
        .collect(Collectors.joining(", "));
  }

  private static long bytes(Collection<Buffer> buffers) {
    return buffers.stream().mapToLong(Buffer::bytes).sum();
  }

  /**
   * What listings call a kernel.
   *
   * @param kernel the kernel
   * @return its name and sizes, in at most 44 characters
   */
  public static String describe(Kernel kernel) {
    String text =
        switch (kernel) {
          case Kernel.MatmulKernel m -> {
            long batch = m.matrices();
            yield "matmul " + (batch == 1 ? "" : batch + " × ") + m.m() + "×" + m.k() + "×" + m.n();
          }
          case Kernel.AttentionKernel a -> {
            yield a.name()
                + " "
                + a.matrices()
                + " × "
                + a.queries()
                + "×"
                + a.headSize()
                + "×"
                + a.keys();
          }
          case Kernel.LoopKernel loops -> loops.name() + " " + loops.loops();
          case Kernel.OperationKernel operation -> operation.name() + " " + operation.shape();
        };
    return text.length() <= 44 ? text : text.substring(0, 43) + "…";
  }
}
