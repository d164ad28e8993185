package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * An operation with values of its operands.
 *
 * @param op the operation
 * @param operands their values
 */
public record OpCase(Op op, List<Tensor> operands) {
  /** Copies the list. */
  public OpCase {
    operands = List.copyOf(operands);
  }

  /**
   * Whether the type rules allow it.
   *
   * @return false if the operation refuses its operands
   */
  public boolean isAllowed() {
    try {
      Tensor.apply(op, operands);
      return true;
    } catch (TensorException refused) {
      return false;
    }
  }

  /**
   * The operation alone, its operands as inputs.
   *
   * @param draw where the value of an input comes from, if that is the operation
   * @return a trial with one output
   */
  public Trial alone(Draw draw) {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> values = new ArrayList<>(operands);
    for (Tensor value : operands) {
      inputs.add(Tensor.input("x" + inputs.size(), value.shape(), value.dtype()));
    }
    Tensor result = Tensor.apply(op, inputs);
    if (op instanceof Op.Input) {
      inputs.add(result);
      values.add(draw.any(result.dtype(), result.shape()));
    }
    return new Trial(toString(), new Graph(inputs, List.of(result)), values);
  }

  @Override
  public String toString() {
    return "%s of %s"
        .formatted(op, operands.stream().map(t -> t.dtype() + " " + t.shape()).toList());
  }
}
