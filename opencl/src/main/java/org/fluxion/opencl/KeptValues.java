package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Kernel;

/**
 * What each walk over a row computes of an element, and which values it keeps for a later one:
 * those that are dear enough that computing them again takes longer than writing them to memory, in
 * the nearest cache, and reading them. A softmax computes its exponentials once.
 *
 * <p>Only rows up to a length are kept, so that the memory, which is a work-item's own, has a fixed
 * size that the nearest cache holds.
 */
final class KeptValues {
  /** Elements of the longest row that is kept. */
  static final int LONGEST = 2048;

  /** The most values that are kept of a row. */
  private static final int MOST = 4;

  /** What keeping a value costs, in operations. */
  private static final int DEAR = 8;

  /** What a function costs, or a read of elements that are not neighbours. */
  private static final int FUNCTION = 10;

  private final LoopSource loops;

  /** The walk that computes a value that is kept. */
  private final Map<Integer, Integer> keptIn = new HashMap<>();

  private final List<List<Integer>> values = new ArrayList<>();

  /**
   * Chooses.
   *
   * @param loops the kernel
   * @param keeps whether anything may be kept
   */
  KeptValues(LoopSource loops, boolean keeps) {
    this.loops = loops;
    Map<Integer, Integer> computedIn = new HashMap<>();
    for (int p = 0; p <= loops.lastPhase; p++) {
      Set<Integer> needed = new TreeSet<>();
      for (int root : loops.roots(p)) {
        need(root, p, keeps ? computedIn : Map.of(), needed);
      }
      for (int v : needed) {
        computedIn.putIfAbsent(v, p);
      }
      values.add(needed.stream().filter(loops::isOfElements).toList());
    }
  }

  private void need(int v, int p, Map<Integer, Integer> computedIn, Set<Integer> needed) {
    if (!needed.add(v)) {
      return;
    }
    if (!keptIn.containsKey(v)
        && keptIn.size() < MOST
        && computedIn.containsKey(v)
        && loops.depth[v] == loops.lastLoop
        && loops.isOfElements(v)
        && cost(v, new HashSet<>()) >= DEAR) {
      keptIn.put(v, computedIn.get(v));
    }
    if (!isRead(v, p) && loops.body.get(v) instanceof Kernel.Compute compute) {
      compute.operands().forEach(operand -> need(operand, p, computedIn, needed));
    }
  }

  /** Operations that make a value of an element from what is in memory or known of the row. */
  private int cost(int v, Set<Integer> seen) {
    if (!loops.isOfElements(v) || !seen.add(v) || seen.size() > 1 && keptIn.containsKey(v)) {
      return 0;
    }
    return switch (loops.body.get(v)) {
      case Kernel.Load load -> loops.readsNeighbours(load.access()) ? 0 : FUNCTION;
      case Kernel.Compute compute -> {
        int sum = isFunction(compute.op()) ? FUNCTION : 1;
        for (int operand : compute.operands()) {
          sum += cost(operand, seen);
        }
        yield sum;
      }
      default -> 0;
    };
  }

  private static boolean isFunction(Op op) {
    return switch (op) {
      case Op.Exp _, Op.Expm1 _, Op.Log _, Op.Log1p _, Op.Sin _, Op.Cos _, Op.Tanh _, Op.Erf _ ->
          true;
      case Op.Sigmoid _, Op.Sqrt _, Op.Div _, Op.Pow _ -> true;
      default -> false;
    };
  }

  /** What a walk computes or reads of each element, operands first. */
  List<Integer> values(int p) {
    return values.get(p);
  }

  /** The values that are kept. */
  Set<Integer> all() {
    return new TreeSet<>(keptIn.keySet());
  }

  /** Whether a value is kept. */
  boolean isKept(int v) {
    return keptIn.containsKey(v);
  }

  /** Whether a walk computes a value and keeps it. */
  boolean isWritten(int v, int p) {
    return keptIn.getOrDefault(v, -1) == p;
  }

  /** Whether a walk reads a value that an earlier one has kept. */
  boolean isRead(int v, int p) {
    return keptIn.getOrDefault(v, p) < p;
  }
}
