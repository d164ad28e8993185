package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.List;
import org.fluxion.opencl.Pool;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tests.bench.TrainingPrograms;
import org.fluxion.tests.bench.TrainingPrograms.Objective;
import org.fluxion.tests.bench.TrainingPrograms.Running;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A step of training leaves nothing behind. */
class LongRunTest {
  /** By then everything is made that a run needs. */
  private static final int SETTLED = 10;

  private static final int STEPS = 1000;

  /** What is made while code gets warm, such as the classes of loops, is no step's doing. */
  private static final int WARM = 100;

  /** A step that left as little as the tensor of its metrics would leave more. */
  private static final long HEAP_BYTES_A_STEP = 64;

  private static final double LEARNING_RATE = 1e-3;

  /** What is held: of devices by programs, of the host's memory by programs, and of Java's heap. */
  private record Held(int buffers, long deviceBytes, long hostBytes, long heapBytes) {
    static Held now() {
      long heap = Long.MAX_VALUE;
      for (int i = 0; i < 4; i++) {
        System.gc();
        heap = Math.min(heap, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
      }
      return new Held(Pool.buffers(), Pool.bytes(), HostMemory.held(), heap);
    }
  }

  /**
   * The interpreter holds no memory of its own, and would take minutes; what kernels do is no
   * matter here, so that one family is enough.
   */
  static List<String> devices() {
    return Devices.names().stream()
        .filter(name -> !name.equals("reference") && !name.endsWith("/card"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aThousandStepsHoldWhatTenDo(String name) {
    Device device = Devices.open(name);
    TrainingPrograms programs =
        new TrainingPrograms(TrainingStepsTest.SMALL, TrainingStepsTest.BATCH, Objective.FLOW);
    try (Running warm = programs.start(device)) {
      steps(warm, WARM);
    }
    Held idle = Held.now();
    try (Running run = programs.start(device)) {
      steps(run, SETTLED);
      Held settled = Held.now();
      assertTrue(
          settled.hostBytes() + settled.deviceBytes() > idle.hostBytes() + idle.deviceBytes());
      steps(run, STEPS - SETTLED);
      Held end = Held.now();
      assertEquals(settled.buffers(), end.buffers());
      assertEquals(settled.deviceBytes(), end.deviceBytes());
      assertEquals(settled.hostBytes(), end.hostBytes());
      long grown = end.heapBytes() - settled.heapBytes();
      assertTrue(
          grown < HEAP_BYTES_A_STEP * (STEPS - SETTLED),
          () -> "the heap has grown by %,d bytes: %s, then %s".formatted(grown, settled, end));
    }
    Held after = Held.now();
    assertEquals(idle.buffers(), after.buffers());
    assertEquals(idle.deviceBytes(), after.deviceBytes());
    assertEquals(idle.hostBytes(), after.hostBytes());
  }

  private static void steps(Running run, int count) {
    for (int i = 0; i < count; i++) {
      double loss = run.step(LEARNING_RATE)[0];
      assertTrue(Double.isFinite(loss), "loss " + loss);
    }
  }
}
