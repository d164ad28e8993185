package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products of any shape and order of their operands are those of the reference, in both families.
 */
class MatmulSourceTest {
  /** Rows, columns, inner extent and batch: ragged, tiny, longer than a tile, and flat. */
  private static final int[][] SIZES = {
    {1, 1, 1, 1},
    {7, 5, 3, 1},
    {6, 64, 17, 1},
    {65, 63, 33, 2},
    {13, 130, 70, 1},
    {3, 16, 200, 5},
    {16, 16, 32, 6},
    {150, 20, 1, 1}
  };

  private static Tensor random(int seed, DType dtype, int... extents) {
    return RandomKey.of(seed).normal(Shape.of(extents), dtype).detach();
  }

  /** An operand as it is, or as the transpose of what is stored. */
  private static Tensor operand(Tensor stored, boolean transposed) {
    return transposed ? stored.transpose() : stored;
  }

  private static void agrees(Family family, DType dtype, int[] size, boolean ta, boolean tb) {
    int m = size[0];
    int n = size[1];
    int k = size[2];
    Tensor a = ta ? random(1, dtype, size[3], k, m) : random(1, dtype, size[3], m, k);
    Tensor b = tb ? random(2, dtype, size[3], n, k) : random(2, dtype, size[3], k, n);
    Tensor x = Tensor.input("a", a.shape(), dtype);
    Tensor y = Tensor.input("b", b.shape(), dtype);
    Tensor product = operand(x, ta).matmul(operand(y, tb));
    Plan plan = Plan.of(new Graph(List.of(x, y), List.of(product)), new int[] {-1});
    HostData expected =
        ReferenceInterpreter.evaluate(List.of(product), Map.of(x, a.value(), y, b.value())).get(0);
    HostData magnitudes =
        ReferenceInterpreter.evaluate(
                List.of(product), Map.of(x, a.abs().value(), y, b.abs().value()))
            .get(0);
    HostData actual = HostData.allocate(dtype, expected.elements());
    try (Executable run = new OpenClExecutable(plan, Probe.devices().get(0).context(), family)) {
      run.write(0, a.value());
      run.write(1, b.value());
      run.run();
      run.read(0, actual);
    }
    double unit = dtype == DType.FLOAT32 ? Math.ulp(1f) : Math.ulp(1.0);
    for (long i = 0; i < expected.elements(); i++) {
      double off = Math.abs(expected.getDouble(i) - actual.getDouble(i));
      assertTrue(
          off <= (k + 1) * unit * magnitudes.getDouble(i),
          "%d × %d × %d, batch %d, %s%s, element %d: expected %s, got %s"
              .formatted(
                  m,
                  k,
                  n,
                  size[3],
                  ta ? "a transposed " : "",
                  tb ? "b transposed" : "",
                  i,
                  expected.getDouble(i),
                  actual.getDouble(i)));
    }
  }

  static List<Family> families() {
    return List.of(new Family(1, 16, 4), new Family(1, 8, 2), new Family(64, 1, 32));
  }

  @ParameterizedTest
  @MethodSource("families")
  void everyShapeAndOrder(Family family) {
    ProbeTest.assumeADevice();
    List<Boolean> both = new ArrayList<>(List.of(false, true));
    for (int[] size : SIZES) {
      for (boolean ta : both) {
        for (boolean tb : both) {
          agrees(family, DType.FLOAT32, size, ta, tb);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void doubles(Family family) {
    ProbeTest.assumeADevice();
    if (Probe.devices().get(0).has("cl_khr_fp64")) {
      agrees(family, DType.FLOAT64, new int[] {19, 21, 40, 2}, false, true);
    }
  }
}
