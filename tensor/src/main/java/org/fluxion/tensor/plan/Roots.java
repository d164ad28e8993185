package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Chooses which tensors are computed as a whole. Reductions, products and what their kernels read
 * are; an elementwise value with several readers is when computing it again would read more memory
 * than loading it, or take many operations. What the backward pass needs again is settled here: a
 * value that is cheap to recompute is never kept.
 */
final class Roots {
  private static final int RECOMPUTED_OPERATIONS = 24;
  private static final int RECOMPUTED_TRANSCENDENTALS = 4;
  private static final int LARGEST_CONE = 120;

  /**
   * What computing a value from roots takes.
   *
   * @param loads the roots that are read, and how many elements of each at most
   */
  private record Cost(Map<Tensor, Long> loads, int operations, int transcendentals) {}

  private final Graph graph;
  private final List<Tensor> nodes;
  private final Map<Tensor, Integer> order = new HashMap<>();
  private final Map<Tensor, Integer> readers = new HashMap<>();
  private final Set<Tensor> chosen = new HashSet<>();
  private final Map<Tensor, Root> roots = new HashMap<>();

  private Roots(Graph graph) {
    this.graph = graph;
    this.nodes = graph.nodes();
  }

  /** The roots of a graph, by tensor, in topological order. */
  static Map<Tensor, Root> of(Graph graph) {
    Roots roots = new Roots(graph);
    roots.choose();
    roots.analyse();
    Map<Tensor, Root> ordered = new LinkedHashMap<>();
    for (Tensor node : roots.nodes) {
      if (roots.roots.containsKey(node)) {
        ordered.put(node, roots.roots.get(node));
      }
    }
    return ordered;
  }

  /** Operations with a kernel of their own. */
  static boolean isOperation(Op op) {
    return switch (op) {
      case Op.Matmul o -> true;
      case Op.Attention o -> true;
      case Op.Fold o -> true;
      case Op.Gather o -> true;
      case Op.ScatterAdd o -> true;
      case Op.ArgMax o -> true;
      case Op.ArgSort o -> true;
      case Op.RandomBits o -> true;
      case Op.Concat o -> true;
      case Op.Pad o -> o.interior().stream().anyMatch(i -> i != 0);
      default -> false;
    };
  }

  /** Operations whose kernels read and write batches of matrices of any strides. */
  static boolean readsMatrices(Op op) {
    return op instanceof Op.Matmul || op instanceof Op.Attention;
  }

  /** Operations that only change where an element is read. */
  static boolean isView(Op op) {
    return switch (op) {
      case Op.Unfold o -> true;
      case Op.Movement o -> !isOperation(op);
      default -> false;
    };
  }

  static boolean isLeaf(Tensor node) {
    return node.op() instanceof Op.Input || node.op() instanceof Op.Constant;
  }

  /** A constant of one element, which kernels hold as a literal. */
  static boolean isLiteral(Tensor node) {
    return node.op() instanceof Op.Constant constant && constant.data().elements() == 1;
  }

  /** The tensor under a chain of views. */
  static Tensor base(Tensor node) {
    Tensor base = node;
    while (isView(base.op())) {
      base = base.inputs().get(0);
    }
    return base;
  }

  /** The tensor under a chain of reshapes, whose memory is the same. */
  static Tensor contiguousBase(Tensor node) {
    Tensor base = node;
    while (base.op() instanceof Op.Reshape) {
      base = base.inputs().get(0);
    }
    return base;
  }

  private void choose() {
    Set<Tensor> variables = new HashSet<>(graph.inputs());
    for (Tensor node : nodes) {
      order.put(node, order.size());
      if (variables.contains(node) || node.op() instanceof Op.Leaf) {
        if (variables.contains(node) || (isLeaf(node) && !isLiteral(node))) {
          chosen.add(node);
        }
        continue;
      }
      boolean operation = isOperation(node.op());
      if (operation || node.op() instanceof Op.Sum || node.op() instanceof Op.ReduceMax) {
        chosen.add(node);
      }
      if (operation) {
        for (Tensor operand : node.inputs()) {
          chosen.add(
              readsMatrices(node.op())
                  ? MatrixViews.storage(operand, chosen)
                  : contiguousBase(operand));
        }
      }
      if (node.op() instanceof Op.Pad || node.op() instanceof Op.Unfold) {
        chosen.add(base(node));
      }
      if (!isView(node.op())) {
        Set<Tensor> operands = new HashSet<>();
        node.inputs().forEach(operand -> operands.add(base(operand)));
        operands.forEach(operand -> readers.merge(operand, 1, Integer::sum));
      }
    }
    graph
        .outputs()
        .forEach(
            output -> {
              chosen.add(output);
              readers.merge(base(output), 1, Integer::sum);
            });
    Map<Tensor, Cost> costs = new HashMap<>();
    for (Tensor node : nodes) {
      costs.put(node, cost(node, costs));
    }
  }

  private Cost cost(Tensor node, Map<Tensor, Cost> costs) {
    Map<Tensor, Long> loads = new LinkedHashMap<>();
    int operations = isView(node.op()) || node.op() instanceof Op.Leaf ? 0 : 1;
    int transcendentals = isTranscendental(node.op()) ? 1 : 0;
    if (!chosen.contains(node) || !(isOperation(node.op()) || isLeaf(node))) {
      for (Tensor operand : node.inputs()) {
        if (chosen.contains(operand)) {
          loads.merge(operand, operand.shape().elements(), Math::max);
        } else {
          Cost cost = costs.get(operand);
          cost.loads.forEach((root, elements) -> loads.merge(root, elements, Math::max));
          operations += cost.operations;
          transcendentals += cost.transcendentals;
        }
      }
    }
    if (isView(node.op())) {
      // A slice of a flat buffer reads no more than the slice.
      loads.replaceAll((root, elements) -> Math.min(elements, node.shape().elements()));
    }
    if (node.op() instanceof Op.Broadcast && !chosen.contains(base(node))) {
      boolean outwards =
          node.shape().rank() > 0
              && node.inputs().get(0).shape().extent(-1) == node.shape().extent(-1);
      if (outwards && (transcendentals > 0 || operations > 2)) {
        chosen.add(base(node));
        return new Cost(Map.of(base(node), base(node).shape().elements()), 0, 0);
      }
    }
    long size = node.shape().elements();
    long large = loads.values().stream().filter(elements -> elements * 4 >= size).count();
    boolean dear =
        large > 1
            || operations > RECOMPUTED_OPERATIONS
            || transcendentals > RECOMPUTED_TRANSCENDENTALS;
    if (!isView(node.op())
        && !(node.op() instanceof Op.Leaf)
        && ((dear && readers.getOrDefault(node, 0) > 1)
            || operations > LARGEST_CONE
            || loads.size() > LARGEST_CONE)) {
      chosen.add(node);
    }
    return new Cost(loads, operations, transcendentals);
  }

  static boolean isTranscendental(Op op) {
    return switch (op) {
      case Op.Exp o -> true;
      case Op.Log o -> true;
      case Op.Log1p o -> true;
      case Op.Expm1 o -> true;
      case Op.Sin o -> true;
      case Op.Cos o -> true;
      case Op.Tanh o -> true;
      case Op.Sigmoid o -> true;
      case Op.Erf o -> true;
      case Op.Pow o -> true;
      default -> false;
    };
  }

  /** Finds each root's loops and what it reads; tensors that no loops can reach become roots. */
  private void analyse() {
    List<Tensor> pending = new ArrayList<>();
    nodes.stream().filter(chosen::contains).forEach(pending::add);
    while (!pending.isEmpty()) {
      Set<Tensor> added = new LinkedHashSet<>();
      for (Tensor node : pending) {
        roots.put(node, root(node));
      }
      for (Tensor node : pending) {
        Root root = roots.get(node);
        if (root.kind == Root.Kind.OPERATION) {
          if (readsMatrices(node.op())) {
            added.addAll(MatrixViews.unreachable(node, chosen));
          }
        } else if (root.kind != Root.Kind.LEAF) {
          new Reach(root, chosen).find(added);
        }
      }
      added.removeAll(chosen);
      chosen.addAll(added);
      pending = new ArrayList<>(added);
      if (!added.isEmpty()) {
        // A new root may lie inside cones that were walked before.
        nodes.stream()
            .filter(chosen::contains)
            .filter(n -> roots.containsKey(n) && roots.get(n).kind != Root.Kind.LEAF)
            .forEach(pending::add);
      }
    }
    roots.values().forEach(this::link);
  }

  private Root root(Tensor node) {
    if (isLeaf(node) || graph.inputs().contains(node)) {
      return new Root(node, Root.Kind.LEAF, order.get(node));
    }
    if (isOperation(node.op())) {
      return new Root(node, Root.Kind.OPERATION, order.get(node));
    }
    boolean reduction = node.op() instanceof Op.Sum || node.op() instanceof Op.ReduceMax;
    return new Root(node, reduction ? Root.Kind.ROW : Root.Kind.ELEMENT, order.get(node));
  }

  private void link(Root root) {
    List<Root.Dependency> dependencies = new ArrayList<>();
    if (root.kind == Root.Kind.OPERATION) {
      for (Tensor operand : root.node.inputs()) {
        Tensor source = chosen.contains(operand) ? operand : firstChosen(operand);
        dependencies.add(new Root.Dependency(roots.get(source), Root.Dependency.OTHER));
      }
    } else if (root.kind != Root.Kind.LEAF) {
      Reach reach = new Reach(root, chosen);
      Set<Tensor> none = new HashSet<>();
      reach.find(none);
      if (!none.isEmpty()) {
        throw new IllegalStateException("unreachable tensors are left: " + none);
      }
      reach.repeats.forEach(
          (tensor, repeat) -> dependencies.add(new Root.Dependency(roots.get(tensor), repeat)));
    }
    root.dependencies = List.copyOf(dependencies);
  }

  private Tensor firstChosen(Tensor node) {
    Tensor source = node;
    while (!chosen.contains(source)) {
      source = source.inputs().get(0);
    }
    return source;
  }
}
