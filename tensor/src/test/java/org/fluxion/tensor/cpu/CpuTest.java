package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.RandomGraphs;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;

/** Whatever the planner and the cpu backend make of a graph, it means what the reference says. */
class CpuTest {
  @Property(tries = 300, seed = "8511")
  void computesWhatTheReferenceComputes(@ForAll long seed) {
    agrees(RandomGraphs.of(seed, 50), seed);
  }

  @Property(tries = 150, seed = "4386")
  void noPassChangesWhatIsComputed(
      @ForAll long seed, @ForAll @IntRange(max = PlanOptions.PASSES - 1) int pass) {
    agrees(RandomGraphs.of(seed, 50), seed, PlanOptions.without(pass));
  }

  /** Loops over many elements are split, and so are sums of many. */
  @Property(tries = 8, seed = "3217")
  void computesWhatTheReferenceComputesWhereLoopsAreSplit(@ForAll long seed) {
    // Sums of 10⁵ elements lose more, and what is left of their differences is small.
    int[] none = {-1, -1, -1};
    agrees(RandomGraphs.large(seed, 25, DType.FLOAT64), seed, PlanOptions.ALL, none, 1e-6);
  }

  @Property(tries = 150, seed = "4538")
  void writesOverInputsWhatTheReferenceComputes(@ForAll long seed) {
    Graph graph = RandomGraphs.step(seed, 50, DType.FLOAT64);
    agrees(graph, seed, PlanOptions.ALL, RandomGraphs.donations(graph, seed), 1e-10);
  }

  static void agrees(Graph graph, long seed) {
    agrees(graph, seed, PlanOptions.ALL);
  }

  private static void agrees(Graph graph, long seed, PlanOptions options) {
    int[] none = new int[graph.outputs().size()];
    Arrays.fill(none, -1);
    agrees(graph, seed, options, none, 1e-10);
  }

  private static void agrees(
      Graph graph, long seed, PlanOptions options, int[] donations, double tolerance) {
    Random random = new Random(seed);
    Map<Tensor, HostData> bindings = new HashMap<>();
    for (Tensor input : graph.inputs()) {
      HostData data = HostData.allocate(input.dtype(), input.shape().elements());
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, random.nextDouble() * 2 - 1);
      }
      bindings.put(input, data);
    }
    List<HostData> expected = ReferenceInterpreter.evaluate(graph.outputs(), bindings);
    Plan plan = Plan.of(graph, donations, options);
    List<HostData> first = null;
    for (int threads = 1; threads <= 2; threads++) {
      List<HostData> actual =
          run(plan, graph.inputs().stream().map(bindings::get).toList(), threads);
      first = first == null ? actual : first;
      for (int o = 0; o < graph.outputs().size(); o++) {
        double largest = 1;
        for (long i = 0; i < actual.get(o).elements(); i++) {
          largest = Math.max(largest, Math.abs(expected.get(o).getDouble(i)));
        }
        for (long i = 0; i < actual.get(o).elements(); i++) {
          double a = actual.get(o).getDouble(i);
          double e = expected.get(o).getDouble(i);
          if (Double.compare(a, e) != 0 && !(Math.abs(a - e) <= tolerance * largest)) {
            fail(
                "output %d %s, element %d: expected %s, got %s; %s"
                    .formatted(o, graph.outputs().get(o).shape(), i, e, a, plan.kernels()));
          }
          // No bit hangs on the number of threads.
          if (Double.compare(a, first.get(o).getDouble(i)) != 0) {
            fail(
                "output %d, element %d: %s by one thread, %s by %d; %s"
                    .formatted(o, i, first.get(o).getDouble(i), a, threads, plan.kernels()));
          }
        }
      }
    }
    assertEquals(graph.outputs().size(), plan.outputs().size());
  }

  private static List<HostData> run(Plan plan, List<HostData> inputs, int threads) {
    List<HostData> outputs = new ArrayList<>();
    try (Executable run = new CpuExecutable(plan, threads)) {
      for (int i = 0; i < inputs.size(); i++) {
        run.write(i, inputs.get(i));
      }
      run.run();
      for (int o = 0; o < plan.outputs().size(); o++) {
        Tensor output = plan.graph().outputs().get(o);
        HostData data = HostData.allocate(output.dtype(), output.shape().elements());
        run.read(o, data);
        outputs.add(data);
      }
    }
    return outputs;
  }

  @net.jqwik.api.Example
  void aLayerNormIsOneKernel() {
    Tensor x = Tensor.input("x", org.fluxion.tensor.Shape.of(64, 96), DType.FLOAT64);
    Tensor mean = x.mean(1).reshape(org.fluxion.tensor.Shape.of(64, 1));
    Tensor centred = x.sub(mean);
    Tensor variance = centred.square().mean(1).reshape(org.fluxion.tensor.Shape.of(64, 1));
    Tensor y = centred.div(variance.add(1e-6).sqrt());
    Graph graph = new Graph(List.of(x), List.of(y));
    agrees(graph, 7);
    assertEquals(1, Plan.of(graph, new int[] {-1}).kernels().size());
  }
}
