package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.jocl.CL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where a fused multiply-add is no instruction, kernels do without, and mean the same. */
class FusingTest {
  static List<Family> families() {
    return List.of(Family.processor(2), Family.card(2));
  }

  /** Functions, products that are added, rows of them, matrix products and attention. */
  private static Trial everything() {
    Tensor x = Tensor.input("x", Shape.of(2, 33, 40), DType.FLOAT32);
    Tensor y = Tensor.input("y", Shape.of(2, 40, 35), DType.FLOAT32);
    Attention attention = Attention.over(x, x.mul(0.5), x.add(1.0));
    List<Tensor> outputs =
        List.of(
            x.matmul(y),
            x.tanh().mul(x).add(x.exp()).sub(x.sigmoid()).add(x.erf()).add(x.expm1()),
            x.mul(x).sum(2),
            attention.output(),
            x.softmax(-1));
    return new Trial(
        "everything",
        new Graph(List.of(x, y), outputs),
        List.of(
            RandomKey.of(1).normal(x.shape(), DType.FLOAT32),
            RandomKey.of(2).normal(y.shape(), DType.FLOAT32)));
  }

  private static Plan plan(Graph graph) {
    int[] none = new int[graph.outputs().size()];
    Arrays.fill(none, -1);
    return Plan.of(graph, none, PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 64)));
  }

  private static List<String> sources(Plan plan, Family family) {
    List<Launch> launches = new ArrayList<>();
    MatmulDefaults tiles = new MatmulDefaults(family, MatmulLimits.LEAST);
    for (Kernel kernel : plan.kernels()) {
      launches.addAll(
          switch (kernel) {
            case Kernel.LoopKernel loops -> LoopSource.launches(loops, family);
            case Kernel.MatmulKernel matmul -> MatmulSource.of(matmul, family, tiles.of(matmul));
            case Kernel.AttentionKernel attention ->
                AttentionSource.of(attention, family, 64 << 10, 256);
            case Kernel.OperationKernel operation -> OperationSource.of(operation, family);
          });
    }
    return launches.stream().map(Launch::source).toList();
  }

  /** But once in a row, where the reciprocal that all are multiplied by has to be exact. */
  @ParameterizedTest
  @MethodSource("families")
  void noKernelCallsForOne(Family family) {
    Plan plan = plan(everything().graph());
    boolean called = false;
    for (String source : sources(plan, family.withFusing(false))) {
      for (String line : source.lines().toList()) {
        boolean ofRow = line.strip().startsWith("const float y") || line.contains("float u");
        assertFalse(line.contains("fma(") && !ofRow, line);
      }
    }
    for (String source : sources(plan, family)) {
      called |= source.contains("fma(");
    }
    assertTrue(called, "there was nothing to do without");
  }

  @ParameterizedTest
  @MethodSource("families")
  void resultsAreWithinTheSameBounds(Family family) {
    ProbeTest.assumeADevice();
    Trial trial = everything();
    List<Bounded> bounds = ErrorBound.of(trial, Arithmetic.of(Device.of("opencl:0")));
    Plan plan = plan(trial.graph());
    try (OpenClExecutable run =
        new OpenClExecutable(plan, Probe.devices().get(0).context(), family.withFusing(false))) {
      HeldToBounds.run(run, trial, bounds);
    }
  }

  /** The device says it, and what is made of it for fewer work-items says the same. */
  @Test
  void theDeviceIsAsked() {
    assertTrue(OpenClDevice.fuses(CL.CL_FP_FMA | CL.CL_FP_INF_NAN));
    assertFalse(OpenClDevice.fuses(CL.CL_FP_INF_NAN | CL.CL_FP_ROUND_TO_NEAREST));
    for (boolean fuses : List.of(true, false)) {
      Family card = Family.card(2).withFusing(fuses);
      for (int largest : List.of(1024, 32, 4)) {
        assertEquals(fuses, card.within(largest).fuses());
      }
    }
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    boolean said =
        OpenClDevice.fuses(Info.wide(device.id(), CL.CL_DEVICE_SINGLE_FP_CONFIG))
            || device.watchesMemory();
    assertEquals(said, device.cardFamily().fuses());
    assertEquals(said, device.processorFamily().fuses());
    assertEquals(said, device.family().fuses());
  }
}
