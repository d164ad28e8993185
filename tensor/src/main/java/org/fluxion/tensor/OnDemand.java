package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.plan.Plan;

/**
 * Values that somebody asks for outside of a program. What is known already is not computed again,
 * and nothing behind it is looked at. A little work is done by the reference interpreter at once;
 * for more than that a program on the host's processor is worth compiling.
 */
final class OnDemand {
  /**
   * {@link Tensor#value} states it: elements computed, and products summed, that the interpreter
   * does in some ten milliseconds.
   */
  private static final double LITTLE = 1 << 20;

  private OnDemand() {}

  /**
   * Computes tensors' values.
   *
   * @param tensors what to compute
   * @return a value per tensor
   * @throws TensorException if an input they depend on has no value
   */
  static List<HostData> values(List<Tensor> tensors) {
    Map<Tensor, HostData> known = new LinkedHashMap<>();
    for (Tensor node : unknown(tensors)) {
      if (node.known() != null) {
        known.put(node, node.known());
      } else {
        requireValue(node);
      }
    }
    return work(tensors) > LITTLE
        ? run(tensors, known)
        : ReferenceInterpreter.evaluate(tensors, known);
  }

  /** What has to be computed, and the known values that it starts from. */
  private static List<Tensor> unknown(List<Tensor> tensors) {
    return Graph.topological(tensors, node -> node.known() != null);
  }

  /** How much there is to do for some tensors: elements computed or folded, products summed. */
  static double work(List<Tensor> tensors) {
    return unknown(tensors).stream()
        .filter(node -> node.known() == null)
        .mapToDouble(OnDemand::work)
        .sum();
  }

  private static void requireValue(Tensor node) {
    if (node.op() instanceof Op.Input input) {
      throw new TensorException(
          "input '%s' %s %s has no value; bind it by running a program"
              .formatted(input.name(), input.dtype(), input.shape()));
    }
  }

  /** The elements that an operation computes or folds, or the products that it sums. */
  private static double work(Tensor node) {
    List<Tensor> in = node.inputs();
    double elements = node.shape().elements();
    return switch (node.op()) {
      case Op.Matmul o -> elements * in.get(0).shape().extent(-1);
      case Op.Attention o -> attention(o, in);
      case Op.Custom o -> inner(in, o.function().expand(in));
      case Op.Reduction o -> in.get(0).shape().elements();
      case Op.Fold o -> in.get(0).shape().elements();
      case Op.ScatterAdd o -> Math.max(elements, in.get(0).shape().elements());
      default -> elements;
    };
  }

  /** A product over the head size, and one over the values' size, per query and key. */
  private static double attention(Op.Attention op, List<Tensor> in) {
    Shape queries = in.get(0).shape();
    double values = op.operands() > 2 ? in.get(2).shape().extent(-1) : 0;
    return (queries.elements() / Math.max(1.0, queries.extent(-1)))
        * in.get(1).shape().extent(-2)
        * (queries.extent(-1) + values);
  }

  /** A user's function is worth what its body is, from its operands on. */
  private static double inner(List<Tensor> operands, Tensor body) {
    Set<Tensor> known = new HashSet<>(operands);
    double work = 0;
    for (Tensor node :
        Graph.topological(List.of(body), n -> n.known() != null || known.contains(n))) {
      work += node.known() != null || known.contains(node) ? 0 : work(node);
    }
    return work;
  }

  private static List<HostData> run(List<Tensor> tensors, Map<Tensor, HostData> known) {
    List<Tensor> inner =
        known.keySet().stream().filter(node -> !(node.op() instanceof Op.Constant)).toList();
    List<Tensor> inputs =
        inner.stream().map(node -> Tensor.input("known", node.shape(), node.dtype())).toList();
    Graph graph = new Graph(inputs, new Graph(inner, tensors).apply(inputs));
    int[] donations = new int[tensors.size()];
    Arrays.fill(donations, -1);
    try (Executable executable = Device.cpu().prepare(Plan.of(graph, donations))) {
      for (int i = 0; i < inputs.size(); i++) {
        executable.write(i, known.get(inner.get(i)));
      }
      executable.run();
      List<HostData> values = new ArrayList<>();
      for (int i = 0; i < tensors.size(); i++) {
        HostData value =
            HostData.allocate(tensors.get(i).dtype(), tensors.get(i).shape().elements());
        executable.read(i, value);
        values.add(value);
      }
      return values;
    }
  }
}
