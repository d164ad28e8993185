package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** How a verdict is put into words. */
class VerdictTest {
  /** A float has neither of these. */
  @Test
  void hugeAndTinyNumbersAreShown() {
    assertEquals(
        """
        the slope: expected 1.0E300, got 3.0E300
          off by 2.0E300, allowed 1.0E-100: every operation's own rounding, passed on by those\
         that follow\
        """,
        new Verdict.Violation("the slope", List.of(), 1e300, 3e300, 1e-100, 1e-100, List.of())
            .toString());
  }
}
