package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Corners;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.OpTable.Row;
import org.fluxion.tensor.conformance.Trial;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation, at every dtype that it takes, means on every device what the reference says:
 * alone, on views of its operands, on constants, with something that follows it, and at the values
 * where drivers' own functions go wrong. Its derivatives are {@link DerivativesTest}'s.
 */
class ConformanceTest {
  /** Where cases are drawn anew in each run: elsewhere each kernel takes a compiler's time. */
  private static final String CPU = "cpu:2";

  static List<String> devices() {
    return Devices.names();
  }

  @Example
  void everyOperationHasARowThatTakesSomething() {
    Set<Class<?>> operations = new HashSet<>(OpTable.operations());
    assertTrue(operations.size() > 40, "the sealed hierarchy was not walked");
    for (Row row : OpTable.rows()) {
      for (DType dtype : DType.values()) {
        if (row.takes(dtype)) {
          operations.remove(row.op());
        }
      }
    }
    assertEquals(Set.of(), operations, "operations without a row");
  }

  @Property(tries = 3, seed = "6395")
  void everyOperationMeansWhatTheReferenceSays(@ForAll long seed) {
    assertAll(
        Conformity.withWhatFollows(
            trials(seed, Draw.Kind.ANY, List.of(DType.values()), false), CPU));
  }

  /** What is large is split over the threads. */
  @Property(tries = 2, seed = "3146")
  void everyOperationMeansWhatTheReferenceSaysWhereItIsLarge(@ForAll long seed) {
    List<Trial> trials = new ArrayList<>();
    DType[] dtypes = DType.values();
    int first = new Random(seed).nextInt(dtypes.length);
    for (Row row : OpTable.rows()) {
      // The first dtype, from a random one on, that the row takes.
      IntStream.range(first, first + dtypes.length)
          .mapToObj(i -> dtypes[i % dtypes.length])
          .filter(row::takes)
          .findFirst()
          .ifPresent(dtype -> trials.add(trial(row, dtype, seed, Draw.Kind.LARGE)));
    }
    assertAll(Conformity.withWhatFollows(trials, CPU));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void everyOperationAtEveryDType(String device) {
    List<Trial> trials = trials(1, Draw.Kind.ANY, Devices.dtypes(device), Devices.isDear(device));
    assertAll(Conformity.withWhatFollows(trials, device));
  }

  /** A driver's vectors may be right at every corner, and wrong where each lane is another kind. */
  @ParameterizedTest
  @MethodSource("devices")
  void powersOfNumbersOfEveryKind(String device) {
    Draw draw = new Draw(new Random(1), Draw.Kind.LARGE);
    Row row = OpTable.rows().stream().filter(r -> r.op() == Op.Pow.class).findFirst().orElseThrow();
    List<Trial> trials =
        Devices.dtypes(device).stream()
            .filter(row::takes)
            .map(dtype -> row.draw(dtype, draw).alone(draw))
            .toList();
    assertAll(Conformity.of(trials, device));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void everyOperationAtTheCorners(String device) {
    List<DType> dtypes = Devices.dtypes(device);
    List<Trial> trials = dtypes.stream().map(dtype -> new Corners(dtype).trial(dtypes)).toList();
    assertAll(Conformity.of(trials, device));
  }

  private static List<Trial> trials(
      long seed, Draw.Kind kind, List<DType> dtypes, boolean sparing) {
    List<Trial> trials = new ArrayList<>();
    for (Row row : OpTable.rows()) {
      List<DType> taken = dtypes.stream().filter(row::takes).toList();
      for (DType dtype : sparing ? Devices.one(taken, trials.size()) : dtypes) {
        // Whether a row takes a dtype must not hang on the seed, or a slip in it would pass as
        // that.
        OpCase c = row.draw(dtype, new Draw(new Random(seed), kind));
        assertEquals(row.takes(dtype), c.isAllowed(), () -> c + ", drawn with seed " + seed);
        if (c.isAllowed()) {
          trials.add(trial(row, dtype, seed, kind));
        } else {
          refusesByName(c);
        }
      }
    }
    return trials;
  }

  private static void refusesByName(OpCase c) {
    try {
      Tensor.apply(c.op(), c.operands());
    } catch (TensorException illegal) {
      // What users call is one function, whichever of the family refuses.
      String name = c.op() instanceof Op.Attention ? "attention" : c.op().label();
      assertTrue(illegal.getMessage().startsWith(name), illegal.getMessage());
    }
  }

  private static Trial trial(Row row, DType dtype, long seed, Draw.Kind kind) {
    OpCase c = row.draw(dtype, new Draw(new Random(seed), kind));
    return Setting.of(c, c + ", drawn with seed " + seed, new Random(seed));
  }
}
