package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** What nobody closes is given back when it is collected, its threads too. */
class DroppedRunTest {
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private static final Tensor X = Tensor.input("x", Shape.of(300, 1000), DType.FLOAT32);
  private static final Plan PLAN =
      Plan.of(new Graph(List.of(X), List.of(X.exp().sum(1))), new int[] {-1});

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("fluxion-cpu-[0-9]+"))
        .count();
  }

  private static void await(BooleanSupplier reached) {
    long start = System.nanoTime();
    while (!reached.getAsBoolean() && System.nanoTime() - start < PATIENCE_NANOS) {
      System.gc();
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
    assertTrue(reached.getAsBoolean());
  }

  /** In a method of its own, so that no frame refers to what it drops. */
  private static void runAndDrop() {
    CpuExecutable run = new CpuExecutable(PLAN, 3);
    run.write(0, HostData.allocate(DType.FLOAT32, 300_000));
    run.run();
    HostData sums = HostData.allocate(DType.FLOAT32, 300);
    run.read(0, sums);
    assertEquals(1000, sums.getDouble(299));
    assertTrue(HostMemory.held() >= run.bytes());
  }

  @Test
  void aDroppedRunGivesBackItsMemoryAndItsThreads() {
    long before = HostMemory.held();
    long threads = threads();
    for (int i = 0; i < 5; i++) {
      runAndDrop();
    }
    await(() -> HostMemory.held() <= before && threads() <= threads);
  }

  @Test
  void closingTwiceGivesBackOnce() {
    CpuExecutable run = new CpuExecutable(PLAN, 2);
    long held = HostMemory.held();
    long bytes = run.bytes();
    run.close();
    run.close();
    assertEquals(held - bytes, HostMemory.held());
    assertThrows(IllegalStateException.class, run::run);
  }

  @Test
  void aPlanThatCannotBeLoweredHoldsNothing() {
    Kernel.OperationKernel known =
        new Kernel.OperationKernel(
            new Op.Exp(), PLAN.inputs(), List.of(X.shape()), PLAN.outputs().get(0), Shape.of(300));
    Plan broken = PLAN.withKernels(List.of(known));
    long before = HostMemory.held();
    assertThrows(IllegalStateException.class, () -> new CpuExecutable(broken, 2));
    assertEquals(before, HostMemory.held());
  }
}
