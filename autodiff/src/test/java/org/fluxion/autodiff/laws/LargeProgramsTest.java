package org.fluxion.autodiff.laws;

import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs that are large enough to be shared between threads mean what the reference says, and the
 * same bits for every number of threads, whatever was in memory before.
 */
class LargeProgramsTest {
  private static final int OPERATIONS = 6;

  private final SameBits sameBits = SameBits.on("cpu:1", "cpu:2", "cpu:3");
  private final DeviceLaw agreement = DeviceLaw.of(Device.cpu(2));

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3})
  void threadsChangeNoBit(long seed) {
    DType dtype = seed % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
    RandomProgram program = RandomPrograms.draw(seed, Settings.large(dtype, OPERATIONS));
    sameBits.check(program, seed);
    agreement.check(program, seed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu:1", "cpu:2"})
  void randomBitsAreThePublishedOnes(String device) {
    PublishedBits.check(Device.of(device));
  }

  /** Small ones, in the memory of runs whose inputs were no numbers. */
  @Test
  void nothingIsLeftOfAnotherRun() {
    for (long seed = 0; seed < 40; seed++) {
      DType dtype = seed % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      sameBits.check(RandomPrograms.draw(seed, new Settings(dtype, 14, seed % 4 < 2)), seed);
    }
  }
}
