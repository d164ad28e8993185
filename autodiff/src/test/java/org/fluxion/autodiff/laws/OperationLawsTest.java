package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every operation alone obeys every law. */
class OperationLawsTest {
  private static final int SEEDS = 4;

  @Test
  void everyOperationHasARow() {
    Set<Class<?>> covered = new HashSet<>();
    OpTable.rows().forEach(row -> covered.add(row.op()));
    assertEquals(new HashSet<>(OpTable.operations()), covered);
  }

  @TestFactory
  Stream<DynamicTest> everyOperationObeysEveryLaw() {
    return OperationExamples.rows(DType.FLOAT64).stream()
        .map(row -> DynamicTest.dynamicTest(row.op().getSimpleName(), () -> check(row)));
  }

  private static void check(OpTable.Row row) {
    for (long seed = 0; seed < SEEDS; seed++) {
      Example example = OperationExamples.of(row, DType.FLOAT64, seed);
      for (Law law : Law.values()) {
        Laws.checked(example, law, seed);
      }
    }
  }

  /** At kinks and beside them, among subnormal numbers, and where squares overflow. */
  @TestFactory
  Stream<DynamicTest> everyOperationObeysEveryLawAtEdges() {
    return EveryOperation.tested(
        List.of(DType.FLOAT64, DType.FLOAT32), OperationLawsTest::checkAtEdges);
  }

  private static void checkAtEdges(OpTable.Row row, DType dtype) {
    for (Law law : Law.upTo(dtype == DType.FLOAT64 ? 3 : 2)) {
      long certified = 0;
      long excused = 0;
      for (long seed = 0; seed < SEEDS; seed++) {
        Example example = atEdges(OperationExamples.of(row, dtype, seed), ~seed);
        Verdict verdict = Laws.checked(example, law, seed);
        certified += verdict.certified();
        excused += verdict.excused();
      }
      // What overflows has no tolerance, nor has a root of what is negative: but not everything. A
      // law that compares one number, made of all elements, may have none.
      assertTrue(
          certified > 0 || excused == 0 || law.goesBack(), law + ": nothing is certified at edges");
    }
  }

  /** The same operation, of edges and ordinary numbers; what a mask hides stays hidden. */
  private static RandomProgram atEdges(RandomProgram program, long seed) {
    Random random = Seeds.spread(seed);
    List<Tensor> values =
        program.values().stream()
            .map(value -> value.dtype().isFloating() ? atEdges(value, random) : value)
            .toList();
    return new RandomProgram(values, program.lines(), program.outputs());
  }

  private static Tensor atEdges(Tensor value, Random random) {
    int[] extents = value.shape().extents();
    double[] edges =
        TensorGenerator.tensors()
            .dtype(value.dtype())
            .shape(extents)
            .edges()
            .draw(random)
            .toDoubleArray();
    double[] drawn = value.toDoubleArray();
    Arrays.setAll(edges, i -> drawn[i] == Double.NEGATIVE_INFINITY ? drawn[i] : edges[i]);
    return Tensor.of(edges, extents).cast(value.dtype()).detach();
  }
}
