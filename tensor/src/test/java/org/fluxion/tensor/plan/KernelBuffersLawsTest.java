package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

/**
 * A kernel reads and writes no more buffers than a backend allows, and what it computes does not
 * depend on it.
 */
class KernelBuffersLawsTest {
  /** Of OpenCL's 1,024 bytes of arguments. */
  private static final int OPENCL = 124;

  private static int mostBuffers(Plan plan) {
    return plan.kernels().stream()
        .filter(Kernel.LoopKernel.class::isInstance)
        .mapToInt(
            kernel -> {
              Set<Buffer> all = new HashSet<>(kernel.reads());
              all.addAll(kernel.writes());
              return all.size();
            })
        .max()
        .orElse(0);
  }

  private static Plan plan(Graph graph, int most) {
    int[] none = new int[graph.outputs().size()];
    Arrays.fill(none, -1);
    return Plan.of(graph, none, PlanOptions.ALL.withMostBuffers(most));
  }

  private static void assertSame(Graph graph, List<HostData> values, Plan bounded, String what) {
    List<HostData> expected = SlowRun.of(plan(graph, Integer.MAX_VALUE), values);
    List<HostData> actual = SlowRun.of(bounded, values);
    for (int o = 0; o < expected.size(); o++) {
      for (long i = 0; i < expected.get(o).elements(); i++) {
        // The same operations in the same order: values, and not where they lie, are different.
        assertEquals(expected.get(o).getDouble(i), actual.get(o).getDouble(i), what);
      }
    }
  }

  private static Tensor input(List<Tensor> inputs, Shape shape) {
    Tensor input = Tensor.input("x" + inputs.size(), shape, DType.FLOAT64);
    inputs.add(input);
    return input;
  }

  private static List<HostData> values(Graph graph) {
    Random random = new Random(1);
    List<HostData> values = new ArrayList<>();
    for (Tensor input : graph.inputs()) {
      HostData data = HostData.allocate(input.dtype(), input.shape().elements());
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, random.nextDouble());
      }
      values.add(data);
    }
    return values;
  }

  /** One kernel adds all where it may; else several do, of as many as they may have. */
  @Test
  void aSumOfManyTensorsIsCut() {
    List<Tensor> inputs = new ArrayList<>();
    Tensor sum = input(inputs, Shape.of(5));
    for (int i = 1; i < 300; i++) {
      sum = sum.add(input(inputs, Shape.of(5)));
    }
    Graph graph = new Graph(inputs, List.of(sum));
    int unbounded = mostBuffers(plan(graph, Integer.MAX_VALUE));
    assertTrue(unbounded > OPENCL, () -> "nothing is to be cut of " + unbounded);
    for (int most : List.of(PlanOptions.FEWEST_BUFFERS, 29, OPENCL)) {
      Plan bounded = plan(graph, most);
      assertTrue(mostBuffers(bounded) <= most, () -> most + ": " + mostBuffers(bounded));
      // Each kernel takes in as many more as it has room for: none is wasted.
      int fewest = Math.ceilDiv(299, most - 2);
      assertTrue(bounded.kernels().size() <= 2 * fewest, () -> most + ": " + bounded.kernels());
      assertSame(graph, values(graph), bounded, most + " buffers: ");
    }
  }

  /** A tree, whose branches are each small enough: it is where they meet that is too much. */
  @Test
  void branchesThatMeetAreCut() {
    List<Tensor> inputs = new ArrayList<>();
    List<Tensor> level = new ArrayList<>();
    for (int i = 0; i < 243; i++) {
      level.add(input(inputs, Shape.of(2, 3)));
    }
    while (level.size() > 1) {
      List<Tensor> next = new ArrayList<>();
      for (int i = 0; i < level.size(); i += 3) {
        Tensor chosen = Tensor.where(level.get(i).less(0.5), level.get(i + 1), level.get(i + 2));
        next.add(next.size() % 2 == 0 ? chosen : chosen.permute(1, 0).add(1.0).permute(1, 0));
      }
      level = next;
    }
    Tensor root = level.getFirst();
    Graph graph = new Graph(inputs, List.of(root.sum(1), root.exp()));
    for (int most : List.of(PlanOptions.FEWEST_BUFFERS, 7, 60, OPENCL)) {
      Plan bounded = plan(graph, most);
      assertTrue(mostBuffers(bounded) <= most, () -> most + ": " + mostBuffers(bounded));
      assertSame(graph, values(graph), bounded, most + " buffers: ");
    }
  }

  /** Whatever the program, and however few: sums that one kernel folds are folded in its order. */
  @Test
  void noProgramHasLargerKernels() {
    int changed = 0;
    for (long seed = 0; seed < 300; seed++) {
      RandomPrograms program = new RandomPrograms(seed);
      int most = PlanOptions.FEWEST_BUFFERS + (int) (seed % 4);
      Plan bounded = plan(program.graph, most);
      String what = "seed " + seed + ", " + most + " buffers: ";
      assertTrue(mostBuffers(bounded) <= most, () -> what + mostBuffers(bounded));
      Map<Tensor, HostData> given = new HashMap<>(program.values);
      List<HostData> values = program.graph.inputs().stream().map(given::get).toList();
      assertSame(program.graph, values, bounded, what);
      changed += mostBuffers(plan(program.graph, Integer.MAX_VALUE)) > most ? 1 : 0;
    }
    assertTrue(changed > 10, "too few were to be cut: " + changed);
  }

  /** What fits is as it was. */
  @Test
  void whatHasRoomIsNotCut() {
    for (long seed = 0; seed < 100; seed++) {
      Graph graph = new RandomPrograms(seed).graph;
      assertEquals(
          plan(graph, Integer.MAX_VALUE).kernels().toString(),
          plan(graph, OPENCL).kernels().toString());
    }
  }

  @Test
  void aKernelOfFewerThanASelectionIsRefused() {
    TensorException refused =
        assertThrows(TensorException.class, () -> PlanOptions.ALL.withMostBuffers(3));
    assertEquals("plan: expected kernels of at least 4 buffers, got 3", refused.getMessage());
  }
}
