package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Profiler;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every launch is told of, once and in order, with the times that the device gave it. */
class LaunchTimesTest {
  private record Told(long run, int kernel, String part, long start, long nanos) {}

  private static Family family(boolean card) {
    return card ? Family.card(2) : Family.processor(2);
  }

  /** Products, rows, columns that are folded in parts, and an operation of several launches. */
  private static Plan plan() {
    Tensor x = Tensor.input("x", Shape.of(512, 96), DType.FLOAT32);
    Tensor w = Tensor.input("w", Shape.of(96, 96), DType.FLOAT32);
    Tensor product = x.matmul(w).softmax(-1);
    return Plan.of(
        new Graph(
            List.of(x, w), List.of(product.sum(0), Tensor.concat(0, product, x).cumulativeSum(0))),
        new int[] {-1, -1});
  }

  private static List<Launch> launches(Kernel kernel, Family family) {
    MatmulDefaults tiles = Probe.devices().get(0).matmulTiles(family);
    return switch (kernel) {
      case Kernel.LoopKernel loops -> LoopSource.launches(loops, family);
      case Kernel.MatmulKernel matmul -> MatmulSource.of(matmul, family, tiles.of(matmul));
      case Kernel.AttentionKernel attention -> AttentionSource.of(attention, family, 1 << 16, 256);
      case Kernel.OperationKernel operation -> OperationSource.of(operation, family);
    };
  }

  private static HostData run(Executable run, Plan plan) {
    HostData x = HostData.allocate(DType.FLOAT32, 512 * 96);
    HostData w = HostData.allocate(DType.FLOAT32, 96 * 96);
    for (int i = 0; i < 512 * 96; i++) {
      x.setDouble(i, Math.sin(i));
    }
    for (int i = 0; i < 96 * 96; i++) {
      w.setDouble(i, Math.cos(i));
    }
    run.write(0, x);
    run.write(1, w);
    run.run();
    HostData sums = HostData.allocate(DType.FLOAT32, plan.outputs().get(0).elements());
    run.read(0, sums);
    return sums;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyLaunchIsToldOfInOrder(boolean card) {
    ProbeTest.assumeADevice();
    Context context = Probe.devices().get(0).context();
    Plan plan = plan();
    List<Told> told = new ArrayList<>();
    int runs = 3;
    long begin = System.nanoTime();
    HostData timed;
    try (Executable run =
        new OpenClExecutable(
            plan,
            context,
            family(card),
            Optional.of(
                (r, kernel, part, start, nanos) ->
                    told.add(new Told(r, kernel, part, start, nanos))))) {
      timed = run(run, plan);
      for (int more = 1; more < runs; more++) {
        // Not read: told of when the executable is closed.
        run.run();
      }
    }
    long wall = System.nanoTime() - begin;

    List<List<Object>> expected = new ArrayList<>();
    for (long r = 0; r < runs; r++) {
      for (int k = 0; k < plan.kernels().size(); k++) {
        List<Launch> all = launches(plan.kernels().get(k), family(card));
        boolean alone = all.stream().map(Launch::name).distinct().count() == 1;
        for (Launch launch : all) {
          expected.add(List.of(r, k, alone ? "" : launch.name()));
        }
      }
    }
    assertEquals(
        expected, told.stream().map(t -> List.<Object>of(t.run(), t.kernel(), t.part())).toList());
    long end = begin;
    for (Told launch : told) {
      assertTrue(launch.nanos() >= 0, launch::toString);
      assertTrue(launch.start() >= end, () -> launch + " began before the one before it ended");
      end = launch.start() + launch.nanos();
    }
    assertTrue(told.stream().mapToLong(Told::nanos).sum() <= wall);

    try (Executable run = new OpenClExecutable(plan, context, family(card))) {
      assertEquals(Optional.empty(), run.nanos());
      assertArrayEquals(bits(run(run, plan)), bits(timed));
    }
  }

  private static long[] bits(HostData data) {
    long[] bits = new long[Math.toIntExact(data.elements())];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits((float) data.getDouble(i)));
    return bits;
  }

  /** How much refers to a context: programs, memory, and events that nobody has released. */
  private static int references(Context context) {
    cl_command_queue queue = context.queue(false);
    try {
      cl_context of = new cl_context();
      CL.clGetCommandQueueInfo(queue, CL.CL_QUEUE_CONTEXT, Sizeof.cl_context, Pointer.to(of), null);
      int[] count = new int[1];
      CL.clGetContextInfo(
          of, CL.CL_CONTEXT_REFERENCE_COUNT, Sizeof.cl_uint, Pointer.to(count), null);
      return count[0];
    } finally {
      CL.clReleaseCommandQueue(queue);
    }
  }

  /** A run of which nobody has been told, by a listener that refers to it, and fails. */
  private static Executable untold(Context context) {
    List<Executable> told = new ArrayList<>();
    Executable run =
        new OpenClExecutable(
            plan(),
            context,
            family(false),
            Optional.of(
                (_, _, _, _, _) -> {
                  throw new UncheckedIOException(new IOException("told by " + told.getFirst()));
                }));
    told.add(run);
    run.run();
    return run;
  }

  @Test
  void launchesThatAreNotToldOfAreReleasedWithTheRun() throws InterruptedException {
    ProbeTest.assumeADevice();
    try (Context context = new Context(Probe.devices().get(0))) {
      new OpenClExecutable(plan(), context, family(false)).close();
      int before = references(context);

      Executable fails = untold(context);
      assertTrue(references(context) > before, "nothing is held");
      assertThrows(UncheckedIOException.class, fails::close);
      assertEquals(0, context.memory().held());
      assertEquals(before, references(context));
      fails.close();

      // Nobody closes this one.
      untold(context);
      for (int i = 0; i < 200 && references(context) > before; i++) {
        System.gc();
        Thread.sleep(10);
      }
      assertEquals(0, context.memory().held());
      assertEquals(before, references(context));
    }
  }

  @Test
  void aProfilersDeviceCompilesAsItsOwnDoes() {
    ProbeTest.assumeADevice();
    Device device = Device.of("opencl");
    Device measured = Profiler.of(device).device();
    assertEquals(device.planOptions(), measured.planOptions());
    assertEquals(device.name(), measured.name());
    assertEquals(device.description(), measured.description());
    assertEquals(device.memoryBytes(), measured.memoryBytes());
    assertEquals(device.toString(), measured.toString());
  }
}
