package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Profiler;
import org.junit.jupiter.api.Test;

/** Nothing is passed over or replaced in silence. */
class NotedDeviceTest {
  /** A backend of which "auto" takes a device or none. */
  private record Made(String name, Choice automatic) implements Backend {
    @Override
    public String usage() {
      return name;
    }

    @Override
    public Survey survey() {
      return new Survey(List.of(), List.of());
    }

    @Override
    public Device device(String selector) {
      throw new TensorException("device: none");
    }
  }

  private static Backend backend(String name, Optional<Device> device, String... passedOver) {
    return new Made(name, new Backend.Choice(device, List.of(passedOver)));
  }

  /** A device whose programs have notes of their own. */
  private record Odd(Device device) implements Device {
    @Override
    public String name() {
      return "odd";
    }

    @Override
    public List<String> notes() {
      return List.of("the device is odd");
    }

    @Override
    public Executable prepare(Plan plan) {
      return new OddExecutable(device.prepare(plan));
    }
  }

  private record OddExecutable(Executable executable) implements Executable {
    @Override
    public Plan plan() {
      return executable.plan();
    }

    @Override
    public long bytes() {
      return executable.bytes();
    }

    @Override
    public void write(int input, HostData data) {
      executable.write(input, data);
    }

    @Override
    public void run() {
      executable.run();
    }

    @Override
    public void read(int output, HostData data) {
      executable.read(output, data);
    }

    @Override
    public HostData result(int output) {
      return executable.result(output);
    }

    @Override
    public void readInput(int input, HostData data) {
      executable.readInput(input, data);
    }

    @Override
    public void carry() {
      executable.carry();
    }

    @Override
    public Optional<long[]> nanos() {
      return executable.nanos();
    }

    @Override
    public long runs() {
      return executable.runs();
    }

    @Override
    public List<String> notes() {
      return List.of("the program is odd");
    }

    @Override
    public void close() {
      executable.close();
    }
  }

  @Test
  void automaticIsTheFirstDeviceAndSaysWhatWasPassedOver() {
    Device best = new Odd(Device.cpu());
    Device device =
        NotedDevice.automatic(
            List.of(
                backend("first", Optional.empty(), "first: no driver"),
                backend("second", Optional.of(best), "second:1 is smaller"),
                backend("third", Optional.of(Device.cpu(1)), "third:0 is slow")));
    assertEquals("odd", device.name());
    assertEquals(
        List.of("the device is odd", "auto: first: no driver", "auto: second:1 is smaller"),
        device.notes());
  }

  @Test
  void automaticIsTheProcessorIfThereIsNothingElse() {
    Device device =
        NotedDevice.automatic(
            List.of(
                backend("first", Optional.empty(), "first: no driver"),
                backend("second", Optional.empty())));
    assertEquals(Device.cpu().name(), device.name());
    assertEquals(Device.cpu().description(), device.description());
    assertEquals(List.of("auto: first: no driver"), device.notes());
  }

  /** A class that stands in front of another object has every method of its interface. */
  private static void forwards(Class<?> type, Class<?> interfaceOf) {
    for (Method method : interfaceOf.getMethods()) {
      // Telling makes another such device.
      if (!Modifier.isStatic(method.getModifiers()) && !method.getName().equals("telling")) {
        assertDoesNotThrow(
            () -> type.getDeclaredMethod(method.getName(), method.getParameterTypes()));
      }
    }
  }

  @Test
  void nothingThatADeviceCanDoIsLost() {
    forwards(NotedDevice.class, Device.class);
    Device profiled = Profiler.of(Device.cpu(1)).device();
    forwards(profiled.getClass(), Device.class);
    Tensor x = Tensor.input("x", Shape.of(3), DType.FLOAT32);
    Plan plan = Plan.of(new Graph(List.of(x), List.of(x.neg())), new int[] {-1});
    try (Executable executable = profiled.prepare(plan)) {
      forwards(executable.getClass(), Executable.class);
    }
  }

  @Test
  void everyNoteIsToldOnceAndExplained() {
    List<String> told = new ArrayList<>();
    Device device = new Odd(Device.cpu(1)).telling(told::add);
    assertEquals(List.of("the device is odd"), told);
    Tensor x = Tensor.tensor(1f);
    Program<Tensor, Tensor, Tensor> program =
        Program.compile((Tensor s, Tensor b) -> new Step<>(s.add(b), s), x, x, device);
    assertEquals(List.of("the device is odd"), program.notes());
    assertTrue(program.explain().endsWith("\nnote: the device is odd\n"), program.explain());
    for (int i = 0; i < 2; i++) {
      try (Run<Tensor, Tensor, Tensor> run = program.start(x)) {
        assertEquals(List.of("the device is odd", "the program is odd"), run.notes());
        assertTrue(
            run.explain().endsWith("\nnote: the device is odd\nnote: the program is odd\n"),
            run.explain());
      }
    }
    assertEquals(List.of("the device is odd", "the program is odd"), told);
  }
}
