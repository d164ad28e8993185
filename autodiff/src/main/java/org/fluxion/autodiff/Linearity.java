package org.fluxion.autodiff;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/** Whether a graph is linear in its inputs, by its operations alone: no value is needed. */
final class Linearity {
  private Linearity() {}

  /**
   * Demands that a graph of one output is linear.
   *
   * @param name whose rule it is, for the error
   * @param rule the graph
   * @throws TensorException naming the first operation that is not linear
   */
  static void require(String name, Graph rule) {
    Set<Tensor> dependent = new HashSet<>(rule.inputs());
    for (Tensor node : rule.nodes()) {
      if (rule.inputs().contains(node) || node.inputs().stream().noneMatch(dependent::contains)) {
        continue;
      }
      dependent.add(node);
      for (Tensor operand : summed(node)) {
        if (!dependent.contains(operand) && !isZero(operand)) {
          throw notLinear(
              name, node.op().label() + " puts a constant beside what depends on the tangents");
        }
      }
    }
    Tensor output = rule.outputs().get(0);
    if (!dependent.contains(output)) {
      if (!isZero(output)) {
        throw notLinear(name, "the result does not depend on them, and is no plain zero");
      }
      return;
    }
    try {
      // Every operation that is not linear refuses to be transposed.
      Transforms.transpose(rule, List.of(output.onesLike()));
    } catch (TensorException e) {
      throw notLinear(name, e.getMessage());
    }
  }

  private static TensorException notLinear(String name, String reason) {
    return new TensorException(
        "custom function '%s': the rule is not linear in the tangents: %s".formatted(name, reason));
  }

  /** The operands of which the result is a sum or an arrangement: all linear, or zero. */
  private static List<Tensor> summed(Tensor node) {
    return switch (node.op()) {
      case Op.Add o -> node.inputs();
      case Op.Sub o -> node.inputs();
      case Op.Concat o -> node.inputs();
      case Op.Select o -> node.inputs().subList(1, 3);
      default -> List.of();
    };
  }

  private static boolean isZero(Tensor node) {
    return switch (node.op()) {
      case Op.Constant o -> {
        HostData data = o.data();
        boolean zero = true;
        for (long i = 0; zero && i < data.elements(); i++) {
          zero = data.getDouble(i) == 0;
        }
        yield zero;
      }
      case Op.Movement o -> node.inputs().stream().allMatch(Linearity::isZero);
      case Op.Mark o -> isZero(node.inputs().get(0));
      default -> false;
    };
  }
}
