package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Inputs that the host does not wait for. */
class UploadsTest {
  private static final int N = 96;
  private static final int STEPS = 9;

  @BeforeEach
  void aDevice() {
    ProbeTest.assumeADevice();
  }

  /**
   * A step that takes the device far longer than the host needs for the next batch: the sum of what
   * was given so far, each by a product with an identity many times over.
   */
  private static Plan plan() {
    Tensor sum = Tensor.input("sum", Shape.of(N, N), DType.FLOAT32);
    Tensor one = Tensor.input("one", Shape.of(N, N), DType.FLOAT32);
    Tensor batch = Tensor.input("batch", Shape.of(N, N), DType.FLOAT32);
    Tensor slow = batch;
    for (int i = 0; i < 6; i++) {
      slow = slow.matmul(one);
    }
    return Plan.of(new Graph(List.of(sum, one, batch), List.of(sum.add(slow))), new int[] {0});
  }

  private static void fill(HostData data, int step) {
    for (int i = 0; i < N * N; i++) {
      data.setDouble(i, (i * 31 + step * 17) % 64);
    }
  }

  @Test
  void everyStepTakesWhatItWasGivenHoweverSoonThatIsChanged() {
    long held = HostMemory.held();
    try (Context context = new Context(Probe.devices().get(0))) {
      try (Executable run = new OpenClExecutable(plan(), context, new Family(4, 1, 8))) {
        HostData sum = HostData.allocate(DType.FLOAT32, N * N);
        run.write(0, sum);
        HostData one = HostData.allocate(DType.FLOAT32, N * N);
        for (int i = 0; i < N; i++) {
          one.setDouble(i * N + i, 1);
        }
        run.write(1, one);
        HostData batch = HostData.allocate(DType.FLOAT32, N * N);
        for (int step = 0; step < STEPS; step++) {
          fill(batch, step);
          run.write(2, batch);
          // What the host does next must not reach the device.
          for (int i = 0; i < N * N; i++) {
            batch.setDouble(i, 1e6);
          }
          run.run();
          run.carry();
        }
        run.readInput(0, sum);
        for (int i = 0; i < N * N; i++) {
          double expected = 0;
          for (int step = 0; step < STEPS; step++) {
            expected += (i * 31 + step * 17) % 64;
          }
          // Whole numbers, so that there is no rounding.
          assertEquals(expected, sum.getDouble(i), "element " + i);
        }
      }
      assertEquals(0, context.memory().held());
      assertEquals(held, HostMemory.held());
    }
  }

  /** Where nothing is given and nothing read, most runs are done when the last is enqueued. */
  @Test
  void aHostThatLooksAtNothingGetsAFewRunsAhead() {
    int runs = 20 * RunsAhead.MOST;
    try (Context context = new Context(Probe.devices().get(0));
        Executable run = new OpenClExecutable(plan(), context, new Family(4, 1, 8))) {
      HostData sum = HostData.allocate(DType.FLOAT32, N * N);
      // The first run may compile.
      run.run();
      run.readInput(0, sum);
      long begin = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        run.run();
      }
      long enqueued = System.nanoTime();
      run.readInput(0, sum);
      long end = System.nanoTime();
      // A twentieth is left, where the device's speed is constant.
      assertTrue(
          end - enqueued < (end - begin) / 2,
          () -> "waited for %d of %d ns".formatted(end - enqueued, end - begin));
    }
  }

  @Test
  void aRunMayEndWhileTheDeviceStillReads() {
    try (Context context = new Context(Probe.devices().get(0))) {
      Executable run = new OpenClExecutable(plan(), context, new Family(4, 1, 8));
      HostData batch = HostData.allocate(DType.FLOAT32, N * N);
      for (int step = 0; step < 3; step++) {
        run.write(2, batch);
        run.run();
      }
      run.close();
      run.close();
      assertEquals(0, context.memory().held());
      assertTrue(run.runs() == 3);
    }
  }
}
