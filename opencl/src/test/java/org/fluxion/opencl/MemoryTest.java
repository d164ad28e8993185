package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory that is too small, too small in one piece, or taken by what then fails. */
class MemoryTest {
  private static final Family ONE = new Family(1, 8, 8);

  /** More work-items than any device has in a group, so that every launch is refused. */
  private static final Family REFUSED = new Family(1 << 16, 1, 8);

  @BeforeEach
  void aDevice() {
    ProbeTest.assumeADevice();
  }

  private static OpenClDevice device() {
    return Probe.devices().get(0);
  }

  /** Some matrix products and rows between them, all of the same size. */
  private static Plan plan(int n, DType dtype) {
    Tensor x = Tensor.input("images", Shape.of(n, n), dtype);
    Tensor y = x.matmul(x).softmax(-1);
    Tensor z = y.matmul(x).add(y).matmul(y.transpose()).exp();
    return Plan.of(new Graph(List.of(x), List.of(z, z.matmul(y).sum(0))), new int[] {0, -1});
  }

  private static List<byte[]> run(Executable run, int steps) {
    Tensor x = RandomKey.of(1).uniform(run.plan().graph().inputs().get(0).shape(), DType.FLOAT32);
    run.write(0, x.value());
    List<byte[]> results = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      run.run();
      for (int o = 0; o < run.plan().outputs().size(); o++) {
        HostData data = HostData.allocate(DType.FLOAT32, run.plan().outputs().get(o).elements());
        run.read(o, data);
        results.add(data.segment().toArray(ValueLayout.JAVA_BYTE));
      }
      run.carry();
    }
    return results;
  }

  private static void fails(String expected, Plan plan, Context context) {
    long held = HostMemory.held();
    TensorException e =
        assertThrows(TensorException.class, () -> new OpenClExecutable(plan, context, ONE).close());
    assertTrue(e.getMessage().matches(expected), e.getMessage());
    // Whatever has been taken is given back, and the next program runs.
    assertEquals(0, context.memory().buffers());
    assertEquals(0, context.memory().held());
    assertEquals(held, HostMemory.held());
    try (Executable run = new OpenClExecutable(plan(8, DType.FLOAT32), context, ONE)) {
      assertEquals(2, run(run, 1).size());
      assertEquals(run.bytes(), context.memory().held());
      assertTrue(context.memory().buffers() > 0);
    }
    assertEquals(0, context.memory().buffers());
    assertEquals(0, context.memory().held());
    assertEquals(held, HostMemory.held());
  }

  @Test
  void aProgramFarTooLargeSaysWhatToDoAndTheNextOneRuns() {
    try (Context context = new Context(device())) {
      // Each of them could be had alone.
      long each = device().largestAllocation() / 2;
      int n = (int) Math.sqrt(each / 4.0);
      List<Tensor> inputs = new ArrayList<>();
      for (long bytes = 0; bytes < 8 * device().memoryBytes(); bytes += each) {
        inputs.add(Tensor.input("images" + inputs.size(), Shape.of(n, n), DType.FLOAT32));
      }
      Plan large = Plan.of(new Graph(inputs, List.of(inputs.get(0).exp())), new int[] {-1});
      fails(
          "opencl:0: the program needs [0-9,]+ MiB, and [0-9,]+ MiB are free \\("
              + Pattern.quote(device().model())
              + " has [0-9,]+ MiB, of which other runs of this process hold 0 MiB\\); the largest"
              + " of"
              + " its tensors: images0 float32 \\[%1$d, %1$d\\] = [0-9.]+ MiB, images1 .*\\. Make the"
                  .formatted(n)
              + " batch or the model smaller, or close other runs",
          large,
          context);
    }
  }

  @Test
  void whatTheHostLacksIsNotAskedOfADeviceThatSharesItsMemory() {
    assumeTrue(device().sharesHostMemory(), "SKIPPED, because the device has its own memory");
    String limit = System.getProperty("fluxion.memory");
    System.setProperty("fluxion.memory", "1M");
    try (Context context = new Context(device())) {
      fails("memory: the program needs [0-9,]+ MiB, and .*", plan(512, DType.FLOAT32), context);
    } finally {
      restore(limit);
    }
  }

  @Test
  void aTensorThatIsLargerThanOnePieceOfMemoryIsNamed() {
    Limits limits = new Limits(1 << 30, 1 << 20, 1 << 20);
    try (Context context = new Context(device(), limits)) {
      fails(
          "opencl:0: images float32 \\[513, 512\\] = 1.0 MiB takes 2 MiB, more than the 1 MiB that"
              + " .* gives in one piece\\. Make the batch or the model smaller, or use another"
              + " device",
          oneInput(513),
          context);
      // Two temporary values of 1 MiB lie in two pieces, and are not too large.
      new OpenClExecutable(oneInput(512), context, ONE).close();
    }
  }

  @Test
  void aProgramThatTheDriverRefusesIsNotCountedAmongTheOtherRuns() {
    // More than the driver gives in one piece, which is held back from nothing here.
    int n = (int) Math.sqrt(device().largestAllocation() / 4.0) + 1;
    Limits limits = new Limits(1L << 50, 1L << 50, 1 << 20);
    String limit = System.getProperty("fluxion.memory");
    System.setProperty("fluxion.memory", "1000000G");
    try (Context context = new Context(device(), limits)) {
      fails(
          "opencl:0: the program needs [0-9,]+ MiB, and 1,073,741,824 MiB are free \\("
              + Pattern.quote(device().model())
              + " has 1,073,741,824 MiB, of which other runs of this process hold 0 MiB\\), but the"
              + " driver gives less: CL_[A-Z_]+; .*",
          plan(n, DType.FLOAT32),
          context);
    } finally {
      restore(limit);
    }
  }

  /** Gives the host the limit again that it had, if any. */
  private static void restore(String limit) {
    if (limit == null) {
      System.clearProperty("fluxion.memory");
    } else {
      System.setProperty("fluxion.memory", limit);
    }
  }

  private static Plan oneInput(int rows) {
    Tensor x = Tensor.input("images", Shape.of(rows, 512), DType.FLOAT32);
    Tensor y = x.argSort(-1).cast(DType.FLOAT32);
    return Plan.of(
        new Graph(List.of(x), List.of(y.argSort(0).cast(DType.FLOAT32).sum())), new int[] {-1});
  }

  @ParameterizedTest
  @ValueSource(strings = {"processor", "card"})
  void valuesInManyPiecesOfMemoryAreTheSameBits(String form) {
    Family family = form.equals("card") ? Family.card(4) : Family.processor(4);
    Plan plan = plan(30, DType.FLOAT32);
    // Enough for one tensor, and for a product's packed operand.
    Limits limits = new Limits(1 << 30, 4000, 96);
    assertTrue(plan.arena().slabs(limits.allocation()).sizes().size() > 1, "one piece is enough");
    try (Context whole = new Context(device());
        Context pieces = new Context(device(), limits);
        Executable expected = new OpenClExecutable(plan, whole, family);
        Executable got = new OpenClExecutable(plan, pieces, family)) {
      List<byte[]> values = run(expected, 3);
      List<byte[]> others = run(got, 3);
      for (int i = 0; i < values.size(); i++) {
        assertArrayEquals(values.get(i), others.get(i), "result " + i);
      }
    }
  }

  @Test
  void aKernelThatTheDriverRefusesIsNamedAndTheRunIsOver() {
    Limits limits =
        Limits.of(device()).withGroups(Integer.MAX_VALUE, OptionalInt.of(Integer.MAX_VALUE));
    try (Context context = new Context(device(), limits)) {
      Executable run = new OpenClExecutable(plan(8, DType.FLOAT32), context, REFUSED);
      HostData data = HostData.allocate(DType.FLOAT32, 64);
      run.write(0, data);
      String message = assertThrows(TensorException.class, run::run).getMessage();
      assertTrue(
          message.matches(
              "opencl:0: running kernel [0-9]+, [^:]+ failed on .*: CL_INVALID_WORK_GROUP_SIZE\\."
                  + " .*"),
          message);
      String after = assertThrows(IllegalStateException.class, run::run).getMessage();
      assertTrue(after.contains("start another from its program"), after);
      assertThrows(IllegalStateException.class, () -> run.read(0, data));
      assertThrows(IllegalStateException.class, run::carry);
      run.close();
      run.close();
      assertEquals(0, context.memory().buffers());
      assertEquals(0, context.memory().held());
      assertThrows(IllegalStateException.class, run::run);
    }
  }

  @Test
  void whatCannotBeLoweredHoldsNothing() {
    Plan plan = plan(8, DType.FLOAT32);
    Kernel unknown =
        new Kernel.OperationKernel(
            new Op.Exp(),
            plan.inputs(),
            List.of(Shape.of(8, 8)),
            plan.outputs().get(0),
            Shape.of(8, 8));
    try (Context context = new Context(device())) {
      assertThrows(
          OpenClException.class,
          () -> new OpenClExecutable(plan.withKernels(List.of(unknown)), context, ONE));
      assertEquals(0, context.memory().buffers());
      assertEquals(0, context.memory().held());
    }
  }
}
