package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.LaunchListener;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_mem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After a failure that ends a context the next program has another; what else failed changes
 * nothing.
 */
class LostContextTest {
  private static final Family ONE = new Family(1, 8, 8);

  private static OpenClDevice aDevice() {
    ProbeTest.assumeADevice();
    OpenClDevice known = Probe.devices().get(0);
    return new OpenClDevice(known.number(), known.platform(), known.id());
  }

  private static Plan plan() {
    Tensor x = Tensor.input("x", Shape.of(40), DType.FLOAT32);
    return Plan.of(new Graph(List.of(x), List.of(x.add(1.0))), new int[] {-1});
  }

  private static OpenClExecutable run(Context context, Optional<LaunchListener> listener) {
    return new OpenClExecutable(plan(), context, ONE, listener);
  }

  private static double last(Executable run) {
    HostData data = HostData.allocate(DType.FLOAT32, 40);
    data.setDouble(39, 6);
    run.write(0, data);
    run.run();
    HostData result = HostData.allocate(DType.FLOAT32, 40);
    run.read(0, result);
    return result.getDouble(39);
  }

  /** A driver that fails with a status when results are waited for. */
  private static LaunchListener failing(int status) {
    return (_, _, _, _, _) -> {
      throw new CLException("planted", status);
    };
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        CL.CL_OUT_OF_RESOURCES,
        CL.CL_INVALID_CONTEXT,
        CL.CL_INVALID_COMMAND_QUEUE,
        CL.CL_DEVICE_NOT_AVAILABLE,
        CL.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
        -9999
      })
  void theNextProgramHasAnotherContext(int status) {
    OpenClDevice device = aDevice();
    Context first = device.context();
    try (OpenClExecutable beside = run(first, Optional.empty());
        OpenClExecutable fails = run(first, Optional.of(failing(status)))) {
      TensorException failure = assertThrows(TensorException.class, () -> last(fails));
      assertTrue(failure.getMessage().contains("planted"), failure.getMessage());
      Context second = device.context();
      assertNotSame(first, second);
      try (OpenClExecutable next = run(second, Optional.empty())) {
        assertEquals(7, last(next));
        // What the runs of the first context hold is the device's memory as well.
        assertEquals(next.bytes() + beside.bytes() + fails.bytes(), second.memory().held());
        // One failure is told of once: the second context stays.
        assertThrows(IllegalStateException.class, fails::run);
        assertSame(second, device.context());
      }
      assertEquals(7, last(beside), "a run that the driver has left alone goes on");
    }
    assertEquals(0, device.context().memory().held());
    assertEquals(0, device.context().memory().buffers());
  }

  @ParameterizedTest
  @ValueSource(ints = {CL.CL_INVALID_WORK_GROUP_SIZE, CL.CL_MEM_OBJECT_ALLOCATION_FAILURE})
  void otherFailuresLeaveIt(int status) {
    OpenClDevice device = aDevice();
    Context first = device.context();
    try (OpenClExecutable fails = run(first, Optional.of(failing(status)))) {
      assertThrows(TensorException.class, () -> last(fails));
    }
    assertSame(first, device.context());
  }

  /** What a kernel failed of is seen when somebody looks at its result. */
  @Test
  void aResultThatDoesNotComeEndsIt() {
    OpenClDevice device = aDevice();
    Context first = device.context();
    cl_command_queue queue = first.queue(false);
    Buffer buffer = plan().outputs().getFirst();
    cl_mem memory = first.memory().allocate(buffer.bytes());
    Downloads downloads =
        new Downloads(
            device,
            event -> {
              Transfers.await(event);
              throw new CLException("planted", CL.CL_OUT_OF_RESOURCES);
            },
            first::failed);
    HostData coming = downloads.read(queue, new ProgramMemory.Place(memory, 0), buffer);
    assertSame(first, device.context(), "nobody has waited yet");
    TensorException failure = assertThrows(TensorException.class, () -> coming.getDouble(0));
    assertTrue(failure.getMessage().contains("planted"), failure.getMessage());
    assertNotSame(first, device.context());
    downloads.close();
    first.memory().release(memory);
    CL.clReleaseCommandQueue(queue);
  }

  /** What ends while the device is tried is not what the next program begins with. */
  @Test
  void aContextThatEndsAtOnceIsNotKept() {
    OpenClDevice device = aDevice();
    Context first = device.context();
    Optional<String> obstacle =
        device.obstacle(
            () -> {
              throw new CLException("planted", CL.CL_OUT_OF_RESOURCES);
            });
    assertTrue(obstacle.orElse("").contains("planted"), obstacle::toString);
    assertNotSame(first, device.context());
    assertEquals(Optional.empty(), device.obstacle());
  }

  /** A context that only a test knows is not the device's. */
  @Test
  void anothersFailureIsItsOwn() {
    OpenClDevice device = aDevice();
    Context own = device.context();
    try (Context other = new Context(device);
        OpenClExecutable fails = run(other, Optional.of(failing(CL.CL_OUT_OF_RESOURCES)))) {
      assertThrows(TensorException.class, () -> last(fails));
    }
    assertSame(own, device.context());
  }
}
