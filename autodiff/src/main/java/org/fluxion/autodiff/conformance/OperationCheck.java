package org.fluxion.autodiff.conformance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.autodiff.conformance.Derivatives.Part;
import org.fluxion.autodiff.conformance.Findings.Aspect;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.Corners;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable.Row;
import org.fluxion.tensor.conformance.Trial;

/**
 * Holds one operation on a device against the reference, at every dtype that both take: its result
 * on elements of every kind, infinities among them; at the {@link Corners} where drivers go wrong;
 * in a shape that is split over the device; and its tangent and gradients.
 */
public final class OperationCheck {
  /** A trial, and what its outputs are. */
  private record Case(OpCase of, Trial trial, List<Part> parts) {
    Case {
      parts = List.copyOf(parts);
    }

    /** Only the outputs of a part. */
    Case only(Part part) {
      Graph graph = trial.graph();
      Graph some =
          new Graph(
              graph.inputs(),
              IntStream.range(0, parts.size())
                  .filter(i -> parts.get(i) == part)
                  .mapToObj(graph.outputs()::get)
                  .toList());
      return new Case(
          of,
          new Trial(trial.name(), some, trial.values()),
          parts.stream().filter(p -> p == part).toList());
    }

    boolean isElementwise() {
      return of.op() instanceof Op.Unary
          || of.op() instanceof Op.Binary
          || of.op() instanceof Op.Cast;
    }

    @Override
    public String toString() {
      return of.op().label()
          + of.operands().stream()
              .map(t -> " " + t.dtype() + " " + t.shape())
              .collect(Collectors.joining(",", of.operands().isEmpty() ? "" : " of", ""));
    }
  }

  /** What is wrong, and how much. */
  private record Fault(double severity, String text) {}

  /** Fewer elements would show little of an operation's derivatives, or of how it is split. */
  private static final long MODERATE = 8;

  private static final long LARGE = 256;

  /** So often is drawn at most until there are enough. */
  private static final int DRAWS = 32;

  private final String operation;
  private final List<Row> rows;
  private final Device device;
  private final Arithmetic arithmetic;
  private final long seed;

  OperationCheck(
      String operation, List<Row> rows, Device device, Arithmetic arithmetic, long seed) {
    this.operation = operation;
    this.rows = List.copyOf(rows);
    this.device = device;
    this.arithmetic = arithmetic;
    this.seed = seed;
  }

  /**
   * Which operation.
   *
   * @return its name, as {@code explain()} prints it
   */
  public String operation() {
    return operation;
  }

  /**
   * How much there is to do, to tell how long it will take.
   *
   * @return the number of outputs to be computed, or about so
   */
  public int size() {
    int size = 0;
    for (Row row : rows) {
      List<DType> dtypes = dtypes(row);
      size += dtypes.size() + 1;
      // A tangent, and two or three gradients.
      size += 4 * (int) dtypes.stream().filter(DType::isFloating).count();
    }
    return size;
  }

  private List<DType> dtypes(Row row) {
    return List.of(DType.values()).stream().filter(d -> arithmetic.has(d) && row.takes(d)).toList();
  }

  /**
   * Runs it.
   *
   * @return what was found; that the device fails is a finding as well
   */
  public Findings run() {
    Set<DType> dtypes = EnumSet.noneOf(DType.class);
    List<Case> cases = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      List<DType> taken = dtypes(rows.get(row));
      dtypes.addAll(taken);
      for (DType dtype : taken) {
        Random random = new Random(Objects.hash(seed, operation, row, dtype.ordinal()));
        cases.addAll(cases(rows.get(row), dtype, dtype == taken.get(0), random));
      }
    }
    cases.removeIf(c -> !isPossible(c.trial()));
    Tally tally = new Tally();
    List<Trial.Outcome> outcomes = Trial.runAll(cases.stream().map(Case::trial).toList(), device);
    for (int i = 0; i < cases.size(); i++) {
      judge(cases.get(i), outcomes.get(i), tally);
    }
    return tally.findings(dtypes);
  }

  /** A small one of every kind; the corners; one with its derivatives; and a large one. */
  private static List<Case> cases(Row row, DType dtype, boolean first, Random random) {
    List<Case> cases = new ArrayList<>();
    Draw any = new Draw(random, Draw.Kind.ANY);
    OpCase small = row.draw(dtype, any);
    cases.add(new Case(small, small.alone(any), List.of(Part.FORWARD)));
    for (OpCase corner : new Corners(dtype).of(small.op())) {
      cases.add(new Case(corner, corner.alone(any), List.of(Part.FORWARD)));
    }
    if (dtype.isFloating()) {
      OpCase moderate = drawn(row, dtype, new Draw(random, Draw.Kind.MODERATE), MODERATE);
      Derivatives derivatives = Derivatives.of(moderate, random);
      cases.add(new Case(moderate, derivatives.trial(), derivatives.parts()));
    }
    if (first) {
      // Of all dtypes that are taken float32, in which models are trained, is the first.
      Draw wide = new Draw(random, Draw.Kind.LARGE);
      OpCase large = drawn(row, dtype, wide, LARGE);
      cases.add(new Case(large, large.alone(wide), List.of(Part.FORWARD)));
    }
    return cases;
  }

  /** The first case that has so many elements, if there is one soon. */
  private static OpCase drawn(Row row, DType dtype, Draw draw, long elements) {
    OpCase c = row.draw(dtype, draw);
    for (int i = 0; i < DRAWS && !hasElements(c, elements); i++) {
      c = row.draw(dtype, draw);
    }
    return c;
  }

  private static boolean hasElements(OpCase c, long elements) {
    long result = Tensor.apply(c.op(), c.operands()).shape().elements();
    long most = c.operands().stream().mapToLong(t -> t.shape().elements()).max().orElse(result);
    return result > 0 && Math.max(result, most) >= elements;
  }

  /** Also a cast to what the device lacks is impossible. */
  private boolean isPossible(Trial trial) {
    return trial.graph().nodes().stream().allMatch(node -> arithmetic.has(node.dtype()));
  }

  private void judge(Case c, Trial.Outcome outcome, Tally tally) {
    if (outcome.failure().isEmpty()) {
      compare(c, outcome, tally);
      return;
    }
    List<Part> parts = c.parts().stream().distinct().toList();
    if (parts.size() == 1) {
      tally.failed(c, parts.get(0), outcome.failure().get());
      return;
    }
    // Which of them is to blame?
    for (Part part : parts) {
      Case one = c.only(part);
      judge(one, Trial.runAll(List.of(one.trial()), device).get(0), tally);
    }
  }

  private void compare(Case c, Trial.Outcome outcome, Tally tally) {
    List<Bounded> bounds = ErrorBound.of(outcome.trial(), arithmetic);
    for (int output = 0; output < bounds.size(); output++) {
      Part part = c.parts().get(output);
      Bounded bound = bounds.get(output);
      HostData result = outcome.results().get(output);
      tally.compared(c, part, bound.worst(result));
      if (part == Part.FORWARD && c.isElementwise()) {
        tally.units = larger(tally.units, bound.units(result));
      } else if (part == Part.FORWARD) {
        tally.relative = larger(tally.relative, bound.relative(result));
      }
    }
  }

  private static OptionalDouble larger(OptionalDouble known, double found) {
    return OptionalDouble.of(Math.max(known.orElse(0), found));
  }

  /** The line of an error that tells the most. */
  static String firstLine(RuntimeException failure) {
    return Objects.requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName())
        .lines()
        .findFirst()
        .orElse("")
        .strip();
  }

  /** What was found so far. */
  private final class Tally {
    private final Map<Aspect, Double> shares = new EnumMap<>(Aspect.class);
    private final Set<Aspect> failing = EnumSet.noneOf(Aspect.class);
    private final List<Fault> faults = new ArrayList<>();
    private OptionalDouble units = OptionalDouble.empty();
    private OptionalDouble relative = OptionalDouble.empty();

    private static Aspect aspect(Part part) {
      return switch (part) {
        case FORWARD -> Aspect.RESULT;
        case TANGENT -> Aspect.TANGENT;
        case GRADIENT, GRADIENT_OF_TANGENT -> Aspect.GRADIENT;
      };
    }

    private static String named(Part part) {
      return part == Part.FORWARD ? "result" : part.toString();
    }

    void compared(Case c, Part part, Optional<Bounded.Deviation> worst) {
      double share = worst.map(Bounded.Deviation::severity).orElse(0.0);
      shares.merge(aspect(part), share, Math::max);
      if (share > 1) {
        faults.add(
            new Fault(share, "the %s of %s is wrong: %s".formatted(named(part), c, worst.get())));
      }
    }

    void failed(Case c, Part part, RuntimeException failure) {
      failing.add(aspect(part));
      String text = "the %s of %s fails: %s".formatted(named(part), c, firstLine(failure));
      // Wrong numbers are worse.
      faults.add(new Fault(0, text));
    }

    Findings findings(Set<DType> dtypes) {
      List<String> lines =
          faults.stream()
              .sorted(Comparator.comparingDouble(Fault::severity).reversed())
              .map(Fault::text)
              .toList();
      return new Findings(operation, dtypes, shares, units, relative, failing, lines);
    }
  }
}
