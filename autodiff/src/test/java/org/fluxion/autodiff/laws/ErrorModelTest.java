package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.OpTraits;
import org.fluxion.tensor.conformance.OpTraits.Rounding;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.conformance.Widened;
import org.junit.jupiter.api.Test;

/**
 * Every tolerance comes from the error model, so that it is to be right itself: no error exceeds
 * what it allows, and it does not allow a hundred times as much as there is. Errors are those of
 * float32 against float64, and of float64 against real numbers. (In float32 the reference is the
 * yardstick: it computes in float64.)
 */
class ErrorModelTest {
  /** So much wider than an error may a bound be, on the median. */
  private static final double WIDEST = 100;

  private static final double DIGITS_TELL = 1e-40;

  /** Two that round by themselves may differ by twice as much as either is off. */
  private static final double OPEN = 3;

  private static final int CASES = 8;

  /** Of sums, whose bounds hang on how many terms there are: a few would not tell the median. */
  private static final int CASES_OF_SUMS = 40;

  /** Of the attention family, which has many elements, and two rows each. */
  private static final int CASES_OF_ATTENTION = 6;

  /** Of more, each costs time and tells what the others do, where elements are by themselves. */
  private static final long MOST_ELEMENTS = 400;

  /**
   * A sum's bound is of the worst order and the worst signs, n roundings, of which the reference
   * makes one and a device some √n: it is wider the longer the sum, in any model. So the sums have
   * about as many terms as those in programs.
   */
  private static final long MOST_TERMS = 100;

  private static final int PROGRAMS = 48;

  private static final Arithmetic OWN =
      new Arithmetic(Arithmetic.Table.OWN, false, Optional.empty());

  private static final Device CPU = Device.cpu(1);

  /**
   * How many times wider than the errors bounds are, by what was computed. Each result counts once,
   * with the median of its elements: else one of a thousand elements would outweigh all others.
   */
  private static final class Widths {
    private final Map<String, Map<Bounded, List<Double>>> widths = new TreeMap<>();

    /** Holds an element's error against its bound. What is infinite bounds nothing. */
    void add(String name, Bounded result, double error, double bound, Object what) {
      assertTrue(error <= bound, () -> "%s: off by %s, allowed %s".formatted(what, error, bound));
      Map<Bounded, List<Double>> all = widths.computeIfAbsent(name, n -> new IdentityHashMap<>());
      if (error > 0 && bound < Double.POSITIVE_INFINITY) {
        all.computeIfAbsent(result, n -> new ArrayList<>()).add(bound / error);
      }
    }

    /** What was off at all. */
    Set<String> inexact() {
      return widths.entrySet().stream()
          .filter(e -> !e.getValue().isEmpty())
          .map(Map.Entry::getKey)
          .collect(Collectors.toCollection(TreeSet::new));
    }

    Map<String, Double> medians() {
      Map<String, Double> medians = new TreeMap<>();
      for (String name : inexact()) {
        List<Double> each = widths.get(name).values().stream().map(Widths::median).toList();
        medians.put(name, median(each));
      }
      return medians;
    }

    private static double median(List<Double> numbers) {
      return numbers.stream().sorted().toList().get(numbers.size() / 2);
    }

    void requireNarrow() {
      assertTrue(!medians().isEmpty());
      String all =
          medians().entrySet().stream()
              .map(
                  e ->
                      "%s %.1f of %d"
                          .formatted(e.getKey(), e.getValue(), widths.get(e.getKey()).size()))
              .collect(Collectors.joining(", "));
      assertTrue(
          medians().values().stream().allMatch(median -> median <= WIDEST),
          "so many times wider than the errors are the bounds, on the median: " + all);
    }
  }

  // ---- errors ----

  private static double at(Bounded bound, int i) {
    return bound.allowed() == null ? 0 : bound.allowed()[i];
  }

  /** Of float32, or of what else is not float64, against the reference, which is. */
  private static void compare(
      Widths widths, String name, Bounded bound, HostData actual, Object what) {
    Optional<Bounded.Deviation> worst = bound.worst(actual);
    assertTrue(
        worst.isEmpty() || worst.get().severity() <= 1, () -> what + ": " + worst.orElseThrow());
    for (int i = 0; i < actual.elements(); i++) {
      double error = Math.abs(actual.getDouble(i) - bound.expected().getDouble(i));
      // What is stored in fewer digits is the exact value, rounded.
      if (bound.dtype() == DType.FLOAT32 && bound.allowed() != null && error > 0) {
        widths.add(name, bound, error, at(bound, i), what);
      }
    }
  }

  /**
   * Of float64 against real numbers: the reference's, and a device's. Against each other they would
   * seem too good, since they round most of the time alike.
   */
  private static void compareReal(
      Widths reference, Widths device, String name, Trial trial, List<HostData> actual) {
    List<BigDecimal[]> reals = RealInterpreter.evaluate(trial.graph(), trial.bindings());
    List<Bounded> real = ErrorBound.ofReal(trial, ErrorBound.Yardstick.REAL);
    List<Bounded> own = ErrorBound.of(trial, OWN);
    for (int k = 0; k < reals.size(); k++) {
      if (real.get(k).dtype() != DType.FLOAT64) {
        continue;
      }
      HostData expected = real.get(k).expected();
      for (int i = 0; i < expected.elements(); i++) {
        BigDecimal exact = reals.get(k)[i];
        if (exact != null && Double.isFinite(expected.getDouble(i))) {
          double bound = at(real.get(k), i);
          String what =
              trial.name() + ", result " + k + ", element " + i + ", " + exact.doubleValue();
          Bounded result = real.get(k);
          reference.add(name, result, off(expected.getDouble(i), exact), bound, what);
          // Where a choice is open, so that the device may choose otherwise, its bound is wider.
          if (at(own.get(k), i) <= OPEN * bound) {
            double off = off(actual.get(k).getDouble(i), exact);
            device.add(name, result, off, bound, what + " on the cpu");
          }
        }
      }
      // This is what tests of devices ask.
      Optional<Bounded.Deviation> worst = own.get(k).worst(actual.get(k));
      assertTrue(worst.isEmpty() || worst.get().severity() <= 1, () -> trial.name() + ": " + worst);
    }
  }

  /** Nothing, if it is less than what fifty digits tell. */
  private static double off(double value, BigDecimal exact) {
    double off = new BigDecimal(value).subtract(exact).abs().doubleValue();
    return off <= DIGITS_TELL * Math.abs(value) ? 0 : off;
  }

  // ---- operations alone ----

  private static List<Trial> operations(DType dtype) {
    List<Trial> trials = new ArrayList<>();
    for (OpTable.Row row : OpTable.rows()) {
      if (row.op() == Op.Input.class || !row.takes(dtype)) {
        continue;
      }
      int cases =
          row.op() == Op.Sum.class
              ? CASES_OF_SUMS
              : Op.Attention.class.isAssignableFrom(row.op()) ? CASES_OF_ATTENTION : CASES;
      for (long seed = 0; seed < cases; seed++) {
        Random random = new Random(seed);
        Draw draw = new Draw(random, Draw.Kind.MODERATE);
        OpCase c = row.draw(dtype, draw);
        List<Tensor> operands = c.operands().stream().map(x -> nearby(x, random)).toList();
        long most =
            switch (c.op()) {
              case Op.Unary _, Op.Binary _ -> MOST_ELEMENTS;
              case Op.Sum _ -> MOST_TERMS;
              default -> Long.MAX_VALUE;
            };
        if (operands.stream().allMatch(x -> x.shape().elements() <= most)) {
          trials.add(new OpCase(c.op(), operands).alone(draw));
        }
      }
    }
    return trials;
  }

  /** Moderate numbers have few digits, of which sums and products are exact; so they get more. */
  private static Tensor nearby(Tensor x, Random random) {
    if (!x.dtype().isFloating()) {
      return x;
    }
    HostData data = x.value();
    HostData moved = HostData.allocate(x.dtype(), data.elements());
    for (int i = 0; i < data.elements(); i++) {
      moved.setDouble(i, data.getDouble(i) * (1 + random.nextDouble() / 1024));
    }
    return Tensor.of(moved, x.shape());
  }

  private static Op op(Trial trial) {
    return trial.graph().outputs().get(0).op();
  }

  private static String name(Trial trial) {
    return op(trial).getClass().getSimpleName();
  }

  /** What is exact has no error to be compared with, and everything else has. */
  private static void requireAll(List<Trial> trials, Widths widths) {
    Set<String> inexact =
        trials.stream()
            .filter(t -> !(op(t) instanceof Op.Cast))
            .filter(t -> OpTraits.of(op(t)).rounding() != Rounding.EXACT)
            .map(ErrorModelTest::name)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> found = widths.inexact();
    found.remove(Op.Cast.class.getSimpleName());
    assertEquals(inexact, found, "operations of which an error was seen");
  }

  @Test
  void operationsInFloat32() {
    Widths widths = new Widths();
    List<Trial> trials = operations(DType.FLOAT32);
    for (Trial.Outcome outcome : Trial.runAll(trials, CPU)) {
      Trial trial = outcome.trial();
      Bounded bound = ErrorBound.of(trial, OWN).get(0);
      compare(widths, name(trial), bound, outcome.results().get(0), trial);
    }
    requireAll(trials, widths);
    widths.requireNarrow();
  }

  @Test
  void operationsInFloat64() {
    Widths reference = new Widths();
    Widths device = new Widths();
    List<Trial> trials = operations(DType.FLOAT64);
    for (Trial.Outcome outcome : Trial.runAll(trials, CPU)) {
      compareReal(reference, device, name(outcome.trial()), outcome.trial(), outcome.results());
    }
    requireAll(trials, reference);
    reference.requireNarrow();
    requireAll(trials, device);
    device.requireNarrow();
  }

  // ---- programs ----

  /** Random programs with their derivatives. */
  private static List<Trial> programs(DType dtype) {
    List<Trial> trials = new ArrayList<>();
    for (long seed = 0; seed < PROGRAMS; seed++) {
      RandomPrograms.Settings settings = new RandomPrograms.Settings(dtype, 16, true);
      Subject subject = Subject.of(RandomPrograms.draw(seed, settings), seed);
      List<Tensor> outputs = new ArrayList<>(subject.f().apply(subject.x()).leaves());
      if (subject.isDifferentiable()) {
        Function<Tensors, Tensors> tangent =
            x -> Autodiff.jvp(subject.f(), x, subject.v(0)).tangent();
        outputs.addAll(tangent.apply(subject.x()).leaves());
        outputs.addAll(gradient(subject.f(), subject).leaves());
        outputs.addAll(gradient(tangent, subject).leaves());
      }
      if (!outputs.isEmpty()) {
        trials.add(
            new Trial("program " + seed, new Graph(subject.inputs(), outputs), subject.values()));
      }
    }
    return trials;
  }

  private static Tensors gradient(Function<Tensors, Tensors> f, Subject subject) {
    return Autodiff.vjp(f, subject.x()).pullback().apply(subject.c());
  }

  @Test
  void programsInFloat32() {
    Widths widths = new Widths();
    for (Trial.Outcome outcome : Trial.runAll(programs(DType.FLOAT32), CPU)) {
      List<Bounded> bounds = ErrorBound.of(outcome.trial(), OWN);
      for (int k = 0; k < bounds.size(); k++) {
        compare(widths, "all", bounds.get(k), outcome.results().get(k), outcome.trial().name());
      }
    }
    widths.requireNarrow();
  }

  @Test
  void programsInFloat64() {
    Widths reference = new Widths();
    Widths device = new Widths();
    for (Trial.Outcome outcome : Trial.runAll(programs(DType.FLOAT64), CPU)) {
      compareReal(reference, device, "all", outcome.trial(), outcome.results());
    }
    reference.requireNarrow();
    device.requireNarrow();
  }

  // ---- each operation rounded to its own dtype ----

  /** Against the same without roundings, whose choices are its own. */
  private static void compareRounded(Widths widths, String name, Trial trial) {
    Tensors values = new Tensors(trial.values());
    List<Tensor> exact =
        Widened.of(x -> new Tensors(trial.graph().apply(x.leaves())), values)
            .apply(new Tensors(trial.values().stream().map(Widened::wide).toList()))
            .leaves();
    List<HostData> expected = ReferenceInterpreter.evaluate(exact, Map.of());
    List<Bounded> bounds = ErrorBound.ofReal(trial, ErrorBound.Yardstick.REAL_CHOICES);
    for (int k = 0; k < bounds.size(); k++) {
      HostData rounded = bounds.get(k).expected();
      for (int i = 0; i < rounded.elements(); i++) {
        double error = Math.abs(rounded.getDouble(i) - expected.get(k).getDouble(i));
        if (bounds.get(k).dtype().isFloating() && !Double.isNaN(error)) {
          widths.add(
              name, bounds.get(k), error, at(bounds.get(k), i), trial.name() + ", result " + k);
        }
      }
    }
  }

  @Test
  void operationsRoundedToFloat32() {
    Widths widths = new Widths();
    for (Trial trial : operations(DType.FLOAT32)) {
      compareRounded(widths, name(trial), trial);
    }
    widths.requireNarrow();
  }

  @Test
  void programsRoundedToFloat32() {
    Widths widths = new Widths();
    for (Trial trial : programs(DType.FLOAT32)) {
      compareRounded(widths, "all", trial);
    }
    widths.requireNarrow();
  }
}
