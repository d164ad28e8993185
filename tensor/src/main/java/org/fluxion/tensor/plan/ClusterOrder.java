package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * An order in which clusters may run while they grow: a cluster may come to read one that stands
 * behind it, as long as that one does not need it. Then it moves back, with all between the two
 * that needs it. A cluster's number is its place.
 */
final class ClusterOrder {
  private final List<Cluster> order = new ArrayList<>();

  /** The clusters, in an order in which they may run. */
  List<Cluster> clusters() {
    return order;
  }

  /**
   * A new cluster behind all others.
   *
   * @param level the level of its first root
   * @param first its first root
   */
  Cluster append(int level, Root first) {
    Cluster cluster = new Cluster(order.size(), level, first);
    order.add(cluster);
    return cluster;
  }

  /**
   * Makes room for a root in a cluster: all that it reads comes before.
   *
   * @param cluster the cluster, which the root is about to join
   * @param root the root
   * @return whether there is such an order; if not, nothing has changed
   */
  boolean admits(Cluster cluster, Root root) {
    int first = cluster.number;
    int last = first;
    for (Root.Dependency dependency : root.dependencies) {
      Cluster read = dependency.root().cluster;
      last = read == null ? last : Math.max(last, read.number);
    }
    Set<Cluster> needing = new HashSet<>(Set.of(cluster));
    for (Cluster each : order.subList(first + 1, last + 1)) {
      if (each.reads.stream().anyMatch(read -> needing.contains(read.cluster))) {
        needing.add(each);
      }
    }
    if (root.dependencies.stream()
        .map(dependency -> dependency.root().cluster)
        .anyMatch(read -> read != cluster && needing.contains(read))) {
      return false;
    }
    order.subList(first, last + 1).sort(Comparator.comparing(needing::contains));
    for (int i = first; i <= last; i++) {
      order.get(i).number = i;
    }
    return true;
  }
}
