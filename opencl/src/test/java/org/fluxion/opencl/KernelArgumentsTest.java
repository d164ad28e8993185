package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No kernel has more arguments than a device takes. */
class KernelArgumentsTest {
  private static final int TERMS = 300;

  /** The bytes of a launch's arguments: buffers, scratch memory, numbers, the first group. */
  private static long bytes(Launch launch) {
    int pointers = launch.buffers().size() + (launch.scratchBytes() > 0 ? 1 : 0) + 1;
    return 8L * pointers + 8;
  }

  @Test
  void argumentsTakeNoMoreBytesThanThereAre() {
    for (int pointer : List.of(4, 8)) {
      for (int bytes = 256; bytes <= 4352; bytes += 4) {
        int most = OpenClDevice.mostBuffers(bytes, pointer);
        // The last argument is aligned to its own size.
        int before = Math.ceilDiv((most + 2) * pointer, 8) * 8;
        assertTrue(before + 8 <= bytes, bytes + " bytes: " + most);
        assertTrue(before + 8 + 3 * pointer > bytes - 8, bytes + " bytes: " + most);
      }
    }
    assertEquals(124, OpenClDevice.mostBuffers(1024, 8));
  }

  /** By the device's own figure, and by the least that any profile of OpenCL promises. */
  static List<Integer> figures() {
    return List.of(
        Probe.devices().stream().findFirst().map(OpenClDevice::mostBuffers).orElse(124),
        OpenClDevice.mostBuffers(256, 8));
  }

  @ParameterizedTest
  @MethodSource("figures")
  void aSumOfManyTensorsIsSeveralKernels(int most) {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    List<Tensor> inputs = new ArrayList<>();
    Tensor sum = null;
    for (int i = 0; i < TERMS; i++) {
      Tensor term = Tensor.input("x" + i, Shape.of(3, 7), DType.FLOAT32);
      inputs.add(term);
      sum = sum == null ? term : sum.add(term);
    }
    Graph graph = new Graph(inputs, List.of(sum));
    Plan plan = Plan.of(graph, new int[] {-1}, PlanOptions.ALL.withMostBuffers(most));
    for (Kernel kernel : plan.kernels()) {
      for (Launch launch : LoopSource.launches((Kernel.LoopKernel) kernel, device.family())) {
        assertTrue(bytes(launch) <= 8L * (most + 2) + 16, () -> bytes(launch) + " bytes");
      }
    }
    assertTrue(plan.kernels().size() >= TERMS / most, plan.kernels()::toString);
    try (Executable run = new OpenClExecutable(plan, device.context(), device.family())) {
      for (int i = 0; i < TERMS; i++) {
        HostData data = HostData.allocate(DType.FLOAT32, 21);
        for (long e = 0; e < 21; e++) {
          // Sums of small integers are exact.
          data.setDouble(e, i * (e + 1) % 97);
        }
        run.write(i, data);
      }
      run.run();
      HostData result = HostData.allocate(DType.FLOAT32, 21);
      run.read(0, result);
      for (long e = 0; e < 21; e++) {
        double expected = 0;
        for (int i = 0; i < TERMS; i++) {
          expected += i * (e + 1) % 97;
        }
        assertEquals(expected, result.getDouble(e), "element " + e);
      }
    }
  }

  /** The planner is told. */
  @Test
  void theDevicesFigureIsThePlans() {
    ProbeTest.assumeADevice();
    OpenClDevice device = Probe.devices().get(0);
    for (String form : List.of("", "/card", "/processor")) {
      assertEquals(
          device.mostBuffers(), Device.of("opencl:0" + form).planOptions().mostBuffers(), form);
    }
    // What a pointer takes at the most, of the least that the full profile promises.
    assertTrue(device.mostBuffers() >= 124, () -> "" + device.mostBuffers());
  }
}
