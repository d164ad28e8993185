package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** What is stored of a graph, and why: what is said of {@link Roots}, stated a second time. */
final class StoredValues {
  private static final Set<Class<?>> OWN_KERNELS =
      Set.of(
          Op.Matmul.class,
          Op.Fold.class,
          Op.Gather.class,
          Op.ScatterAdd.class,
          Op.ArgMax.class,
          Op.ArgSort.class,
          Op.RandomBits.class,
          Op.Concat.class);
  private static final Set<Class<?>> VIEWS =
      Set.of(
          Op.Reshape.class,
          Op.Permute.class,
          Op.Broadcast.class,
          Op.Slice.class,
          Op.Flip.class,
          Op.Unfold.class);
  private static final Set<Class<?>> TRANSCENDENTALS =
      FusionGraphs.TRANSCENDENTALS.stream().map(Op::getClass).collect(Collectors.toSet());

  static boolean hasKernel(Op op) {
    return OWN_KERNELS.contains(op.getClass())
        || op instanceof Op.Attention
        || (op instanceof Op.Pad pad && !pad.interior().stream().allMatch(i -> i == 0));
  }

  static boolean isView(Op op) {
    return VIEWS.contains(op.getClass()) || (op instanceof Op.Pad && !hasKernel(op));
  }

  static boolean isReduction(Op op) {
    return op instanceof Op.Sum || op instanceof Op.ReduceMax;
  }

  private static Tensor underViews(Tensor node) {
    return isView(node.op()) ? underViews(node.inputs().get(0)) : node;
  }

  private static Tensor underReshapes(Tensor node) {
    return node.op() instanceof Op.Reshape ? underReshapes(node.inputs().get(0)) : node;
  }

  /** What computing a value again takes. */
  private record Again(Map<Tensor, Long> reads, int operations, int transcendentals) {}

  final Graph graph;
  final List<Tensor> nodes;
  final Set<Tensor> stored = new HashSet<>();
  final Map<Tensor, Again> again = new HashMap<>();

  /**
   * What is stored of a graph.
   *
   * @param most how many buffers a kernel of loops reads and writes at most
   */
  StoredValues(Graph graph, int most) {
    this.graph = graph;
    this.nodes = graph.nodes();
    nodes.forEach(this::storeForKernels);
    stored.addAll(graph.outputs());
    nodes.stream().filter(n -> !isGiven(n)).forEach(this::storeForCost);
    do {
      while (stored.addAll(outOfReach())) {
        // What is stored anew reads other tensors than before.
      }
    } while (hasCut(most));
  }

  boolean isGiven(Tensor node) {
    return graph.inputs().contains(node)
        || (node.op() instanceof Op.Constant && node.shape().elements() > 1);
  }

  private void storeForKernels(Tensor node) {
    if (isGiven(node) || hasKernel(node.op()) || isReduction(node.op())) {
      stored.add(node);
    }
    if (isGiven(node)) {
      return;
    }
    if (node.op() instanceof Op.Matmul || node.op() instanceof Op.Attention) {
      node.inputs().forEach(x -> stored.add(MatrixViews.storage(x, stored)));
    } else if (hasKernel(node.op())) {
      node.inputs().forEach(x -> stored.add(underReshapes(x)));
    } else if (node.op() instanceof Op.Pad || node.op() instanceof Op.Unfold) {
      stored.add(underViews(node));
    }
  }

  private long readers(Tensor value) {
    long kernels =
        nodes.stream()
            .filter(n -> !isGiven(n) && !isView(n.op()))
            .filter(n -> n.inputs().stream().anyMatch(x -> underViews(x) == value))
            .count();
    return kernels + graph.outputs().stream().filter(o -> underViews(o) == value).count();
  }

  private void storeForCost(Tensor node) {
    Map<Tensor, Long> reads = new HashMap<>();
    int operations = isView(node.op()) || node.inputs().isEmpty() ? 0 : 1;
    boolean dear = TRANSCENDENTALS.contains(node.op().getClass()) || node.op() instanceof Op.Pow;
    int transcendentals = dear ? 1 : 0;
    for (Tensor x : node.inputs()) {
      Again behind =
          stored.contains(x) ? new Again(Map.of(x, x.shape().elements()), 0, 0) : again.get(x);
      behind.reads.forEach((root, n) -> reads.merge(root, n, Math::max));
      operations += behind.operations;
      transcendentals += behind.transcendentals;
    }
    long size = node.shape().elements();
    if (isView(node.op())) {
      reads.replaceAll((root, n) -> Math.min(n, size));
    }
    Tensor base = underViews(node);
    if (node.op() instanceof Op.Broadcast
        && repeatsRows(node)
        && (transcendentals >= 1 || operations >= 3)) {
      stored.add(base);
      again.put(node, new Again(Map.of(base, base.shape().elements()), 0, 0));
      return;
    }
    long large = reads.values().stream().filter(n -> 4 * n >= size).count();
    boolean worthStoring = large >= 2 || operations >= 25 || transcendentals >= 5;
    boolean tooMuch = operations >= 121 || reads.size() >= 121;
    if (!isView(node.op()) && (tooMuch || (worthStoring && readers(node) >= 2))) {
      stored.add(node);
    }
    again.put(node, new Again(reads, operations, transcendentals));
  }

  private static boolean repeatsRows(Tensor broadcast) {
    int rank = broadcast.shape().rank();
    return rank > 0
        && broadcast.inputs().get(0).shape().extent(rank - 1) == broadcast.shape().extent(rank - 1);
  }

  /** What loops cannot reach, for any tensor stored. */
  private Set<Tensor> outOfReach() {
    Set<Tensor> found = new HashSet<>();
    for (Tensor node : nodes) {
      if (stored.contains(node)) {
        if (node.op() instanceof Op.Matmul || node.op() instanceof Op.Attention) {
          found.addAll(isGiven(node) ? Set.of() : MatrixViews.unreachable(node, stored));
        } else if (!isGiven(node) && !hasKernel(node.op()) && !node.inputs().isEmpty()) {
          found.addAll(new Walk(this, node).unreachable);
        }
      }
    }
    return found;
  }

  // ---- what reads too much ----

  /** Until nothing reads too much, stores what reads most of the first that does. */
  private boolean hasCut(int most) {
    boolean any = false;
    while (true) {
      Tensor first = firstThatReads(most);
      if (first == null) {
        return any;
      }
      Tensor largest = null;
      for (Tensor x : first.inputs()) {
        if (largest == null || ways(x).size() > ways(largest).size()) {
          largest = x;
        }
      }
      if (!stored.add(underViews(largest))) {
        throw new AssertionError("stored already: " + largest);
      }
      any = true;
    }
  }

  /** The first tensor that loops compute, and read so many others for; null if there is none. */
  private Tensor firstThatReads(int most) {
    for (Tensor node : nodes) {
      if (!isGiven(node) && !hasKernel(node.op()) && reads(node).size() >= most) {
        return node;
      }
    }
    return null;
  }

  /** What is stored of all that a tensor is computed from, up to what is stored. */
  Set<Tensor> reads(Tensor node) {
    Set<Tensor> all = new HashSet<>();
    node.inputs().forEach(x -> all.addAll(ways(x)));
    return all;
  }

  /** Where the ways from an operand end. */
  private Set<Tensor> ways(Tensor operand) {
    Set<Tensor> ends = new HashSet<>();
    Set<Tensor> seen = new HashSet<>();
    List<Tensor> left = new ArrayList<>(List.of(operand));
    while (!left.isEmpty()) {
      Tensor node = left.removeLast();
      if (stored.contains(node)) {
        ends.add(node);
      } else if (seen.add(node)) {
        left.addAll(node.inputs());
      }
    }
    return ends;
  }

  Tensor memory(Tensor node) {
    return stored.contains(node)
        ? node
        : node.op() instanceof Op.Reshape ? memory(node.inputs().get(0)) : null;
  }

  /** The order in which a root's elements are computed, or folded. */
  static final class Order {
    final Tensor walked;
    final Root.Kind kind;
    final List<Integer> axes;
    final long inner;
    final long folded;

    Order(Tensor node) {
      walked = isReduction(node.op()) ? node.inputs().get(0) : node;
      Shape shape = walked.shape();
      List<Integer> all = IntStream.range(0, shape.rank()).boxed().toList();
      if (!isReduction(node.op())) {
        kind = Root.Kind.ELEMENT;
        axes = all;
        inner = 1;
        folded = 1;
        return;
      }
      List<Integer> over =
          node.op() instanceof Op.Sum sum ? sum.axes() : ((Op.ReduceMax) node.op()).axes();
      List<Integer> wide = all.stream().filter(a -> shape.extent(a) > 1).toList();
      List<Integer> folding = wide.stream().filter(over::contains).toList();
      List<Integer> kept = wide.stream().filter(a -> !over.contains(a)).toList();
      boolean row = folding.isEmpty() || folding.getLast().equals(wide.getLast());
      List<Integer> behind =
          row ? List.of() : kept.stream().filter(a -> a > folding.getLast()).toList();
      List<Integer> order = new ArrayList<>(kept);
      order.removeAll(behind);
      order.addAll(folding);
      order.addAll(behind);
      kind = row ? Root.Kind.ROW : Root.Kind.COLUMN;
      axes = order;
      inner = product(shape, row ? folding : behind);
      folded = row ? 1 : product(shape, folding);
    }

    private static long product(Shape shape, List<Integer> axes) {
      return axes.stream().mapToLong(shape::extent).reduce(1, (a, b) -> a * b);
    }

    /** The walked tensor's elements as they are met. */
    long[] elements() {
      Shape shape = walked.shape();
      long[] steps = shape.strides();
      long[] elements = new long[(int) shape.elements()];
      for (int p = 0; p < elements.length; p++) {
        long rest = p;
        for (int axis : axes.reversed()) {
          elements[p] += rest % shape.extent(axis) * steps[axis];
          rest /= shape.extent(axis);
        }
      }
      return elements;
    }

    IndexMap start(Loops loops) throws IndexMap.SplitNeeded, IndexMap.NotAffine {
      // All axes, those of one element somewhere.
      List<Integer> all = new ArrayList<>(axes);
      IntStream.range(0, walked.shape().rank()).filter(a -> !axes.contains(a)).forEach(all::add);
      int[] extents = all.stream().mapToInt(walked.shape()::extent).toArray();
      return IndexMap.of(Shape.of(extents), loops, loops.steps()).unpermuted(all);
    }
  }

  /** A walk over all that a root reads, by maps of indices. */
  static final class Walk {
    final Set<Tensor> unreachable = new HashSet<>();
    Loops loops;
    private final StoredValues said;
    private final Tensor root;

    Walk(StoredValues said, Tensor root) {
      this.said = said;
      this.root = root;
      Order order = new Order(root);
      loops = Loops.of(order.axes.stream().mapToLong(order.walked.shape()::extent).toArray());
      boolean done = false;
      while (!done) {
        try {
          walk(order.walked, order.start(loops));
          done = true;
        } catch (IndexMap.SplitNeeded split) {
          loops = loops.split(split.loop, split.inner);
        } catch (IndexMap.NotAffine impossible) {
          throw new AssertionError(impossible);
        }
      }
    }

    private void walk(Tensor node, IndexMap map) throws IndexMap.SplitNeeded {
      Tensor seen =
          node != root ? node : node.op() instanceof Op.Reshape ? node.inputs().get(0) : null;
      if (seen != null && said.memory(seen) != null) {
        return;
      }
      if (!isView(node.op())) {
        for (Tensor x : node.inputs().reversed()) {
          walk(x, map);
        }
        return;
      }
      Tensor moved = node.inputs().get(0);
      IndexMap there;
      try {
        there = map.operand(node);
      } catch (IndexMap.NotAffine notAffine) {
        unreachable.add(said.stored.contains(moved) ? node : moved);
        return;
      }
      walk(moved, there);
    }
  }
}
