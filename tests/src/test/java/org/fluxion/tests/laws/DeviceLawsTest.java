package org.fluxion.tests.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.autodiff.laws.DeviceLaw;
import org.fluxion.autodiff.laws.LawReport;
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
  /** Where each is some fifty kernels, which a compiler takes its time for. */
  private static final int DEAR_PROGRAMS = 4;

  private static final int PROGRAMS = 20;

  /** Others than what the laws are tried on elsewhere. */
  private static final long FIRST_SEED = 1000;

  private static final int OPERATIONS = 14;

  static List<String> devices() {
    return Devices.names();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void programsAndTheirDerivativesMeanWhatTheReferenceSays(String name) {
    Device device = Devices.open(name);
    List<DType> dtypes =
        Devices.dtypes(name).stream()
            .filter(dtype -> dtype.isFloating() && !dtype.isStorageOnly())
            .toList();
    DeviceLaw agreement = DeviceLaw.of(device);
    SameBits sameBits = new SameBits(List.of(device));
    long certified = 0;
    long excused = 0;
    for (int i = 0; i < (Devices.isDear(name) ? DEAR_PROGRAMS : PROGRAMS); i++) {
      long seed = FIRST_SEED + i;
      // Tame ones: what is compared is to tell something.
      Settings settings = new Settings(dtypes.get(i % dtypes.size()), OPERATIONS, true);
      RandomProgram program = RandomPrograms.draw(seed, settings);
      LawReport.OnDevice seen = agreement.check(program, seed);
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
