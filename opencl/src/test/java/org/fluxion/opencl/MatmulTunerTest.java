package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Tuner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Products are measured on a device, and programs then use what was found. */
class MatmulTunerTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @TempDir private Path folder;

  /** What a device would give: the product of the operands, element by element. */
  private static HostData product(Kernel.MatmulKernel kernel, HostData a, HostData b) {
    int m = kernel.m();
    int n = kernel.n();
    int k = kernel.k();
    long batch = a.elements() / m / k;
    HostData c = HostData.allocate(DType.FLOAT32, batch * m * n);
    for (long matrix = 0; matrix < batch; matrix++) {
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int p = 0; p < k; p++) {
            // The right operand is stored transposed.
            sum += a.getDouble((matrix * m + i) * k + p) * b.getDouble((matrix * n + j) * k + p);
          }
          c.setDouble((matrix * m + i) * n + j, sum);
        }
      }
    }
    return c;
  }

  @Test
  void anyWrongElementIsAFault() {
    Kernel.MatmulKernel kernel = Products.of(5, 7, 9, 3, false, true);
    ExactProduct exact = new ExactProduct(kernel);
    HostData right = product(kernel, exact.left(), exact.right());
    assertEquals(Optional.empty(), exact.fault(right));
    for (long i = 0; i < right.elements(); i++) {
      double value = right.getDouble(i);
      for (double wrong : new double[] {value + 1, Double.NaN, 0.5}) {
        right.setDouble(i, wrong);
        String row = "in row %d of 5 of product %d of 3".formatted(i / 7 % 5, i / 35);
        assertEquals(Optional.of(row), exact.fault(right));
      }
      right.setDouble(i, value);
    }
  }

  @Test
  void programsUseTheBestOfWhatWasMeasured() throws Exception {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    Family family = device.family();
    // A batch, so that the planner does not fold it into one matrix.
    Plan plan = Products.plan(40, 48, 64, 2, false, true);
    Kernel.MatmulKernel kernel = (Kernel.MatmulKernel) plan.kernels().get(0);
    MatmulTile usual = device.matmulTiles(family).of(kernel);
    MatmulTile slow =
        family.lanes() == 1
            ? new MatmulTile(1, usual.width(), usual.width(), 16, 1, 1, 1, 1)
            : new MatmulTile(2, 4, 4, 16, 8, 8, 1, 1);
    Optional<Path> here = Optional.of(folder);
    Path file;
    try (Context context = new Context(device, Limits.of(device), Optional.empty(), here)) {
      List<Double> shares = new ArrayList<>();
      Tuner tuner =
          new MatmulTuner(
              context,
              family,
              Optional.of(
                  (best, stage) ->
                      stage == TileCandidates.Stage.REGISTERS ? List.of(slow) : List.of()));
      Tuner.Tuned tuned = tuner.tune(kernel, MINUTE, shares::add);
      assertEquals(2, tuned.tried());
      assertEquals(List.of(), tuned.notes());
      assertEquals(usual.describe(), tuned.usual());
      assertTrue(tuned.bestRate() > 0 && tuned.usualRate() > 0, tuned::toString);
      assertEquals(1.0, shares.getLast());
      assertEquals(Optional.empty(), tuner.obstacle());
      file = Path.of(tuner.file().orElseThrow());
      assertTrue(Files.exists(file), file::toString);
      // Whichever was faster: the other one is what the cache is given now.
      context
          .tuned()
          .keep(tuner.classOf(kernel), Optional.of(new TunedFile.Product(slow, "", 1, 1)));
    }
    ExactProduct exact = new ExactProduct(kernel);
    try (Context context = new Context(device, Limits.of(device), Optional.empty(), here)) {
      assertEquals(slow.describe() + ", tuned", run(plan, context, family, exact));
    }
    Files.write(file, new byte[] {'{'});
    try (Context context = new Context(device, Limits.of(device), Optional.empty(), here);
        OpenClExecutable program = new OpenClExecutable(plan, context, family)) {
      assertEquals(usual.describe(), program.variant(0));
      assertEquals(1, program.notes().size(), () -> "" + program.notes());
      assertTrue(program.notes().get(0).contains(file.toString()));
    }
  }

  /** Runs a product, whose result must be right, and says how it was cut. */
  private static String run(Plan plan, Context context, Family family, ExactProduct exact) {
    HostData result = HostData.allocate(DType.FLOAT32, plan.outputs().get(0).elements());
    try (OpenClExecutable program = new OpenClExecutable(plan, context, family)) {
      program.write(0, exact.left());
      program.write(1, exact.right());
      program.run();
      program.read(0, result);
      assertEquals(Optional.empty(), exact.fault(result));
      assertEquals(List.of(), program.notes());
      assertTrue(Explanation.of(plan, program).contains("  " + program.variant(0) + "\n"));
      return program.variant(0);
    }
  }
}
