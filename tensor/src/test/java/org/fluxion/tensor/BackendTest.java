package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackendTest {
  @Test
  void theBackendsOfThisModuleAreFound() {
    List<String> names = Backend.all().stream().map(Backend::name).toList();
    assertEquals(List.of("cpu", "reference"), names);
    for (Backend backend : Backend.all()) {
      DeviceInfo device = backend.survey().devices().get(0);
      assertEquals(backend.name(), device.name());
      assertTrue(device.computeUnits() > 0 && device.obstacle().isEmpty());
      assertTrue(backend.survey().notes().isEmpty());
    }
  }

  @Test
  void devicesHaveNames() {
    int processors = Runtime.getRuntime().availableProcessors();
    assertEquals("cpu:" + processors, Device.of("cpu").name());
    assertEquals("cpu:3", Device.of("cpu:3").name());
    assertEquals("reference", Device.of("reference").name());
    assertEquals("cpu:" + processors, Device.of("auto").name());
    assertTrue(Device.of("cpu:1").description().startsWith("cpu with 1 thread, "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "cpu:3", "reference", "auto"})
  void aDevicePrintsWhatItIs(String name) {
    Device device = Device.of(name);
    assertEquals(device.description(), device.toString());
  }

  @Test
  void whatRunsPrintsWhatItIs() {
    Program<Tensor, Tensor, Tensor> program =
        Program.compile(
            (Tensor s, Tensor x) -> new Step<>(s.add(x), x.sum()),
            Tensor.zeros(2),
            Tensor.ones(2),
            Device.cpu(1));
    String text = program.toString();
    assertTrue(
        text.matches("Program\\(\\d+ kernels, \\d+ bytes planned, on cpu with 1 thread, .*\\)"),
        text);
    try (Run<Tensor, Tensor, Tensor> run = program.start(Tensor.zeros(2))) {
      run.step(Tensor.ones(2));
      assertEquals("Run(1 steps taken of " + text + ")", run.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu:0", "cpu:-1", "cpu:many", "cpu:", "cuda", "", "auto:1", "CPU"})
  void anUnknownDeviceIsAnErrorThatListsWhatThereIs(String name) {
    String message = assertThrows(TensorException.class, () -> Device.of(name)).getMessage();
    assertTrue(message.startsWith("device: expected "), message);
    assertTrue(message.contains("cpu or cpu:THREADS"), message);
    assertTrue(message.contains("got '" + name + "'"), message);
  }

  /** OpenCL is an artifact of its own, which who asks for it may not have. */
  @ParameterizedTest
  @ValueSource(strings = {"opencl", "opencl:1"})
  void whoAsksForOpenClIsToldWhatBringsIt(String name) {
    String message = assertThrows(TensorException.class, () -> Device.of(name)).getMessage();
    assertTrue(
        message.endsWith(
            "got '" + name + "'; OpenCL comes with fluxion-opencl: put it on the class path"),
        message);
    String other = assertThrows(TensorException.class, () -> Device.of("cuda")).getMessage();
    assertTrue(other.endsWith("got 'cuda'"), other);
  }

  @Test
  void thereIsOneReference() {
    String message =
        assertThrows(TensorException.class, () -> Device.of("reference:1")).getMessage();
    assertEquals("device: there is one 'reference', got 'reference:1'", message);
  }

  /** A record of two tensors, which a step may exchange. */
  private record Pair(Tensor a, Tensor b) implements Tree<Pair> {
    @Override
    public List<Tensor> leaves() {
      return List.of(a, b);
    }

    @Override
    public Pair withLeaves(List<Tensor> leaves) {
      return new Pair(leaves.get(0), leaves.get(1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu:1", "cpu:2"})
  void aRunCarriesItsStateOn(String device) {
    // Fibonacci's pair (a, b) → (b, a + b·batch): a state handed on, and one computed from both.
    Pair start = new Pair(Tensor.tensor(0f), Tensor.tensor(1f));
    Program<Pair, Tensor, Tensor> program =
        Program.compile(
            (Pair s, Tensor x) -> new Step<>(new Pair(s.b(), s.a().add(s.b().mul(x))), s.a()),
            start,
            Tensor.tensor(1f),
            Device.of(device));
    try (Run<Pair, Tensor, Tensor> run = program.start(start)) {
      assertEquals(0, run.snapshot().a().item());
      assertEquals(1, run.snapshot().b().item());
      int[] expected = {0, 1, 1, 2, 3, 5, 8};
      for (int value : expected) {
        assertEquals(value, run.step(Tensor.tensor(1f)).item());
      }
      assertEquals(13, run.snapshot().a().item());
      assertEquals(21, run.snapshot().b().item());
      assertEquals(expected.length, run.steps());
      assertTrue(run.bytes() > 0);
      assertTrue(run.explain().contains("kernels"), run.explain());
    }
  }

  @Test
  void theReferenceComputesInDoublePrecision() {
    // 1 + 2⁻⁴⁰ − 1 is lost in float32, and a reference of the same float32 program keeps it.
    Program<Tensor, Tensor, Tensor> program =
        Program.compile(
            (Tensor s, Tensor x) -> new Step<>(s, x.add(s).sub(s)),
            Tensor.tensor(1f),
            Tensor.tensor(0f),
            Device.of("reference"));
    try (Run<Tensor, Tensor, Tensor> run = program.start(Tensor.tensor(1f))) {
      assertEquals(0x1p-40, run.step(Tensor.tensor(0x1p-40f)).item());
    }
  }
}
