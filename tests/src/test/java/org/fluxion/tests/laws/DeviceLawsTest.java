package org.fluxion.tests.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.autodiff.laws.DeviceLaw;
import org.fluxion.autodiff.laws.PublishedBits;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.SameBits;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tests.conformance.Devices;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The laws of programs on devices hold on every one that the conformance suite knows. */
class DeviceLawsTest {
  /**
   * Few, of both dtypes, whose numbers stay finite: each is some fifty kernels, which a compiler
   * takes its time for.
   */
  private static final List<Long> SEEDS = List.of(0L, 1L, 4L, 5L);

  private static final int OPERATIONS = 14;

  static List<String> devices() {
    return Devices.names();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void programsAndTheirDerivativesMeanWhatTheReferenceSays(String name) {
    Device device = Devices.open(name);
    DeviceLaw agreement = DeviceLaw.of(device);
    SameBits sameBits = new SameBits(List.of(device));
    long certified = 0;
    long excused = 0;
    for (long seed : SEEDS) {
      DType dtype = seed % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      RandomProgram program = RandomPrograms.draw(seed, new Settings(dtype, OPERATIONS, true));
      var seen = agreement.check(program, seed);
      certified += seen.certified();
      excused += seen.excused();
      sameBits.check(program, seed);
    }
    assertTrue(certified > 4 * excused, certified + " certified, " + excused + " excused");
  }

  @ParameterizedTest
  @MethodSource("devices")
  void randomBitsAreThePublishedOnes(String name) {
    PublishedBits.check(Devices.open(name));
  }
}
