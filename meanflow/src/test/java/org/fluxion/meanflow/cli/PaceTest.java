package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  @Test
  void atAConstantPaceTheRestIsKnownFromTheSecondStepOn() {
    Pace pace = new Pace(7, 5 * SECOND);
    assertEquals(OptionalDouble.empty(), pace.secondsTo(1000));
    for (int step = 1; step <= 200; step++) {
      pace.mark(7 + 3 * step, (5 + 2L * step) * SECOND);
      if (step == 1) {
        assertEquals(OptionalDouble.empty(), pace.secondsTo(1000), "it tells of nothing else");
      } else {
        assertEquals(1.5, pace.perSecond().orElseThrow(), 1e-12);
        assertEquals((1000 - 7 - 3 * step) / 1.5, pace.secondsTo(1000).orElseThrow(), 1e-9);
      }
    }
  }

  /** Kernels are compiled in it. */
  @Test
  void aFirstStepThatIsSlowIsLeftOut() {
    Pace pace = new Pace(0, 0);
    for (int step = 1; step <= 100; step++) {
      pace.mark(step, 45 * SECOND + (step - 1) * SECOND);
      if (step > 1) {
        assertEquals(100 - step, pace.secondsTo(100).orElseThrow(), 1e-9);
      }
    }
  }

  /** Java compiles its own code during some of them. */
  @Test
  void stepsThatGetFasterSoonTellTheRest() {
    Pace pace = new Pace(0, 0);
    long now = 0;
    for (int step = 1; step <= 60; step++) {
      now += step <= 20 ? 10 * SECOND : SECOND;
      pace.mark(step, now);
      if (step >= 40) {
        assertEquals(1, pace.perSecond().orElseThrow(), 1e-12);
      }
    }
  }

  @Test
  void whatMovesNothingIsNoStep() {
    Pace pace = new Pace(0, 0);
    for (int i = 0; i < 100; i++) {
      pace.mark(0, i * SECOND);
    }
    pace.mark(1, 100 * SECOND);
    pace.mark(1, 101 * SECOND);
    assertTrue(pace.perSecond().isEmpty());
    pace.mark(2, 102 * SECOND);
    assertEquals(0.5, pace.perSecond().orElseThrow(), 1e-12);
  }
}
