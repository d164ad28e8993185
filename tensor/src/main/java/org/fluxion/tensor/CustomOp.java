package org.fluxion.tensor;

import java.util.List;
import java.util.Optional;

/**
 * The open variant among the operations: a function written in primitives that carries its own
 * forward-mode rule. Reverse mode follows by transposing the rule, so the modes cannot disagree. A
 * linear function may bring its transpose.
 */
public interface CustomOp {
  /**
   * What graphs and errors call the function.
   *
   * @return the name
   */
  String name();

  /**
   * The function in primitives, which is what runs.
   *
   * @param inputs the operands
   * @return the result
   */
  Tensor expand(List<Tensor> inputs);

  /**
   * The derivative of the result along the operands' tangents; linear in them.
   *
   * @param inputs the operands
   * @param output the result
   * @param tangents a tangent per operand, zeros where there is none
   * @return the result's tangent
   */
  Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents);

  /**
   * The transpose of a function that is linear in its one operand and brings a rule for it.
   *
   * @param operand the operand's shape
   * @param cotangent the result's cotangent
   * @return the operand's cotangent, linear in the result's; empty if the function has no such rule
   */
  default Optional<Tensor> transpose(Shape operand, Tensor cotangent) {
    return Optional.empty();
  }
}
