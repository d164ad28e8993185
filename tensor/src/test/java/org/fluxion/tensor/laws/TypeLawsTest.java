package org.fluxion.tensor.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Streams;
import org.fluxion.tensor.laws.TypeLaw.Typed;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The law of types and refusals: an operation takes just the operands that {@link TypeLaw} says it
 * takes, its result is of the type said there and has as many elements as the reference computes,
 * and an error names the operation, what it expected and what came.
 */
class TypeLawsTest {
  private static final int SEEDS = 2;
  private static final int VARIATIONS = 16;

  /** Of those that have many operands or lists, more are needed until each has met its limit. */
  private static final int MANY_VARIATIONS = 48;

  /** What has more elements is not computed. */
  private static final long FEW = 300;

  /** Two axes of so many elements are longer together than an axis can be. */
  private static final int HALF = 1 << 30;

  @TestFactory
  Stream<DynamicTest> everyOperationTakesWhatItMay() {
    Map<Class<?>, List<OpTable.Row>> operations = new LinkedHashMap<>();
    OpTable.rows()
        .forEach(row -> operations.computeIfAbsent(row.op(), op -> new ArrayList<>()).add(row));
    return operations.entrySet().stream()
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.getKey().getSimpleName(), () -> each.getValue().forEach(this::check)));
  }

  private void check(OpTable.Row row) {
    int accepted = 0;
    boolean many =
        row.op() == Op.Slice.class
            || row.op() == Op.Matmul.class
            || Op.Attention.class.isAssignableFrom(row.op());
    int variations = many ? MANY_VARIATIONS : VARIATIONS;
    for (DType dtype : DType.values()) {
      for (int i = 0; i < SEEDS; i++) {
        long seed = dtype.ordinal() * SEEDS + i;
        Random random = Streams.of(seed, 0);
        OpCase drawn = row.draw(dtype, new Draw(random, Draw.Kind.MODERATE));
        Variation whole =
            new Variation(drawn.op(), drawn.operands().stream().map(Typed::of).toList());
        accepted += check(whole, seed) ? 1 : 0;
        for (int j = 0; j < variations; j++) {
          Variation varied = whole.varied(random);
          check(varied, seed);
          check(varied.varied(random), seed);
          check((j % 2 == 0 ? whole : varied).allVaried(random).allVaried(random), seed);
        }
        if (drawn.op() instanceof Op.Concat) {
          check(whole.atLength(HALF), seed);
        }
      }
    }
    assertTrue(accepted > 0, "nothing was accepted");
  }

  private static boolean check(Variation variation, long seed) {
    TypeLaw law = new TypeLaw(variation.op(), variation.operands());
    Supplier<String> what = () -> "seed %d: %s".formatted(seed, variation);
    List<Tensor> operands = new ArrayList<>();
    for (Typed each : variation.operands()) {
      operands.add(Tensor.input("x" + operands.size(), each.shape(), each.dtype()));
    }
    Tensor result;
    try {
      result = Tensor.apply(variation.op(), operands);
    } catch (TensorException refused) {
      String message = refused.getMessage();
      String name = variation.op() instanceof Op.Attention ? "attention" : variation.op().label();
      assertTrue(
          message.startsWith(name + ": "),
          () -> what.get() + ": the operation is not named: " + message);
      assertTrue(
          law.broken().stream().anyMatch(words -> words.stream().allMatch(message::contains)),
          () -> what.get() + ": one of " + law.broken() + " should be in: " + message);
      return false;
    }
    assertEquals(List.of(), law.broken(), () -> what.get() + " is accepted as " + Typed.of(result));
    assertEquals(law.result(), Typed.of(result), what);
    if (isSmall(result) && operands.stream().allMatch(TypeLawsTest::isSmall)) {
      assertEquals(result.shape().elements(), computed(result, operands), what);
    }
    return true;
  }

  private static boolean isSmall(Tensor tensor) {
    // An empty one may still have a long axis.
    return tensor.shape().elements() <= FEW
        && Arrays.stream(tensor.shape().extents()).allMatch(extent -> extent <= FEW);
  }

  /** How many elements the reference computes, of operands of zeros. */
  private static long computed(Tensor result, List<Tensor> operands) {
    Map<Tensor, HostData> zeros = new HashMap<>();
    operands.forEach(x -> zeros.put(x, HostData.allocate(x.dtype(), x.shape().elements())));
    if (result.op() instanceof Op.Input) {
      return result.shape().elements();
    }
    HostData data = ReferenceInterpreter.evaluate(List.of(result), zeros).get(0);
    assertEquals(result.dtype(), data.dtype());
    return data.elements();
  }
}
