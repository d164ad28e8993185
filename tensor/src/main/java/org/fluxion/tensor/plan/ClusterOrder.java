package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Keeps the clusters' numbers an order in which they may run while clusters grow: a cluster may
 * come to read one with a larger number, as long as that one does not need it, and the numbers
 * between the two are dealt out again (Pearce and Kelly, "A dynamic topological sort algorithm for
 * directed acyclic graphs", 2006).
 */
final class ClusterOrder {
  private static final Comparator<Cluster> BY_NUMBER =
      Comparator.comparingInt(cluster -> cluster.number);

  private ClusterOrder() {}

  /**
   * Makes room for a root in a cluster: renumbers so that all it reads comes before.
   *
   * @param cluster the cluster, which the root is about to join
   * @param root the root
   * @return whether there is such an order; if not, nothing has changed
   */
  static boolean admits(Cluster cluster, Root root) {
    NavigableSet<Cluster> later = new TreeSet<>(BY_NUMBER);
    for (Root.Dependency dependency : root.dependencies) {
      Cluster read = dependency.root().cluster;
      if (read != null) {
        later.add(read);
      }
    }
    later = later.tailSet(cluster, false);
    if (later.isEmpty()) {
      return true;
    }
    // Numbers outside these two stay, whoever has them.
    int first = cluster.number;
    int last = later.last().number;
    Set<Cluster> after =
        reach(
            List.of(cluster),
            BY_NUMBER,
            c -> c.after.stream().filter(d -> d.number <= last).toList());
    if (later.stream().anyMatch(after::contains)) {
      return false;
    }
    NavigableSet<Cluster> before =
        reach(
            later,
            BY_NUMBER.reversed(),
            c -> c.before.stream().filter(d -> d.number > first).toList());
    List<Cluster> order = new ArrayList<>(before.descendingSet());
    order.addAll(after);
    List<Integer> numbers = order.stream().map(c -> c.number).sorted().toList();
    for (int i = 0; i < order.size(); i++) {
      order.get(i).number = numbers.get(i);
    }
    return true;
  }

  /** Some clusters and all that lie behind them, in an order in which neighbours come later. */
  private static NavigableSet<Cluster> reach(
      Collection<Cluster> starts,
      Comparator<Cluster> order,
      Function<Cluster, List<Cluster>> neighbours) {
    NavigableSet<Cluster> found = new TreeSet<>(order);
    found.addAll(starts);
    for (Cluster each = found.first(); each != null; each = found.higher(each)) {
      found.addAll(neighbours.apply(each));
    }
    return found;
  }
}
