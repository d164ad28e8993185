package org.fluxion.tensor.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.fluxion.tensor.cpu.VectorBody.Level;
import org.fluxion.tensor.cpu.VectorBody.Node;
import org.fluxion.tensor.cpu.VectorBody.Result;
import org.fluxion.tensor.cpu.VectorBody.Sink;

/**
 * A body's passes over a row: what a reduction gives is known only after a pass. A value that two
 * passes need is computed again if that is cheap, and otherwise kept: where it is stored anyway, or
 * in a row of scratch memory.
 */
final class VectorPhases {
  /** Values that cost more than this are kept rather than computed again. */
  private static final int RECOMPUTED = 4;

  /** One pass. */
  static final class Phase {
    /** Values of the row, computed before the pass. */
    final List<Integer> rowNodes = new ArrayList<>();

    /** Values of rows that are stored before the pass. */
    final List<Result> rowResults = new ArrayList<>();

    /** Values of elements, operands first; what was kept is among them. */
    final TreeSet<Integer> elementNodes = new TreeSet<>();

    /** What leaves the loop in the pass. */
    final List<Result> results = new ArrayList<>();

    /** Reductions that the pass feeds. */
    final List<Integer> reductions = new ArrayList<>();

    /** Values that later passes find in scratch memory. */
    final List<Integer> kept = new ArrayList<>();

    boolean hasElements() {
      return !results.isEmpty() || !reductions.isEmpty();
    }
  }

  final VectorBody body;
  final List<Phase> phases = new ArrayList<>();
  final List<Integer> uniformNodes = new ArrayList<>();

  /** The row of scratch memory that each kept value has. */
  final Map<Integer, Integer> scratchRows = new HashMap<>();

  /** The operand that holds a value that was stored in an earlier pass. */
  final Map<Integer, Integer> storedIn = new HashMap<>();

  private final int[] phaseOf;
  private final Map<Integer, Integer> computedIn = new HashMap<>();

  VectorPhases(VectorBody body) {
    this.body = body;
    this.phaseOf = new int[body.nodes.size()];
    int last = 0;
    for (int i = 0; i < phaseOf.length; i++) {
      Node node = body.nodes.get(i);
      for (int operand : node.operands()) {
        phaseOf[i] = Math.max(phaseOf[i], phaseOf[operand] + (node.op().isReduction() ? 1 : 0));
      }
      last = Math.max(last, phaseOf[i]);
    }
    for (int phase = 0; phase <= last; phase++) {
      phases.add(new Phase());
    }
    assign();
    for (int phase = 0; phase <= last; phase++) {
      fill(phase);
    }
    hoist();
  }

  /** Whether a value is read back in a phase rather than computed. */
  boolean isReloaded(int node, int phase) {
    Integer first = computedIn.get(node);
    return first != null
        && first < phase
        && (scratchRows.containsKey(node) || storedIn.containsKey(node));
  }

  private void assign() {
    int last = phases.size() - 1;
    for (int i = 0; i < phaseOf.length; i++) {
      if (body.nodes.get(i).op().isReduction()) {
        phases.get(phaseOf[i] - 1).reductions.add(i);
      }
    }
    for (Result result : body.results) {
      int phase = phaseOf[result.node()];
      switch (result.sink()) {
        case ROWS -> phases.get(phase).rowResults.add(result);
        // After every pass that reads what it overwrites.
        case IN_PLACE -> phases.get(last).results.add(result);
        case ELEMENTS -> {
          phases.get(phase).results.add(result);
          if (body.level(result.node()) == Level.ELEMENT) {
            storedIn.putIfAbsent(result.node(), result.operand());
          }
        }
        case COLUMN_SUM, COLUMN_MAX -> phases.get(phase).results.add(result);
      }
    }
  }

  private void fill(int number) {
    Phase phase = phases.get(number);
    for (Result result : phase.results) {
      visit(result.node(), number);
    }
    for (int reduction : phase.reductions) {
      visit(body.nodes.get(reduction).a(), number);
    }
  }

  private void visit(int node, int phase) {
    if (body.level(node) != Level.ELEMENT || phases.get(phase).elementNodes.contains(node)) {
      return;
    }
    Integer first = computedIn.get(node);
    boolean load = body.nodes.get(node).op().isLoad();
    if (first != null && !load && body.type(node) == VectorOp.Type.FLOAT) {
      if (!storedIn.containsKey(node)
          && !scratchRows.containsKey(node)
          && cost(node, new HashSet<>()) > RECOMPUTED) {
        scratchRows.put(node, scratchRows.size());
        phases.get(first).kept.add(node);
      }
      if (isReloaded(node, phase)) {
        phases.get(phase).elementNodes.add(node);
        return;
      }
    }
    for (int operand : body.nodes.get(node).operands()) {
      visit(operand, phase);
    }
    computedIn.putIfAbsent(node, phase);
    phases.get(phase).elementNodes.add(node);
  }

  private int cost(int node, Set<Integer> seen) {
    if (body.level(node) != Level.ELEMENT || !seen.add(node)) {
      return 0;
    }
    if (scratchRows.containsKey(node)) {
      return 1;
    }
    Node n = body.nodes.get(node);
    int cost = n.op().cost;
    for (int operand : n.operands()) {
      cost += cost(operand, seen);
    }
    return cost;
  }

  /** Collects what is computed once for a row, and once for all. */
  private void hoist() {
    Set<Integer> wanted = new HashSet<>();
    for (Phase phase : phases) {
      for (int node : phase.elementNodes) {
        for (int operand : body.nodes.get(node).operands()) {
          want(operand, wanted);
        }
      }
      phase.results.forEach(r -> want(r.node(), wanted));
      phase.rowResults.forEach(r -> want(r.node(), wanted));
      phase.reductions.forEach(r -> want(body.nodes.get(r).a(), wanted));
    }
    for (int i = 0; i < phaseOf.length; i++) {
      Node node = body.nodes.get(i);
      if (!wanted.contains(i)) {
        continue;
      }
      if (node.level() == Level.ROW) {
        phases.get(phaseOf[i]).rowNodes.add(i);
      } else if (node.level() == Level.UNIFORM) {
        uniformNodes.add(i);
      }
    }
  }

  private void want(int node, Set<Integer> wanted) {
    if (body.level(node) == Level.ELEMENT || !wanted.add(node)) {
      return;
    }
    Node n = body.nodes.get(node);
    if (!n.op().isReduction()) {
      for (int operand : n.operands()) {
        want(operand, wanted);
      }
    }
  }

  /** How many vector operations the passes take, uniform ones left out. */
  int operations() {
    int count = 0;
    for (Phase phase : phases) {
      count += phase.rowNodes.size() + phase.elementNodes.size();
    }
    return count;
  }

  /** Sinks that a phase's elements go to, those in place last. */
  static boolean isStore(Sink sink) {
    return sink == Sink.ELEMENTS || sink == Sink.IN_PLACE;
  }
}
