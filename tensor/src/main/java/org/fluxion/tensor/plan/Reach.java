package org.fluxion.tensor.plan;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Walks from a root to the roots that it reads, cutting its loops where that makes the way affine.
 * What two operands share is walked twice; {@link Roots} lets no more than a few hundred operations
 * lie between roots, counted so.
 */
final class Reach {
  private record Visit(Tensor node, IndexMap map) {}

  private final Root root;
  private final Set<Tensor> chosen;
  private final Set<Tensor> unreachable;

  private final Map<Tensor, Long> repeats = new LinkedHashMap<>();

  private Reach(Root root, Set<Tensor> chosen, Set<Tensor> unreachable) {
    this.root = root;
    this.chosen = chosen;
    this.unreachable = unreachable;
  }

  /**
   * Walks; splits the root's loops as needed.
   *
   * @param root a root that loops compute
   * @param chosen the tensors that are roots
   * @param unreachable gets the tensors that must become roots before this one can be computed
   * @return how each root that was reached is read: see {@link Root.Dependency}
   */
  static Map<Tensor, Long> of(Root root, Set<Tensor> chosen, Set<Tensor> unreachable) {
    while (true) {
      Reach reach = new Reach(root, chosen, unreachable);
      try {
        reach.walk();
        return reach.repeats;
      } catch (IndexMap.SplitNeeded split) {
        root.loops = root.loops.split(split.loop, split.inner);
      }
    }
  }

  private void walk() throws IndexMap.SplitNeeded {
    Deque<Visit> stack = new ArrayDeque<>();
    Tensor start = root.walkedTensor();
    try {
      stack.push(new Visit(start, root.start(root.loops, root.loops.steps())));
    } catch (IndexMap.NotAffine impossible) {
      throw new IllegalStateException("a root's own loops are not affine: " + root, impossible);
    }
    while (!stack.isEmpty()) {
      Visit visit = stack.pop();
      Tensor node = visit.node;
      Tensor stored = stored(node);
      if (stored != null) {
        long repeat = repeat(visit);
        repeats.merge(
            stored, repeat, (a, b) -> a.equals(b) ? a : Long.valueOf(Root.Dependency.OTHER));
      } else if (Roots.isView(node.op())) {
        try {
          stack.push(new Visit(node.inputs().get(0), visit.map.operand(node)));
        } catch (IndexMap.NotAffine notAffine) {
          Tensor operand = node.inputs().get(0);
          // A stored operand is read at any position; if that is not enough, the view is stored.
          unreachable.add(chosen.contains(operand) ? node : operand);
        }
      } else {
        node.inputs().forEach(operand -> stack.push(new Visit(operand, visit.map)));
      }
    }
  }

  /** The root whose memory a tensor on the way is; null if it is computed on the way. */
  private Tensor stored(Tensor node) {
    if (node != root.node) {
      return stored(node, chosen);
    }
    return node.op() instanceof Op.Reshape ? stored(node.inputs().get(0), chosen) : null;
  }

  /** The root whose memory a tensor is, seen through reshapes, or null if it is none's. */
  static Tensor stored(Tensor node, Set<Tensor> chosen) {
    Tensor source = node;
    while (!chosen.contains(source) && source.op() instanceof Op.Reshape) {
      source = source.inputs().get(0);
    }
    return chosen.contains(source) ? source : null;
  }

  /** 1 if read in order, n if in order with every element n times, else OTHER. */
  private long repeat(Visit visit) {
    Access access = visit.map.access(null, visit.node.shape());
    if (!access.bounds().isEmpty()) {
      return Root.Dependency.OTHER;
    }
    long[] strides = access.strides();
    long repeat = 1;
    int loop = strides.length - 1;
    while (loop >= 0 && strides[loop] == 0) {
      repeat *= root.loops.extents().get(loop);
      loop--;
    }
    long expected = 1;
    for (; loop >= 0; loop--) {
      if (strides[loop] != expected) {
        return Root.Dependency.OTHER;
      }
      expected *= root.loops.extents().get(loop);
    }
    return expected == visit.node.shape().elements() ? repeat : Root.Dependency.OTHER;
  }
}
