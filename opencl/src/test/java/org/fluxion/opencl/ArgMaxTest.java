package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The first largest element of long rows, which many work-items look for, is the reference's. */
class ArgMaxTest {
  private static final int LONG = 40_009;

  static List<Family> families() {
    return List.of(Family.processor(4), Family.card(4));
  }

  private static Plan plan(Tensor x, int axis) {
    return Plan.of(new Graph(List.of(x), List.of(x.argMax(axis))), new int[] {-1});
  }

  private static List<Launch> launches(Tensor x, int axis, Family family) {
    Kernel.OperationKernel kernel = (Kernel.OperationKernel) plan(x, axis).kernels().getFirst();
    return OperationSource.of(kernel, family);
  }

  /** No work-item looks at more than its share, however long the row is. */
  @ParameterizedTest
  @MethodSource("families")
  void aLongRowIsForMany(Family family) {
    for (int length : List.of(1 << 20, 1 << 27, Integer.MAX_VALUE)) {
      for (Tensor x :
          List.of(
              Tensor.input("x", Shape.of(1, length), DType.FLOAT32),
              Tensor.input("x", Shape.of(length, 1), DType.FLOAT32))) {
        List<Launch> launches = launches(x, x.shape().extent(0) == 1 ? 1 : 0, family);
        assertEquals(2, launches.size());
        long items = launches.getFirst().groups() * family.lanes();
        long busy = (long) family.groups() * family.lanes();
        assertTrue(items >= busy / 2, items + " work-items");
        // What they have found is for one: far less than a work-item's share was before.
        assertTrue(launches.getFirst().scratchBytes() <= (1 << 14) * 4L);
      }
    }
    assertEquals(1, launches(Tensor.input("x", Shape.of(3, 100), DType.FLOAT32), 1, family).size());
    assertEquals(
        1, launches(Tensor.input("x", Shape.of(1 << 20, 512), DType.FLOAT32), 1, family).size());
  }

  /** Values for rows of a length: of few sorts, so that the largest is there often. */
  private static List<HostData> values(DType dtype, long elements) {
    List<HostData> all = new ArrayList<>();
    for (int sort = 0; sort < 6; sort++) {
      Random random = new Random(sort);
      HostData data = HostData.allocate(dtype, elements);
      for (long i = 0; i < elements; i++) {
        data.setDouble(
            i,
            switch (sort) {
              case 0 -> random.nextInt(1000);
              case 1 -> 7;
              // The zeros are equal, whatever their sign.
              case 2 -> random.nextBoolean() ? -0.0 : 0.0;
              // The largest once, near the end.
              case 3 -> i == elements - 3 ? 1 : -random.nextInt(5);
              case 4 -> -i;
              default -> i;
            });
      }
      all.add(data);
    }
    if (dtype.isFloating()) {
      for (int count : List.of(1, 50)) {
        HostData data = HostData.allocate(dtype, elements);
        Random random = new Random(count);
        for (long i = 0; i < elements; i++) {
          data.setDouble(i, random.nextInt(9) == 0 ? Double.POSITIVE_INFINITY : i % 5);
        }
        for (int i = 0; i < count; i++) {
          data.setDouble(random.nextLong(elements), Double.NaN);
        }
        all.add(data);
      }
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("families")
  void theFirstLargestIsFound(Family family) {
    ProbeTest.assumeADevice();
    for (DType dtype : List.of(DType.FLOAT32, DType.INT64)) {
      for (int axis = 0; axis < 3; axis++) {
        int[] extents = {2, 1, 3};
        extents[axis] = LONG;
        Tensor x = Tensor.input("x", Shape.of(extents), dtype);
        assertEquals(2, launches(x, axis, family).size());
        Plan plan = plan(x, axis);
        try (Executable run =
            new OpenClExecutable(plan, Probe.devices().get(0).context(), family)) {
          for (HostData value : values(dtype, x.shape().elements())) {
            List<HostData> expected =
                ReferenceInterpreter.evaluate(plan.graph().outputs(), Map.of(x, value));
            run.write(0, value);
            run.run();
            HostData found =
                HostData.allocate(
                    plan.outputs().getFirst().dtype(), plan.outputs().getFirst().elements());
            run.read(0, found);
            for (long i = 0; i < found.elements(); i++) {
              assertEquals(
                  expected.getFirst().getLong(i),
                  found.getLong(i),
                  dtype + ", axis " + axis + ", row " + i);
            }
          }
        }
      }
    }
  }
}
