package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Lets kernels write where their results are wanted: a stored tensor that only moves others
 * (transposed, reshaped, put one after another) is never copied together. Products get the strides
 * of their part of it; other results must lie in order there, and get a part of its memory. Joining
 * heads after attention, the cotangents of queries, keys and values, and the gradients in one flat
 * buffer thus cost nothing.
 */
final class Placement {
  /** An operation on the way from a root to the tensor that holds it. */
  record Link(Tensor node, int operand) {}

  /** A root that can be computed in its place. */
  private record Placed(Root root, List<Link> way, long offset) {}

  private final Map<Tensor, Root> roots;
  private final Set<Tensor> outputs;
  private final Map<Tensor, Integer> readers = new HashMap<>();

  private Placement(Graph graph, Map<Tensor, Root> roots) {
    this.roots = roots;
    this.outputs = new HashSet<>(graph.outputs());
    for (Tensor node : graph.nodes()) {
      node.inputs().forEach(operand -> readers.merge(operand, 1, Integer::sum));
    }
    graph.outputs().forEach(output -> readers.merge(output, 1, Integer::sum));
  }

  /** Places roots; those between them and what holds them are removed. */
  static void run(Graph graph, Map<Tensor, Root> roots) {
    Placement placement = new Placement(graph, roots);
    Set<Tensor> removed = new HashSet<>();
    for (Root root : List.copyOf(roots.values()).reversed()) {
      // One that is removed places nothing: all it moves has its place.
      if (moves(root.node)) {
        placement.place(root, removed);
      }
    }
    removed.forEach(roots::remove);
  }

  private void place(Root target, Set<Tensor> removed) {
    List<Placed> found = new ArrayList<>();
    Set<Tensor> between = new HashSet<>();
    if (!descend(target, target.node, List.of(), found, between)) {
      return;
    }
    if (found.stream().map(Placed::root).distinct().count() < found.size()) {
      // What is wanted in two places cannot be in both.
      return;
    }
    for (Placed each : found) {
      each.root.target = target;
      each.root.way = each.way;
      each.root.offset = each.offset;
    }
    target.placed = true;
    target.dependencies =
        found.stream().map(each -> new Root.Dependency(each.root, Root.Dependency.OTHER)).toList();
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

  /** Follows the operands of movements down to what can be placed; says whether all can. */
  private boolean descend(
      Root target, Tensor node, List<Link> above, List<Placed> found, Set<Tensor> between) {
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor operand = node.inputs().get(i);
      List<Link> way = new ArrayList<>(List.of(new Link(node, i)));
      way.addAll(above);
      boolean onlyReader = readers.get(operand) == 1;
      List<Placed> below = new ArrayList<>();
      Set<Tensor> passed = new HashSet<>(Set.of(operand));
      if (moves(operand) && onlyReader && descend(target, operand, way, below, passed)) {
        found.addAll(below);
        between.addAll(passed);
      } else {
        Placed part = part(target, operand, way, onlyReader);
        if (part == null) {
          return false;
        }
        found.add(part);
      }
    }
    return true;
  }

  /** How a tensor can be computed in its place, or null if it cannot. */
  private Placed part(Root target, Tensor operand, List<Link> way, boolean onlyReader) {
    Root root = roots.get(operand);
    if (root == null
        || root.kind == Root.Kind.LEAF
        || root.target != null
        || outputs.contains(operand)) {
      return null;
    }
    if (onlyReader
        && Roots.readsMatrices(operand.op())
        && MatrixViews.result(operand, way, null, roots.keySet()) != null) {
      return new Placed(root, List.copyOf(way), 0);
    }
    long offset = offset(operand, way);
    Root memory = target;
    while (memory.target != null) {
      memory = memory.target;
    }
    boolean whole = operand.shape().elements() == memory.node.shape().elements();
    // Outputs have memory of their own, of which there are no parts.
    return offset < 0 || (outputs.contains(memory.node) && !whole)
        ? null
        : new Placed(root, List.of(), offset);
  }

  /** Where a tensor begins if it lies in order in what holds it; −1 if it does not. */
  private static long offset(Tensor tensor, List<Link> way) {
    Loops loops = Loops.of(Arrays.stream(tensor.shape().extents()).asLongStream().toArray());
    while (true) {
      try {
        IndexMap map = IndexMap.of(tensor.shape(), loops, loops.steps());
        for (Link link : way) {
          map = map.result(link.node(), link.operand());
        }
        Access access = map.access(null, way.getLast().node().shape());
        return Arrays.equals(access.strides(), loops.steps()) ? access.offset() : -1;
      } catch (IndexMap.SplitNeeded split) {
        loops = loops.split(split.loop, split.inner);
      } catch (IndexMap.NotAffine notAffine) {
        return -1;
      }
    }
  }
}
