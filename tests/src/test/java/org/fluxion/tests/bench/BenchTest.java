package org.fluxion.tests.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.fluxion.tests.bench.Measurement.Times;
import org.junit.jupiter.api.Test;

class BenchTest {
  @Test
  void aRateIsTheMedianAndItsRatioThatOfTheIterations() {
    Figure figure =
        Figure.rate("m", "gemm", "GF/s", "peer", p -> Double.parseDouble(p.get("size")), p -> 4);
    // The machine slows down tenfold in the last iteration: the values change, the ratio does not.
    List<Times> iterations = List.of(new Times(1, 2), new Times(2, 4), new Times(10, 20));
    Measurement measured = Measurement.of(figure, Map.of("size", "8"), iterations);
    assertEquals(new Measurement("gemm 8", 4, "GF/s", "peer", 1, 4), measured);
    assertEquals(
        "{\"name\":\"gemm"
            + " 8\",\"value\":4.0,\"unit\":\"GF/s\",\"peer\":\"peer\",\"peerValue\":1.0,\"ratio\":4.0}",
        measured.json().toString());
    assertThrows(
        IllegalArgumentException.class,
        () -> Measurement.of(figure, Map.of("size", "8"), List.of()));
  }

  @Test
  void aTimeIsInMilliseconds() {
    Measurement measured =
        Measurement.of(
            Figure.milliseconds("m", "step", "peer"),
            Map.of(),
            List.of(new Times(0.002, 0.001), new Times(0.004, 0.001)));
    assertEquals(new Measurement("step", 3, "ms", "peer", 1, 3), measured);
  }

  @Test
  void aPairTakesTurns() {
    List<String> order = new ArrayList<>();
    Pair pair = new Pair();
    for (int i = 0; i < 3; i++) {
      pair.run(() -> order.add("subject"), () -> order.add("peer"));
    }
    assertEquals(List.of("subject", "peer", "peer", "subject", "subject", "peer"), order);
    assertEquals(3, pair.runs);
    assertTrue(pair.subjectNanos > 0 && pair.peerNanos > 0);
  }

  @Test
  void aBenchmarkRunsInAProcessOfItsOwnAndReportsEveryFigure() throws Exception {
    Bench.Suite suite = Bench.SUITES.stream().filter(s -> s.name().equals("fma")).findFirst().get();
    List<Measurement> measurements = Bench.run(suite, 1);
    assertEquals(1, measurements.size());
    assertTrue(measurements.get(0).value() > 0 && measurements.get(0).peerValue() > 0);
    List<Figure> misspelt = List.of(Figure.milliseconds("fmaa", "none", "none"));
    assertThrows(
        IllegalStateException.class,
        () -> Bench.run(new Bench.Suite("fma", FmaBenchmark.class, misspelt), 1));
  }
}
