package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Lets products write where their results are wanted: a stored tensor that is nothing but products,
 * transposed, reshaped or put one after another, is never copied together; each product gets the
 * strides of its part. Joining heads after attention, and putting together the cotangents of
 * queries, keys and values, thus cost nothing.
 */
final class Placement {
  /** An operation on the way from a product to the tensor that holds it. */
  record Link(Tensor node, int operand) {}

  private final Map<Tensor, Root> roots;
  private final Map<Tensor, Integer> readers = new HashMap<>();

  private Placement(Graph graph, Map<Tensor, Root> roots) {
    this.roots = roots;
    for (Tensor node : graph.nodes()) {
      node.inputs().forEach(operand -> readers.merge(operand, 1, Integer::sum));
    }
    graph.outputs().forEach(output -> readers.merge(output, 1, Integer::sum));
  }

  /** Places products; the roots between them and what holds them are removed. */
  static void run(Graph graph, Map<Tensor, Root> roots) {
    Placement placement = new Placement(graph, roots);
    Set<Tensor> removed = new HashSet<>();
    for (Root root : List.copyOf(roots.values()).reversed()) {
      if (!removed.contains(root.node)) {
        placement.place(root, removed);
      }
    }
    removed.forEach(roots::remove);
  }

  private void place(Root target, Set<Tensor> removed) {
    if (!moves(target.node)) {
      return;
    }
    Map<Root, List<Link>> products = new HashMap<>();
    List<Root> order = new ArrayList<>();
    Set<Tensor> between = new HashSet<>();
    if (!descend(target.node, List.of(), products, order, between)) {
      return;
    }
    for (Root product : order) {
      if (MatmulViews.result(product.node, products.get(product), null, roots.keySet()) == null) {
        return;
      }
    }
    for (Root product : order) {
      product.target = target;
      product.way = products.get(product);
    }
    target.placed = true;
    target.dependencies =
        order.stream().map(p -> new Root.Dependency(p, Root.Dependency.OTHER)).toList();
    between.stream().filter(roots::containsKey).forEach(removed::add);
  }

  private static boolean moves(Tensor node) {
    return switch (node.op()) {
      case Op.Reshape o -> true;
      case Op.Permute o -> true;
      case Op.Concat o -> true;
      default -> false;
    };
  }

  /** Follows the operands of movements down to products; says whether there is nothing else. */
  private boolean descend(
      Tensor node,
      List<Link> above,
      Map<Root, List<Link>> products,
      List<Root> order,
      Set<Tensor> between) {
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor operand = node.inputs().get(i);
      if (readers.getOrDefault(operand, 0) != 1) {
        return false;
      }
      List<Link> way = new ArrayList<>(List.of(new Link(node, i)));
      way.addAll(above);
      if (operand.op() instanceof Op.Matmul) {
        order.add(roots.get(operand));
        products.put(roots.get(operand), List.copyOf(way));
      } else if (moves(operand)) {
        between.add(operand);
        if (!descend(operand, way, products, order, between)) {
          return false;
        }
      } else {
        return false;
      }
    }
    return true;
  }
}
