package org.fluxion.tensor.conformance;

import java.util.List;
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

  @Override
  public String toString() {
    return "%s of %s"
        .formatted(op, operands.stream().map(t -> t.dtype() + " " + t.shape()).toList());
  }
}
