package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChartTest {
  @Property(tries = 200, seed = "9312")
  void ticksRiseAndStayOnTheAxis(
      @ForAll @DoubleRange(min = -6, max = 6) double exponent,
      @ForAll @DoubleRange(min = 0, max = 4) double decades) {
    double least = Math.pow(10, exponent);
    double greatest = least * Math.pow(10, decades);
    for (Scale scale :
        List.of(
            Scale.linear(least, greatest, 5),
            Scale.linear(-greatest, -least, 5),
            Scale.logarithmic(least, greatest))) {
      assertTrue(scale.high() > scale.low(), scale.toString());
      List<Double> ticks = scale.ticks(5);
      assertTrue(ticks.size() >= 2 && ticks.size() <= 15, scale + " " + ticks);
      double before = -1e-6;
      for (double tick : ticks) {
        double position = scale.position(tick);
        assertTrue(position > before && position < 1 + 1e-6, scale + " " + ticks);
        before = position;
      }
    }
    Scale linear = Scale.linear(least, greatest, 5);
    assertTrue(linear.low() <= least * (1 + 1e-9) && linear.high() >= greatest * (1 - 1e-9));
  }

  /** What is straight stays as it is, also at its ends. */
  @Property(tries = 100, seed = "6006")
  void smoothingKeepsStraightLines(
      @ForAll @IntRange(min = 1, max = 1500) int size,
      @ForAll @DoubleRange(min = -3, max = 3) double slope) {
    LossCurve line =
        new LossCurve(
            "line",
            IntStream.range(0, size).mapToObj(i -> new LossCurve.Point(i, 1 + slope * i)).toList());
    List<LossCurve.Point> smoothed = line.smoothed();
    assertEquals(0, smoothed.getFirst().step());
    assertEquals(size - 1, smoothed.getLast().step());
    for (LossCurve.Point point : smoothed) {
      // Sums of as many terms as a window has points, each of them at most that of the whole.
      assertEquals(1 + slope * point.step(), point.value(), 1e-15 * size * (1 + 3.0 * size));
    }
    assertTrue(line.thinned().size() <= 400);
  }

  @Test
  void onlyPositiveValuesThatSpreadWideAreShownByRatio() {
    assertTrue(curve(0.1, 2).isWide());
    assertTrue(!curve(1, 2).isWide());
    assertTrue(!curve(-1, 20).isWide());
    assertTrue(Chart.of(curve(0.1, 2)).contains("(log scale)"));
    assertTrue(!Chart.of(curve(1, 2)).contains("(log scale)"));
  }

  private static LossCurve curve(double... values) {
    return new LossCurve(
        "loss",
        IntStream.range(0, values.length)
            .mapToObj(i -> new LossCurve.Point(i + 1, values[i]))
            .toList());
  }

  @Test
  void labelsHaveAsManyDigitsAsTheyNeed() {
    assertEquals("0", Scale.label(0));
    assertEquals("0.5", Scale.label(0.5));
    assertEquals("−2", Scale.label(-2));
    assertEquals("20", Scale.label(20));
    assertEquals("3\u202f000", Scale.label(3000));
    assertEquals("1.0e−05", Scale.label(1e-5));
    assertEquals("3.96", Html.number(3.9649));
    assertEquals("10.0", Html.number(9.996));
    assertEquals("176", Html.number(176.2));
    assertEquals("8\u202fmin 32\u202fs", Html.duration(512.3));
  }
}
