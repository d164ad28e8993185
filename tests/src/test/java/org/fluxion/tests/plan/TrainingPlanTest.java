package org.fluxion.tests.plan;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.fluxion.autodiff.Jvp;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.nn.LayerNorm;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.cpu.CpuExecutable;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tests.bench.TrainingPrograms;
import org.fluxion.tests.bench.TrainingPrograms.Objective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the plan of a whole training step promises: memory, kernels, and how they grow. */
class TrainingPlanTest {
  private static final DiffusionTransformer DEMO =
      new DiffusionTransformer(16, 4, 1, 128, 6, 4, 10, 2, false);

  private static TrainingPrograms step(int depth, Objective objective) {
    return new TrainingPrograms(
        new DiffusionTransformer(8, 2, 1, 32, depth, 2, 10, 1, false), 8, objective);
  }

  private static Plan plan(TrainingPrograms step) {
    return step.compile(Device.cpu(1)).plan();
  }

  /** A device that, as OpenCL ones, has kernels for attention. Nothing runs on it. */
  private record Attentive(int mostBuffers) implements Device {
    Attentive() {
      this(Integer.MAX_VALUE);
    }

    @Override
    public String name() {
      return "attentive";
    }

    @Override
    public PlanOptions planOptions() {
      return PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 128)).withMostBuffers(mostBuffers);
    }

    @Override
    public Executable prepare(Plan plan) {
      throw new UnsupportedOperationException("only plans are looked at");
    }
  }

  @Test
  void theDetachedTangentKeepsNothingAlive() {
    TrainingPrograms demo = TrainingPrograms.demo(Objective.FLOW);
    Plan flow = plan(demo);
    Plan mean = plan(TrainingPrograms.demo(Objective.MEAN));
    long state =
        demo.state().leaves().stream()
            .mapToLong(t -> t.shape().elements() * t.dtype().bytes())
            .sum();
    double flowBytes = Explanation.plannedBytes(flow);
    assertTrue(
        Explanation.keptBytes(flow) <= residualBytes(128, DEMO), () -> Explanation.of(flow, null));
    assertTrue(
        flowBytes <= 1.3 * (state + Explanation.keptBytes(flow)),
        () -> state + " bytes of state\n" + Explanation.of(flow, null));
    assertTrue(
        Explanation.plannedBytes(mean) <= 1.2 * flowBytes,
        () -> Explanation.of(flow, null) + Explanation.of(mean, null));
  }

  /**
   * What the backward pass of a transformer needs by the book. For each token and block: the input
   * of both halves, normalised and modulated, queries, keys and values, the attention's output and
   * its projection, the hidden layer before and after its activation, each 4 wide, and its
   * projection: 18 widths. For each pair of tokens and head the logits and the weights; for each
   * image the 6 modulations; a few numbers for each row that is normalised. And the gradient.
   */
  private static long residualBytes(int batch, DiffusionTransformer model) {
    long tokens =
        (long) (model.inputSize() / model.patchSize()) * (model.inputSize() / model.patchSize());
    long eachImage =
        18 * tokens * model.width()
            + 2 * tokens * tokens * model.heads()
            + 6L * model.width()
            + 8 * tokens;
    return Float.BYTES
        * (model.depth() * batch * eachImage + model.initialise(RandomKey.of(0)).count());
  }

  @Test
  void theExplanationListsKernelsBytesOperationsAndMemory() {
    Program<?, ?, ?> program = step(2, Objective.FLOW).compile(Device.cpu(1));
    String text = program.explain();
    for (String part : List.of("MB moved", "MFLOP", "matmul", "planned memory", "kept through")) {
      assertTrue(text.contains(part), part + " is missing in\n" + text);
    }
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void depthAddsNoKindOfKernel(Objective objective) {
    // From three blocks on, there is a first one, a last one, and one between.
    for (Device device : List.of(Device.cpu(1), new Attentive())) {
      Plan shallow = step(4, objective).compile(device).plan();
      Plan deep = step(8, objective).compile(device).plan();
      assertEquals(structures(shallow).size(), structures(deep).size(), device.name());
      assertTrue(deep.kernels().size() < 2 * shallow.kernels().size());
    }
  }

  /** What OpenCL promises of arguments has room for every kernel: none is cut for it. */
  @ParameterizedTest
  @EnumSource(Objective.class)
  void aDevicesArgumentsSuffice(Objective objective) {
    Plan free = step(8, objective).compile(new Attentive()).plan();
    Plan bounded = step(8, objective).compile(new Attentive(124)).plan();
    assertEquals(
        free.kernels().stream().map(Kernel::structure).toList(),
        bounded.kernels().stream().map(Kernel::structure).toList());
  }

  private static Set<String> structures(Plan plan) {
    return plan.kernels().stream().map(Kernel::structure).collect(Collectors.toSet());
  }

  private record Point(Tensor x, Tensor shift, Tensor scale) implements Tree<Point> {
    @Override
    public List<Tensor> leaves() {
      return List.of(x, shift, scale);
    }

    @Override
    public Point withLeaves(List<Tensor> leaves) {
      return new Point(leaves.get(0), leaves.get(1), leaves.get(2));
    }
  }

  private static Point point(String prefix) {
    return new Point(
        Tensor.input(prefix + "x", Shape.of(8, 16, 128), DType.FLOAT32),
        Tensor.input(prefix + "shift", Shape.of(8, 1, 128), DType.FLOAT32),
        Tensor.input(prefix + "scale", Shape.of(8, 1, 128), DType.FLOAT32));
  }

  @Test
  void aModulatedNormAndItsTangentAreOneLaunch() {
    Point at = point("");
    Point along = point("d");
    LayerNorm norm = new LayerNorm(128, false, 1e-6);
    Jvp<Tensor> y =
        jvp(p -> norm.apply(Parameters.empty(), p.x).mul(p.scale.add(1)).add(p.shift), at, along);
    List<Tensor> inputs =
        java.util.stream.Stream.of(at, along).flatMap(p -> p.leaves().stream()).toList();
    Graph graph = new Graph(inputs, List.of(y.value(), y.tangent()));
    Plan plan = Plan.of(graph, new int[] {-1, -1});
    assertEquals(1, plan.kernels().size(), () -> Explanation.of(plan, null));
    long boundary =
        java.util.stream.Stream.concat(inputs.stream(), graph.outputs().stream())
            .mapToLong(t -> t.shape().elements() * t.dtype().bytes())
            .sum();
    assertTrue(plan.kernels().get(0).bytes() <= 1.1 * boundary);
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void theArenaIsUsedAsPlannedAndNothingIsReadBeforeItIsWritten(Objective objective) {
    TrainingPrograms step = step(3, objective);
    Plan plan = plan(step);
    List<Tensor> inputs = step.inputs();
    float[] clean = metrics(plan, inputs, false);
    float[] poisoned = metrics(plan, inputs, true);
    assertTrue(Float.isFinite(clean[0]) && Float.isFinite(clean[clean.length - 1]));
    assertArrayEquals(clean, poisoned);
  }

  private static float[] metrics(Plan plan, List<Tensor> inputs, boolean poisoned) {
    try (CpuExecutable run = new CpuExecutable(plan, 1)) {
      for (int i = 0; i < inputs.size(); i++) {
        run.write(i, inputs.get(i).value());
      }
      if (poisoned) {
        run.poison();
      }
      run.run();
      if (poisoned) {
        double planned = plan.arena().bytes();
        assertEquals(planned, run.touched(), 0.02 * planned);
      }
      int last = plan.outputs().size() - 1;
      HostData metrics = HostData.allocate(DType.FLOAT32, plan.outputs().get(last).elements());
      run.read(last, metrics);
      float[] values = new float[(int) metrics.elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) metrics.getDouble(i);
      }
      return values;
    }
  }
}
