package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Which values share a kernel, and in which order the kernels may run: against what is said of it,
 * stated a second time, with every question answered by looking at all that is there.
 */
class SharedKernelsLawsTest {
  // ---- the laws ----

  private static void holds(Graph graph, boolean placed, boolean together, String what) {
    holds(graph, placed, together, Integer.MAX_VALUE, what);
  }

  private static void holds(Graph graph, boolean placed, boolean together, int most, String what) {
    Map<Tensor, Root> roots = Roots.of(graph, most);
    if (placed) {
      Placement.run(graph, roots);
    }
    List<Cluster> clusters = Clusters.of(roots, together, most);
    List<SharedKernels.Group> said =
        new SharedKernels(roots.values(), roots.keySet(), together, most).order;
    assertEquals(
        said.stream().map(g -> g.members).toList(),
        clusters.stream().map(c -> c.members).toList(),
        what);
    for (int i = 0; i < said.size(); i++) {
      SharedKernels.Group group = said.get(i);
      Cluster cluster = clusters.get(i);
      String which = what + ", " + cluster;
      assertEquals(i, cluster.number, which);
      assertEquals(group.level, cluster.level, which);
      assertEquals(group.walked, cluster.walked, which);
      assertEquals(group.loops, cluster.loops, which);
      assertEquals(group.row, cluster.row, which);
      assertEquals(group.folded, cluster.folded, which);
      assertEquals(group.hasOwnKernel(), cluster.isOperation(), which);
      assertEquals(group.members.getFirst().placed, cluster.isPlaced(), which);
      assertEquals(
          group.members.getFirst().node.op() instanceof Op.Attention, cluster.isAttention(), which);
      for (Root member : cluster.members) {
        assertSame(cluster, member.cluster, which);
        for (Root.Dependency read : member.dependencies) {
          assertTrue(read.root().cluster == null || read.root().cluster.number <= i, which);
        }
      }
    }
  }

  private static void holds(LongFunction<Graph> graphs, int seeds) {
    for (long seed = 0; seed < seeds; seed++) {
      holds(graphs.apply(seed), seed % 2 == 0, seed % 16 != 1, "seed " + seed);
    }
  }

  @Test
  void ofGraphsOfAllOperations() {
    holds(FusionGraphs::mixed, 500);
  }

  /** Rows, columns and products between: what one kernel computes, and what has to wait. */
  @Test
  void ofLayers() {
    holds(KernelGraphs::woven, 500);
  }

  /** A value tries twelve kernels, the first ones. */
  @Test
  void ofManyKernels() {
    holds(KernelGraphs::contested, 60);
  }

  /** An operand is worth sharing from a fourth of the elements on. */
  @Test
  void ofSmallOperands() {
    holds(KernelGraphs::sharing, 200);
  }

  @Test
  void ofWhatIsBroadcast() {
    holds(ValueGraphs::broadcast, 200);
  }

  /** One pass over the same queries and keys computes what it can. */
  @Test
  void ofAttention() {
    holds(KernelGraphs::attentive, 500);
  }

  @Test
  void ofProducts() {
    holds(ValueGraphs::multiplied, 100);
  }

  /** Unless no loops over the batch write both where they are wanted. */
  @Test
  void ofAttentionThatIsWrittenElsewhere() {
    for (long seed = 0; seed < 20; seed++) {
      holds(KernelGraphs.turned(seed), true, true, "seed " + seed);
    }
  }

  /** One kernel folds rows of one length, and columns of one height. */
  @Test
  void ofSums() {
    holds(KernelGraphs::summed, 200);
  }

  /** Values share a kernel for the sake of what reads both in it. */
  @Test
  void ofWhatOthersReadTogether() {
    holds(KernelGraphs::related, 200);
  }

  /** A kernel has 48 values at most. */
  @Test
  void ofKernelsThatAreFull() {
    for (int values = 46; values <= 50; values++) {
      holds(KernelGraphs.apart(values), false, true, values + " values");
    }
    holds(KernelGraphs.apart(100), false, true, "100 values");
  }

  /** Values share a kernel as long as it has a buffer for each of them, and for what they read. */
  @Test
  void whereAKernelHasFewBuffers() {
    List<LongFunction<Graph>> graphs =
        List.of(
            ValueGraphs::wide,
            KernelGraphs::woven,
            KernelGraphs::related,
            KernelGraphs::summed,
            FusionGraphs::mixed);
    for (long seed = 0; seed < 500; seed++) {
      int most = PlanOptions.FEWEST_BUFFERS + (int) (seed / 5 % 7);
      String what = "seed " + seed + ", " + most + " buffers";
      holds(graphs.get((int) (seed % 5)).apply(seed), seed % 2 == 0, true, most, what);
    }
  }

  /** What has just room is as it is where there is room for any number. */
  @Test
  void nothingIsKeptApartWithoutNeed() {
    int apart = 0;
    for (long seed = 0; seed < 200; seed++) {
      String what = "seed " + seed;
      Graph graph = KernelGraphs.woven(seed);
      List<Cluster> whole = clusters(graph, Integer.MAX_VALUE);
      int needed = whole.stream().mapToInt(SharedKernelsLawsTest::buffers).max().orElse(0);
      assertEquals(tensors(whole), tensors(clusters(graph, needed)), what);
      if (whole.stream().anyMatch(c -> c.members.size() > 1 && buffers(c) == needed)) {
        List<Cluster> fewer = clusters(graph, needed - 1);
        assertNotEquals(tensors(whole), tensors(fewer), what);
        for (Cluster each : fewer) {
          assertTrue(each.members.size() == 1 || buffers(each) < needed, what);
        }
        apart++;
      }
    }
    assertTrue(apart > 50, "too few share a kernel: " + apart);
  }

  private static List<Cluster> clusters(Graph graph, int most) {
    return Clusters.of(Roots.of(graph, Integer.MAX_VALUE), true, most);
  }

  private static List<List<Tensor>> tensors(List<Cluster> clusters) {
    return clusters.stream().map(c -> c.members.stream().map(m -> m.node).toList()).toList();
  }

  /** What it reads and what it may have to store. */
  private static int buffers(Cluster cluster) {
    Set<Root> all = new HashSet<>(cluster.members);
    cluster.members.forEach(member -> member.dependencies.forEach(d -> all.add(d.root())));
    return all.size();
  }

  @Test
  void aClusterSaysWhatItIs() {
    Tensor x = Tensor.input("x", Shape.of(2, 3), DType.FLOAT32);
    Graph graph = new Graph(List.of(x), List.of(x.sum(1), x.neg()));
    List<Cluster> clusters =
        Clusters.of(Roots.of(graph, Integer.MAX_VALUE), true, Integer.MAX_VALUE);
    assertEquals(1, clusters.size());
    assertTrue(clusters.getFirst().toString().matches("#0\\[ROW sum.*\\]"), clusters::toString);
  }
}
