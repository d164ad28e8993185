package org.fluxion.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/** The two walks: tangents forward through a graph, cotangents backward through a linear one. */
final class Transforms {
  private Transforms() {}

  /**
   * The tangents of a graph's outputs.
   *
   * @param graph the graph
   * @param tangents a tangent per graph input, null for zero
   * @return a tangent per output, null for zero
   * @throws TensorException if a custom function captures what depends on an input with a tangent
   */
  static List<Tensor> jvp(Graph graph, List<Tensor> tangents) {
    Map<Tensor, Tensor> tangent = new IdentityHashMap<>();
    for (int i = 0; i < tangents.size(); i++) {
      tangent.put(graph.inputs().get(i), tangents.get(i));
    }
    Set<Tensor> variables = new HashSet<>(graph.inputs());
    for (Tensor node : graph.nodes()) {
      if (variables.contains(node)) {
        continue;
      }
      if (node.op() instanceof Op.Custom custom) {
        Captures.requireNone(node, custom.function(), graph.inputs(), tangents);
      }
      List<Tensor> d = new ArrayList<>(node.inputs().size());
      boolean depends = false;
      for (Tensor operand : node.inputs()) {
        Tensor known = tangent.get(operand);
        d.add(known);
        depends |= known != null;
      }
      if (depends) {
        tangent.put(node, JvpRules.tangent(node, d));
      }
    }
    return Arrays.asList(graph.outputs().stream().map(tangent::get).toArray(Tensor[]::new));
  }

  /**
   * The cotangents of a linear graph's inputs.
   *
   * @param graph a graph whose outputs are linear in its inputs
   * @param cotangents a cotangent per output
   * @return a cotangent per input, null for zero
   * @throws TensorException if a node is not linear, naming it
   */
  static List<Tensor> transpose(Graph graph, List<Tensor> cotangents) {
    List<Tensor> order = graph.nodes();
    Set<Tensor> linear = new HashSet<>(graph.inputs());
    for (Tensor node : order) {
      if (node.inputs().stream().anyMatch(linear::contains)) {
        linear.add(node);
      }
    }
    Map<Tensor, List<Tensor>> cotangent = new HashMap<>();
    for (int i = 0; i < cotangents.size(); i++) {
      contribute(cotangent, graph.outputs().get(i), cotangents.get(i));
    }
    Set<Tensor> variables = new HashSet<>(graph.inputs());
    for (Tensor node : order.reversed()) {
      if (!linear.contains(node) || variables.contains(node)) {
        continue;
      }
      // Whatever is linear has a path to an output on which everything is.
      Tensor c = Contributions.sum(cotangent.get(node));
      List<Tensor> pulled = TransposeRules.cotangents(node, c, linear::contains);
      for (int i = 0; i < pulled.size(); i++) {
        contribute(cotangent, node.inputs().get(i), pulled.get(i));
      }
    }
    List<Tensor> result = new ArrayList<>();
    for (Tensor input : graph.inputs()) {
      List<Tensor> contributions = cotangent.get(input);
      result.add(contributions == null ? null : Contributions.sum(contributions));
    }
    return result;
  }

  private static void contribute(
      Map<Tensor, List<Tensor>> cotangents, Tensor node, Tensor contribution) {
    if (contribution != null) {
      cotangents.computeIfAbsent(node, key -> new ArrayList<>()).add(contribution);
    }
  }
}
