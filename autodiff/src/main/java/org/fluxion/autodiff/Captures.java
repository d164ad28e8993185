package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * What a custom function takes from outside rather than as an operand. Its rule has no tangent for
 * that, so that a derivative through it would silently be zero.
 */
final class Captures {
  private Captures() {}

  /**
   * Demands that a node's function has no derivative along tangents but through its operands. The
   * function is applied to operands of its own, so that a tensor which is an operand and captured
   * too is told apart.
   *
   * @param node the node of a custom function
   * @param function the function
   * @param variables what is being differentiated
   * @param tangents a tangent per variable, null for zero
   * @throws TensorException if the function captures what depends on a variable
   */
  static void requireNone(
      Tensor node, CustomOp function, List<Tensor> variables, List<Tensor> tangents) {
    List<Tensor> operands =
        node.inputs().stream().map(x -> Tensor.apply(new Op.Mark(), List.of(x))).toList();
    List<Tensor> inputs = new ArrayList<>(operands);
    inputs.addAll(variables);
    List<Tensor> directions = new ArrayList<>(Collections.nCopies(operands.size(), null));
    directions.addAll(tangents);
    Graph expansion = new Graph(inputs, List.of(function.expand(operands)));
    if (Transforms.jvp(expansion, directions).get(0) != null) {
      throw new TensorException(
          ("custom function '%s': it captures a tensor that is being differentiated, of which its"
                  + " rule has no tangent; make it an operand (ofMany), or a constant"
                  + " (stopGradient)")
              .formatted(function.name()));
    }
  }
}
