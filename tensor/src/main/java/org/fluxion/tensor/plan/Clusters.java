package org.fluxion.tensor.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts roots together into kernels. Roots are taken as they become ready, operations first, so that
 * the primal and the tangent of a layer, whose products are ready at the same time, meet in one
 * kernel; a root joins the earliest cluster that it fits and whose results it reads, or whose
 * operands it shares.
 */
final class Clusters {
  private static final int TRIED = 12;

  private final List<Cluster> clusters = new ArrayList<>();
  private final Map<Root, Set<Cluster>> readers = new HashMap<>();

  private Clusters() {}

  static List<Cluster> of(Collection<Root> roots) {
    Clusters result = new Clusters();
    result.form(roots);
    return result.clusters;
  }

  private void form(Collection<Root> roots) {
    Map<Root, List<Root>> users = new HashMap<>();
    Map<Root, Integer> missing = new HashMap<>();
    Deque<Root> operations = new ArrayDeque<>();
    Deque<Root> others = new ArrayDeque<>();
    for (Root root : roots) {
      if (root.kind == Root.Kind.LEAF) {
        continue;
      }
      Set<Root> needed = new LinkedHashSet<>();
      root.dependencies.forEach(d -> needed.add(d.root()));
      needed.removeIf(r -> r.kind == Root.Kind.LEAF);
      needed.forEach(r -> users.computeIfAbsent(r, k -> new ArrayList<>()).add(root));
      missing.put(root, needed.size());
      if (needed.isEmpty()) {
        (root.kind == Root.Kind.OPERATION ? operations : others).add(root);
      }
    }
    int placed = 0;
    while (!operations.isEmpty() || !others.isEmpty()) {
      Root root = operations.isEmpty() ? others.poll() : operations.poll();
      place(root);
      placed++;
      for (Root user : users.getOrDefault(root, List.of())) {
        if (missing.merge(user, -1, Integer::sum) == 0) {
          (user.kind == Root.Kind.OPERATION ? operations : others).add(user);
        }
      }
    }
    if (placed != missing.size()) {
      throw new IllegalStateException("the roots depend on each other");
    }
  }

  private void place(Root root) {
    if (root.kind != Root.Kind.OPERATION) {
      for (Cluster candidate : candidates(root)) {
        if (candidate.accepts(root)) {
          register(root);
          return;
        }
      }
    }
    clusters.add(new Cluster(clusters.size(), root));
    register(root);
  }

  private List<Cluster> candidates(Root root) {
    Set<Cluster> found = new LinkedHashSet<>();
    int earliest = 0;
    for (Root.Dependency dependency : root.dependencies) {
      Root read = dependency.root();
      if (read.cluster != null) {
        earliest = Math.max(earliest, read.cluster.number);
        found.add(read.cluster);
      }
      found.addAll(readers.getOrDefault(read, Set.of()));
    }
    int from = earliest;
    return found.stream()
        .filter(c -> c.number >= from)
        .sorted(Comparator.comparingInt(c -> c.number))
        .limit(TRIED)
        .toList();
  }

  private void register(Root root) {
    root.dependencies.forEach(
        d -> readers.computeIfAbsent(d.root(), k -> new LinkedHashSet<>()).add(root.cluster));
  }
}
