package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Puts roots together into kernels. Roots are taken by how many operations with kernels of their
 * own lie before them, so that the primal and the tangent of a layer, whose products lie equally
 * deep, meet in one kernel; a root joins the earliest cluster that it fits and whose results it
 * reads, or whose operands it shares.
 */
final class Clusters {
  private static final int TRIED = 12;

  /** The elements of a value that is computed before the others of its level. */
  private static final long SMALL = 64;

  private final ClusterOrder order = new ClusterOrder();
  private final Map<Root, Integer> level = new HashMap<>();
  private final Map<Root, List<Root>> uses = new HashMap<>();
  private final Map<Root, Set<Cluster>> readers = new HashMap<>();

  /** The kernels of attention, by level. */
  private final Map<Integer, List<Cluster>> attentions = new HashMap<>();

  private final boolean together;
  private final Set<Tensor> chosen;
  private final int mostBuffers;

  private Clusters(boolean together, Set<Tensor> chosen, int mostBuffers) {
    this.together = together;
    this.chosen = chosen;
    this.mostBuffers = mostBuffers;
  }

  /**
   * The clusters of some roots, in an order in which they may run.
   *
   * @param roots the roots by tensor, operands first
   * @param together whether a cluster may have several
   * @param mostBuffers how many buffers a cluster of several may read and write
   */
  static List<Cluster> of(Map<Tensor, Root> roots, boolean together, int mostBuffers) {
    Clusters result = new Clusters(together, roots.keySet(), mostBuffers);
    result.form(roots.values());
    return result.order.clusters();
  }

  private void form(Collection<Root> roots) {
    Map<Root, Integer> latest = new HashMap<>();
    List<Root> computed = new ArrayList<>();
    for (Root root : roots) {
      int own = isOperation(root) ? 1 : 0;
      int needed = 0;
      for (Root.Dependency dependency : root.dependencies) {
        needed = Math.max(needed, level.getOrDefault(dependency.root(), 0));
      }
      if (root.kind != Root.Kind.LEAF) {
        level.put(root, needed + own);
        computed.add(root);
        root.dependencies.forEach(
            d -> uses.computeIfAbsent(d.root(), key -> new ArrayList<>()).add(root));
      }
    }
    for (Root root : computed.reversed()) {
      // Computed as late as its first reader allows, so that the two can share a kernel, and a
      // primal that could run ahead waits for its tangent.
      level.merge(root, latest.getOrDefault(root, level.get(root)), Math::max);
      int before = level.get(root) - (isOperation(root) ? 1 : 0);
      root.dependencies.forEach(d -> latest.merge(d.root(), before, Math::min));
    }
    together(computed);
    Set<Root> early = new HashSet<>();
    for (Root root : computed) {
      int own = level.get(root);
      if (root.walked() <= SMALL
          && root.dependencies.stream()
              .map(Root.Dependency::root)
              .allMatch(r -> r.kind == Root.Kind.LEAF || level.get(r) < own || early.contains(r))) {
        early.add(root);
      }
    }
    // Counters and rates come first, so that what reads them late can join what is before it.
    computed.sort(
        Comparator.<Root>comparingInt(level::get)
            .thenComparing(r -> !isOperation(r))
            .thenComparing(r -> !early.contains(r)));
    computed.forEach(this::place);
  }

  /**
   * An attention's log-sum-exp is wanted by the backward pass only, yet costs nothing while the
   * output is computed; what it reads is there by then.
   */
  private void together(List<Root> computed) {
    Map<List<Object>, Integer> outputs = new HashMap<>();
    for (Root root : computed) {
      if (root.node.op() instanceof Op.AttentionOutput output) {
        outputs.merge(scores(output, root), level.get(root), Math::min);
      }
    }
    for (Root root : computed) {
      if (root.node.op() instanceof Op.AttentionLogSumExp logSumExp) {
        level.merge(
            root, outputs.getOrDefault(scores(logSumExp, root), level.get(root)), Math::min);
      }
    }
  }

  /** What makes two attentions' scores the same, all of which both read. */
  private static List<Object> scores(Op.Attention op, Root root) {
    List<Tensor> in = root.node.inputs();
    List<Object> key = new ArrayList<>(List.of(op.scale(), op.causal(), in.get(0), in.get(1)));
    key.addAll(in.subList(op.operands(), in.size()));
    return key;
  }

  private static boolean isOperation(Root root) {
    return root.kind == Root.Kind.OPERATION && !root.placed;
  }

  private void place(Root root) {
    if (!together || !joins(root, level.get(root))) {
      Cluster own = order.append(level.get(root), root);
      if (own.isAttention()) {
        attentions.computeIfAbsent(own.level, key -> new ArrayList<>()).add(own);
      }
    }
    for (Root.Dependency dependency : root.dependencies) {
      if (!dependency.isSlice()) {
        readers.computeIfAbsent(dependency.root(), k -> new LinkedHashSet<>()).add(root.cluster);
      }
    }
  }

  private boolean joins(Root root, int own) {
    if (root.node.op() instanceof Op.Attention) {
      return attentions.getOrDefault(own, List.of()).stream()
          .anyMatch(candidate -> candidate.acceptsAttention(root, chosen));
    }
    if (root.kind == Root.Kind.OPERATION || root.placed) {
      return false;
    }
    return tried(candidates(root)).anyMatch(c -> c.accepts(root, false, mostBuffers, order))
        || tried(siblings(root)).anyMatch(c -> c.accepts(root, true, mostBuffers, order));
  }

  /** The first of some clusters that may accept a root. */
  private static Stream<Cluster> tried(Set<Cluster> found) {
    return found.stream()
        .filter(c -> !c.isOperation())
        .sorted(Comparator.comparingInt(c -> c.number))
        .limit(TRIED);
  }

  /**
   * Clusters that a root reads, or whose operands it reads, of no earlier level than all it reads:
   * only among clusters of one level is the order changed to let it in.
   */
  private Set<Cluster> candidates(Root root) {
    Set<Cluster> found = new LinkedHashSet<>();
    int latest = 0;
    for (Root.Dependency dependency : root.dependencies) {
      Cluster read = dependency.root().cluster;
      if (read != null) {
        found.add(read);
        latest = Math.max(latest, read.level);
      }
      found.addAll(readers.getOrDefault(dependency.root(), Set.of()));
    }
    int earliest = latest;
    found.removeIf(cluster -> cluster.level < earliest);
    return found;
  }

  /**
   * Clusters that have nothing in common with a root but a reader, which needs both at hand: the
   * sums over a row of a primal and of its tangent.
   */
  private Set<Cluster> siblings(Root root) {
    Set<Cluster> found = new LinkedHashSet<>();
    int own = level.get(root);
    for (Root reader : uses.getOrDefault(root, List.of())) {
      boolean together =
          level.get(reader) == own
              && reader.dependencies.stream().anyMatch(d -> d.root() == root && d.isAtHand());
      if (together) {
        for (Root.Dependency other : reader.dependencies) {
          Cluster cluster = other.root().cluster;
          if (other.isAtHand() && cluster != null && cluster.level == own) {
            found.add(cluster);
          }
        }
      }
    }
    return found;
  }
}
