package org.fluxion.autodiff.laws;

import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.conformance.OpTable;
import org.junit.jupiter.api.DynamicTest;

/** A test for every operation, of reals and of integers. */
final class EveryOperation {
  private EveryOperation() {}

  static Stream<DynamicTest> tested(BiConsumer<OpTable.Row, DType> test) {
    return Stream.of(DType.FLOAT64, DType.INT32)
        .flatMap(
            dtype ->
                OperationExamples.rows(dtype).stream()
                    .map(
                        row ->
                            DynamicTest.dynamicTest(
                                row.op().getSimpleName() + " of " + dtype,
                                () -> test.accept(row, dtype))));
  }
}
