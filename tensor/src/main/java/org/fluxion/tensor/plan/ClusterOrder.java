package org.fluxion.tensor.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * Keeps the clusters' numbers an order in which they may run while clusters grow: a cluster may
 * come to read one with a larger number, as long as that one does not need it, and the numbers
 * between the two are dealt out again (Pearce and Kelly, "A dynamic topological sort algorithm for
 * directed acyclic graphs", 2006).
 */
final class ClusterOrder {
  private ClusterOrder() {}

  /**
   * Makes room for a root in a cluster: renumbers so that all it reads comes before.
   *
   * @param cluster the cluster, which the root is about to join
   * @param root the root
   * @return whether there is such an order; if not, nothing has changed
   */
  static boolean admits(Cluster cluster, Root root) {
    Set<Cluster> later = new LinkedHashSet<>();
    int last = 0;
    for (Root.Dependency dependency : root.dependencies) {
      Cluster read = dependency.root().cluster;
      if (read != null && read.number > cluster.number) {
        later.add(read);
        last = Math.max(last, read.number);
      }
    }
    if (later.isEmpty()) {
      return true;
    }
    int first = cluster.number;
    int end = last;
    Set<Cluster> after = reach(List.of(cluster), c -> c.after, c -> c.number <= end);
    if (later.stream().anyMatch(after::contains)) {
      return false;
    }
    Set<Cluster> before = reach(later, c -> c.before, c -> c.number > first);
    List<Cluster> order = new ArrayList<>(sorted(before));
    order.addAll(sorted(after));
    List<Integer> numbers = order.stream().map(c -> c.number).sorted().toList();
    for (int i = 0; i < order.size(); i++) {
      order.get(i).number = numbers.get(i);
    }
    return true;
  }

  private static List<Cluster> sorted(Set<Cluster> clusters) {
    return clusters.stream().sorted(Comparator.comparingInt(c -> c.number)).toList();
  }

  private static Set<Cluster> reach(
      Iterable<Cluster> starts,
      Function<Cluster, Set<Cluster>> neighbours,
      java.util.function.Predicate<Cluster> within) {
    Set<Cluster> seen = new LinkedHashSet<>();
    Deque<Cluster> stack = new ArrayDeque<>();
    starts.forEach(
        start -> {
          seen.add(start);
          stack.push(start);
        });
    while (!stack.isEmpty()) {
      for (Cluster next : neighbours.apply(stack.pop())) {
        if (within.test(next) && seen.add(next)) {
          stack.push(next);
        }
      }
    }
    return seen;
  }
}
