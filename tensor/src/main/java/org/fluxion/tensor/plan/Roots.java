package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
  private static final int BROADCAST_OPERATIONS = 2;
  private static final int LARGEST_CONE = 120;

  /**
   * What computing a value from roots takes.
   *
   * @param loads the roots that are read, and how many elements of each at most
   */
  private record Cost(Map<Tensor, Long> loads, int operations, int transcendentals) {}

  private final Graph graph;
  private final int mostBuffers;
  private final List<Tensor> nodes;
  private final Set<Tensor> variables;
  private final Map<Tensor, Integer> readers = new HashMap<>();
  private final Set<Tensor> chosen = new HashSet<>();
  private final Map<Tensor, Cost> costs = new HashMap<>();

  private Roots(Graph graph, int mostBuffers) {
    this.graph = graph;
    this.mostBuffers = mostBuffers;
    this.nodes = graph.nodes();
    this.variables = new HashSet<>(graph.inputs());
  }

  /**
   * The roots of a graph.
   *
   * @param graph the graph
   * @param mostBuffers how many buffers the kernel of a root of loops may read and write
   * @return the roots by tensor, in topological order
   */
  static Map<Tensor, Root> of(Graph graph, int mostBuffers) {
    Roots roots = new Roots(graph, mostBuffers);
    roots.choose();
    return roots.analysed();
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

  /** What no kernel computes: an input, or a constant that is no literal. */
  private boolean isGiven(Tensor node) {
    return variables.contains(node) || (node.op() instanceof Op.Constant && !isLiteral(node));
  }

  private static boolean isReduction(Op op) {
    return op instanceof Op.Sum || op instanceof Op.ReduceMax;
  }

  private void choose() {
    for (Tensor node : nodes) {
      if (isGiven(node)) {
        chosen.add(node);
      } else {
        chooseFor(node);
      }
    }
    for (Tensor output : graph.outputs()) {
      chosen.add(output);
      readers.merge(base(output), 1, Integer::sum);
    }
    for (Tensor node : nodes) {
      if (!isGiven(node)) {
        costs.put(node, cost(node));
      }
    }
  }

  /** Chooses what a node's kernel calls for: the node, or what it reads. */
  private void chooseFor(Tensor node) {
    boolean operation = isOperation(node.op());
    if (operation || isReduction(node.op())) {
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

  /** What a node takes; chooses it, or what it broadcasts, if that is too much. */
  private Cost cost(Tensor node) {
    Map<Tensor, Long> loads = new HashMap<>();
    int operations = isView(node.op()) || node.op() instanceof Op.Leaf ? 0 : 1;
    int transcendentals = isTranscendental(node.op()) ? 1 : 0;
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
    // A slice of a flat buffer reads no more than the slice.
    loads.replaceAll((root, elements) -> Math.min(elements, node.shape().elements()));
    if (node.op() instanceof Op.Broadcast) {
      boolean outwards =
          node.shape().rank() > 0
              && node.inputs().get(0).shape().extent(-1) == node.shape().extent(-1);
      if (outwards && (transcendentals > 0 || operations > BROADCAST_OPERATIONS)) {
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
    // Views have no readers, nor more behind them than what they move.
    if ((dear && readers.getOrDefault(node, 0) > 1)
        || operations > LARGEST_CONE
        || loads.size() > LARGEST_CONE) {
      chosen.add(node);
    }
    return new Cost(loads, operations, transcendentals);
  }

  /**
   * Chooses more tensors, so that no expression reads more of them than a kernel has room for
   * beside its result. As long as one does, the first of these is cut: of its operands, what is
   * under the views of the one that reads most, the first of several, is chosen.
   *
   * @return whether there was anything to cut
   */
  private boolean cut() {
    int before = chosen.size();
    Map<Tensor, Integer> whole = new HashMap<>();
    for (Tensor node : nodes) {
      whole.put(node, whole.size());
    }
    Map<Tensor, Set<Tensor>> counted = new HashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      Tensor node = nodes.get(i);
      if (isGiven(node) || isOperation(node.op())) {
        continue;
      }
      Set<Tensor> own = new HashSet<>();
      node.inputs().forEach(operand -> own.addAll(reads(operand, counted)));
      counted.put(node, own);
      if (own.size() >= mostBuffers) {
        Tensor part =
            node.inputs().stream()
                .max(Comparator.comparingInt(operand -> reads(operand, counted).size()))
                .map(Roots::base)
                .orElseThrow();
        chosen.add(part);
        // What comes after it may read it, and is counted again. It is not there to be cut twice.
        i = whole.remove(part);
      }
    }
    return chosen.size() > before;
  }

  /** The chosen tensors that are read to compute an operand where it is needed, or itself. */
  private Set<Tensor> reads(Tensor operand, Map<Tensor, Set<Tensor>> counted) {
    return chosen.contains(operand) ? Set.of(operand) : counted.get(operand);
  }

  private static boolean isTranscendental(Op op) {
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

  /**
   * The roots, with the loops of each and what it reads. Tensors that no loops can reach become
   * roots, and may lie inside cones that were walked before: then all is done anew, as it is when
   * roots that read too much are cut.
   */
  private Map<Tensor, Root> analysed() {
    Map<Tensor, Root> roots = new LinkedHashMap<>();
    for (Tensor node : nodes) {
      if (chosen.contains(node)) {
        roots.put(node, new Root(node, kind(node)));
      }
    }
    Set<Tensor> unreachable = new HashSet<>();
    for (Root root : roots.values()) {
      List<Root.Dependency> dependencies = new ArrayList<>();
      read(root, unreachable)
          .forEach(
              (tensor, repeat) -> dependencies.add(new Root.Dependency(roots.get(tensor), repeat)));
      root.dependencies = List.copyOf(dependencies);
    }
    if (chosen.addAll(unreachable)) {
      return analysed();
    }
    return cut() ? analysed() : roots;
  }

  private Root.Kind kind(Tensor node) {
    if (isGiven(node) || isLiteral(node)) {
      return Root.Kind.LEAF;
    }
    if (isOperation(node.op())) {
      return Root.Kind.OPERATION;
    }
    return isReduction(node.op()) ? Root.Kind.ROW : Root.Kind.ELEMENT;
  }

  /** The tensors that a root reads, each with how it reads it. */
  private Map<Tensor, Long> read(Root root, Set<Tensor> unreachable) {
    return switch (root.kind) {
      case LEAF -> Map.of();
      case OPERATION -> {
        if (readsMatrices(root.node.op())) {
          unreachable.addAll(MatrixViews.unreachable(root.node, chosen));
        }
        Map<Tensor, Long> operands = new LinkedHashMap<>();
        root.node
            .inputs()
            .forEach(operand -> operands.put(firstChosen(operand), Root.Dependency.OTHER));
        yield operands;
      }
      case ELEMENT, ROW, COLUMN -> Reach.of(root, chosen, unreachable);
    };
  }

  private Tensor firstChosen(Tensor node) {
    Tensor source = node;
    while (!chosen.contains(source)) {
      source = source.inputs().get(0);
    }
    return source;
  }
}
