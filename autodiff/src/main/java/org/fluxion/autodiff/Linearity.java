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
   * Demands that a graph is linear.
   *
   * @param subject what the graph is, for the error
   * @param variables what its inputs are, for the error
   * @param graph the graph
   * @throws TensorException naming the first operation that is not linear, or a custom function
   *     that captures a variable
   */
  static void require(String subject, String variables, Graph graph) {
    Set<Tensor> dependent = new HashSet<>(graph.inputs());
    for (Tensor node : graph.nodes()) {
      if (node.op() instanceof Op.Custom custom) {
        Captures.requireNone(node, custom.function(), graph.inputs(), graph.inputs());
      }
      if (node.inputs().stream().noneMatch(dependent::contains)) {
        continue;
      }
      dependent.add(node);
      for (Tensor operand : summed(node, dependent)) {
        if (!dependent.contains(operand) && !isZero(operand)) {
          throw notLinear(
              subject,
              variables,
              node.op().label() + " puts a constant beside what depends on " + variables);
        }
      }
    }
    for (Tensor output : graph.outputs()) {
      if (!dependent.contains(output) && !isZero(output)) {
        throw notLinear(
            subject,
            variables,
            "a result does not depend on " + variables + ", and is no plain zero");
      }
    }
    try {
      // Every operation that is not linear refuses to be transposed.
      Transforms.transpose(graph, graph.outputs().stream().map(Tensor::onesLike).toList());
    } catch (TensorException e) {
      throw notLinear(subject, variables, e.getMessage());
    }
  }

  private static TensorException notLinear(String subject, String variables, String reason) {
    return new TensorException("%s is not linear in %s: %s".formatted(subject, variables, reason));
  }

  /** The operands of which the result is a sum or an arrangement: all linear, or zero. */
  private static List<Tensor> summed(Tensor node, Set<Tensor> dependent) {
    List<Tensor> in = node.inputs();
    return switch (node.op()) {
      case Op.Add o -> in;
      case Op.Sub o -> in;
      case Op.Concat o -> in;
      case Op.Select o -> in.subList(1, 3);
      // A sum over the tangents of queries, keys and values, of which the last has no other factor.
      case Op.AttentionTangent o ->
          in.subList(3, 6).stream().anyMatch(dependent::contains)
              ? in.subList(3, 6)
              : in.subList(5, 6);
      // The output's cotangent by the values, less that by the output.
      case Op.AttentionQueryCotangent o -> valuesAndOutput(in, dependent);
      case Op.AttentionKeyCotangent o -> valuesAndOutput(in, dependent);
      // Of its operands the values and the output play no part.
      case Op.AttentionValueCotangent o -> in.subList(5, 6);
      default -> List.of();
    };
  }

  private static List<Tensor> valuesAndOutput(List<Tensor> in, Set<Tensor> dependent) {
    List<Tensor> both = in.subList(2, 4);
    return both.stream().anyMatch(dependent::contains) ? both : List.of();
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
