package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.LongStream;
import org.fluxion.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random programs obey every law: fixed seeds, which a failure names. */
class ProgramLawsTest {
  private static final int PROGRAMS = 90;

  /** Eight derivatives of a derivative of a derivative take their time. */
  private static final int PROGRAMS_TO_THIRD_ORDER = 30;

  private static final RandomPrograms.Settings TAME =
      new RandomPrograms.Settings(DType.FLOAT64, 16, true);

  private static final RandomPrograms.Settings WILD =
      new RandomPrograms.Settings(DType.FLOAT64, 16, false);

  @ParameterizedTest
  @EnumSource(Law.class)
  void ofOrdinaryNumbers(Law law) {
    long certified = 0;
    long excused = 0;
    for (long seed : LongStream.range(0, programs(law)).toArray()) {
      Verdict verdict = Laws.checked(RandomPrograms.draw(seed, TAME), law, seed);
      certified += verdict.certified();
      excused += verdict.excused();
    }
    // Were most of them excused, nothing would be tested.
    assertTrue(certified > 4 * excused, law + ": " + certified + " certified, " + excused);
  }

  /** Infinities, NaN, zeros of both signs and ties: where there is a value, the laws hold. */
  @ParameterizedTest
  @EnumSource(
      value = Law.class,
      names = {"DIFFERENCES", "CURVATURE", "THIRD_SLOPE"},
      mode = EnumSource.Mode.EXCLUDE)
  void ofNumbersOfEveryKind(Law law) {
    for (long seed : LongStream.range(0, programs(law)).toArray()) {
      Laws.checked(RandomPrograms.draw(seed, WILD), law, seed);
    }
  }

  private static int programs(Law law) {
    return law.order() < 3 ? PROGRAMS : PROGRAMS_TO_THIRD_ORDER;
  }
}
