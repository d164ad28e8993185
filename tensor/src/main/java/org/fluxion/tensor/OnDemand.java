package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    double work = 0;
    for (Tensor node : Graph.topological(tensors, node -> node.known() != null)) {
      if (node.known() != null) {
        known.put(node, node.known());
      } else {
        requireValue(node);
        work += work(node);
      }
    }
    return work > LITTLE ? run(tensors, known) : ReferenceInterpreter.evaluate(tensors, known);
  }

  private static void requireValue(Tensor node) {
    if (node.op() instanceof Op.Input input) {
      throw new TensorException(
          "input '%s' %s %s has no value; bind it by running a program"
              .formatted(input.name(), input.dtype(), input.shape()));
    }
  }

  private static double work(Tensor node) {
    double elements = node.shape().elements();
    return node.op() instanceof Op.Matmul
        ? elements * node.inputs().get(0).shape().extent(-1)
        : elements;
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
