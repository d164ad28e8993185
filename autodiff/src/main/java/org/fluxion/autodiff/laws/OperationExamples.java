package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpCase;
import org.fluxion.tensor.conformance.OpTable;

/** Programs of a single operation: each row of the table of operations, at random operands. */
public final class OperationExamples {
  private OperationExamples() {}

  /**
   * The operations that have operands to be differentiated by: all but a variable.
   *
   * @param dtype the dtype of those operands
   * @return their rows, in the table's order
   */
  public static List<OpTable.Row> rows(DType dtype) {
    return OpTable.rows().stream()
        .filter(row -> row.takes(dtype) && row.op() != Op.Input.class)
        .toList();
  }

  /**
   * An operation alone.
   *
   * @param row the operation
   * @param dtype the dtype of its operands
   * @param seed which operands; moderate ones, with ties and zeros among them, and what operations
   *     meet at edges: rows that see no key, slices of nothing
   * @return a program of one line
   */
  public static RandomProgram of(OpTable.Row row, DType dtype, long seed) {
    Random random = Seeds.spread(seed);
    OpCase drawn = row.draw(dtype, new Draw(random, Draw.Kind.MODERATE));
    int operands = drawn.operands().size();
    List<Tensor> values = new ArrayList<>(drawn.operands());
    boolean isMasked = drawn.op() instanceof Op.Attention op && operands > op.operands();
    if (isMasked && values.getLast().dtype().isFloating() && random.nextBoolean()) {
      values.set(operands - 1, hiddenRow(values.getLast(), random));
    }
    boolean isEmpty = drawn.op() instanceof Op.Slice && random.nextInt(3) == 0;
    Op op = isEmpty ? nothing((Op.Slice) drawn.op(), random) : drawn.op();
    List<Integer> numbers = IntStream.range(0, operands).boxed().toList();
    return new RandomProgram(values, List.of(new Line(op, numbers)), List.of(operands));
  }

  /** A slice of nothing along one axis, with the strides there are. */
  private static Op nothing(Op.Slice slice, Random random) {
    List<Integer> end = new ArrayList<>(slice.end());
    if (!end.isEmpty()) {
      int axis = random.nextInt(end.size());
      end.set(axis, slice.start().get(axis));
    }
    return new Op.Slice(slice.start(), end, slice.stride());
  }

  /** A mask in which one query sees no key, which chance alone seldom draws. */
  private static Tensor hiddenRow(Tensor mask, Random random) {
    HostData data = mask.value();
    HostData hidden = HostData.allocate(mask.dtype(), data.elements());
    int keys = Math.max(1, mask.shape().extent(-1));
    long row = random.nextInt((int) Math.max(1, data.elements() / keys));
    for (long i = 0; i < data.elements(); i++) {
      hidden.setDouble(i, i / keys == row ? Double.NEGATIVE_INFINITY : data.getDouble(i));
    }
    return Tensor.of(hidden, mask.shape());
  }
}
