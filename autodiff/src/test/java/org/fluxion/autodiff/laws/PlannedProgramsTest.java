package org.fluxion.autodiff.laws;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The planner changes nothing: random programs with their derivatives mean as kernels what the
 * reference says, with every pass of the planner and with all but one, for any number of threads.
 */
class PlannedProgramsTest {
  private static final int PROGRAMS = 20;

  /** A device for which plans are made with other passes. */
  private record Planned(Device device, PlanOptions planOptions, String name) implements Device {
    @Override
    public Executable prepare(Plan plan) {
      return device.prepare(plan);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Planned> devices() {
    Device cpu = Device.cpu(2);
    return Stream.of(
            Stream.of(
                new Planned(cpu, cpu.planOptions(), "cpu:2"),
                new Planned(Device.cpu(1), Device.cpu(1).planOptions(), "cpu:1"),
                new Planned(
                    Device.of("reference"), Device.of("reference").planOptions(), "reference")),
            IntStream.range(0, PlanOptions.PASSES)
                .mapToObj(
                    pass ->
                        new Planned(
                            cpu,
                            PlanOptions.without(pass)
                                .withAttention(cpu.planOptions().attentionSizes()),
                            "cpu:2 without pass " + pass)),
            Stream.of(new Planned(cpu, PlanOptions.ALL, "cpu:2 without kernels for attention")))
        .flatMap(s -> s);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void programsAndTheirDerivativesMeanTheSame(Planned device) {
    DeviceLaw law = DeviceLaw.of(device);
    for (long seed = 0; seed < PROGRAMS; seed++) {
      // In turn: both dtypes, of ordinary numbers and of every kind.
      DType dtype = seed % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      Settings settings = new Settings(dtype, 14, seed % 4 < 2);
      law.check(RandomPrograms.draw(seed, settings), seed);
    }
  }
}
