package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Work-groups are no larger than the device, or a kernel's compiler, allows. */
class WorkGroupsTest {
  @Test
  void aCardsGroupsHaveAsManyLanesAsTheyMay() {
    Family usual = Family.card(20);
    assertEquals(usual, usual.within(1024));
    assertEquals(usual, usual.within(64));
    assertEquals(32, usual.within(63).lanes());
    assertEquals(16, usual.within(16).lanes());
    for (int few : List.of(15, 1)) {
      assertEquals(1, usual.within(few).lanes());
      assertTrue(usual.within(few).width() > 1, "a processor's kernels go by vectors");
    }
    Family processor = Family.processor(4);
    assertEquals(processor, processor.within(1));
  }

  /** Whatever the product and the device, the usual tile can be used there. */
  @ParameterizedTest
  @ValueSource(ints = {1024, 256, 255, 128, 127, 64, 32, 16, 8, 1})
  void theUsualTilesFit(int largest) {
    Family family = Family.card(20).within(largest);
    MatmulLimits limits = MatmulLimits.LEAST.within(largest);
    MatmulDefaults tiles = new MatmulDefaults(family, limits);
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      for (int n : List.of(1, 30, 200, 3000)) {
        Tensor a = Tensor.input("a", Shape.of(n, 64), dtype);
        Tensor b = Tensor.input("b", Shape.of(64, n), dtype);
        Plan plan = Plan.of(new Graph(List.of(a, b), List.of(a.matmul(b))), new int[] {-1});
        Kernel.MatmulKernel product = (Kernel.MatmulKernel) plan.kernels().getFirst();
        MatmulTile tile = tiles.of(product);
        assertEquals("", tile.obstacle(family, dtype, limits).orElse(""), tile.describe());
      }
    }
  }

  /** Rows, columns, products, attention with its tangent, and what is moved. */
  private static Trial everything() {
    Tensor x = Tensor.input("x", Shape.of(2, 70, 40), DType.FLOAT32);
    Tensor y = Tensor.input("y", Shape.of(2, 40, 50), DType.FLOAT32);
    Attention attention = Attention.over(x, x.mul(0.5), x.add(1.0));
    List<Tensor> outputs =
        List.of(
            x.matmul(y),
            x.softmax(-1),
            x.reshape(140, 40).sum(0),
            attention.output(),
            attention.logSumExp(),
            x.argMax(1),
            Tensor.concat(1, x.flip(1), x));
    return new Trial(
        "everything",
        new Graph(List.of(x, y), outputs),
        List.of(
            RandomKey.of(1).normal(x.shape(), DType.FLOAT32),
            RandomKey.of(2).normal(y.shape(), DType.FLOAT32)));
  }

  private record Ran(int largestGroup, List<String> notes, List<String> kernels) {}

  /** Runs it with other limits, holds it against the reference, and says how it was run. */
  private static Ran run(Trial trial, int largest, OptionalInt ofKernels) {
    OpenClDevice device = Probe.devices().get(0);
    int[] none = new int[trial.graph().outputs().size()];
    Arrays.fill(none, -1);
    Plan plan =
        Plan.of(trial.graph(), none, PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 64)));
    Limits limits = Limits.of(device).withGroups(largest, ofKernels);
    List<Bounded> bounds = ErrorBound.of(trial, Arithmetic.of(Device.of("opencl:0/card")));
    try (Context context = new Context(device, limits);
        OpenClExecutable run = new OpenClExecutable(plan, context, Family.card(2))) {
      HeldToBounds.run(run, trial, bounds);
      return new Ran(
          run.largestGroup(), run.notes(), plan.kernels().stream().map(Kernel::name).toList());
    }
  }

  /** What a device allows; less than sixteen work-items make it a processor. */
  @ParameterizedTest
  @CsvSource({"1024, 256", "100, 64", "20, 16", "3, 1"})
  void aDevicesLimitIsKept(int largest, int expected) {
    ProbeTest.assumeADevice();
    Ran ran = run(everything(), largest, OptionalInt.empty());
    assertEquals(expected, ran.largestGroup());
    assertEquals(List.of(), ran.notes(), "what a device always does is no news");
  }

  /**
   * What a compiler leaves a kernel is known when it is built; each that is written anew is said.
   */
  @ParameterizedTest
  @CsvSource({"90, 64", "20, 16", "3, 1"})
  void aKernelsLimitIsKeptAndSaid(int largest, int expected) {
    ProbeTest.assumeADevice();
    Ran ran = run(everything(), 1024, OptionalInt.of(largest));
    assertEquals(expected, ran.largestGroup());
    assertFalse(ran.notes().isEmpty());
    List<String> expectedNotes = new ArrayList<>();
    for (int k = 0; k < ran.kernels().size(); k++) {
      String kernel = "kernel %d, %s: the compiler of ".formatted(k, ran.kernels().get(k));
      ran.notes().stream().filter(note -> note.startsWith(kernel)).forEach(expectedNotes::add);
    }
    assertEquals(expectedNotes, ran.notes());
    for (String note : ran.notes()) {
      assertTrue(note.contains(" leaves its kernel %d work-items of ".formatted(largest)), note);
    }
  }

  @Test
  void whatFitsIsNotSaid() {
    ProbeTest.assumeADevice();
    Ran ran = run(everything(), Integer.MAX_VALUE, OptionalInt.of(256));
    assertEquals(256, ran.largestGroup());
    assertEquals(List.of(), ran.notes());
  }
}
