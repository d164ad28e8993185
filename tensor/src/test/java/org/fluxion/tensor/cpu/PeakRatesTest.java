package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;

/** A rate is an amount by a second, whatever the clock says, which is given here. */
class PeakRatesTest {
  /** The rate by a clock that moves only in rounds, by each of these in turn; the last repeats. */
  private static double rate(double amount, long... nanos) {
    AtomicLong now = new AtomicLong(-5);
    Iterator<Long> rounds =
        LongStream.concat(Arrays.stream(nanos), LongStream.generate(() -> nanos[nanos.length - 1]))
            .iterator();
    return PeakRates.fastest(amount, () -> now.addAndGet(rounds.next()), now::get);
  }

  /** Two roundings here and two there, each of half a unit in the last place, or one below. */
  private static void assertRate(double expected, double got) {
    assertEquals(expected, got, 4 * Math.ulp(expected));
  }

  @Property(seed = "1578")
  void aRateIsTheAmountByTheSeconds(
      @ForAll @DoubleRange(min = 1, max = 1e12) double amount,
      @ForAll @LongRange(min = 1_000_000, max = 4_000_000_000L) long nanos) {
    assertRate(amount / (nanos / 1e9), rate(amount, nanos));
  }

  @Example
  void theFastestRoundCounts() {
    // 128 MiB in 4 ms.
    assertRate((128 << 20) * 250.0, rate(128 << 20, 9_000_000, 4_000_000, 5_000_000));
  }
}
