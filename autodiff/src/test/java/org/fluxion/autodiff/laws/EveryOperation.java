package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.conformance.OpTable;
import org.junit.jupiter.api.DynamicTest;

/** A test for every operation, of several dtypes. */
final class EveryOperation {
  private EveryOperation() {}

  /** Of reals and of integers. */
  static Stream<DynamicTest> tested(BiConsumer<OpTable.Row, DType> test) {
    return tested(List.of(DType.FLOAT64, DType.INT32), test);
  }

  static Stream<DynamicTest> tested(List<DType> dtypes, BiConsumer<OpTable.Row, DType> test) {
    return dtypes.stream()
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
