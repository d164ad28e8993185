package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
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
}
