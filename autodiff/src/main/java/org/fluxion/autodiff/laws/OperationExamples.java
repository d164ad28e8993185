package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;

/** Programs of a single operation: each row of the table of operations, at random operands. */
public final class OperationExamples {
  private OperationExamples() {}

  /**
   * An operation alone.
   *
   * @param row the operation
   * @param dtype the dtype of its operands
   * @param seed which operands; moderate ones, with ties and zeros among them
   * @return a program of one line
   */
  public static RandomProgram of(OpTable.Row row, DType dtype, long seed) {
    OpCase drawn = row.draw(dtype, new Draw(new Random(seed), Draw.Kind.MODERATE));
    int operands = drawn.operands().size();
    List<Integer> numbers = IntStream.range(0, operands).boxed().toList();
    return new RandomProgram(
        drawn.operands(), List.of(new Line(drawn.op(), numbers)), List.of(operands));
  }
}
