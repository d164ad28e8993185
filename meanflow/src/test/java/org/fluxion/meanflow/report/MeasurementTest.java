package org.fluxion.meanflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.tensor.RandomKey;
import org.junit.jupiter.api.Test;

class MeasurementTest {
  @Test
  void takingTimesTellsHowFarItIs() {
    DiffusionTransformer transformer = new DiffusionTransformer(4, 2, 1, 8, 2, 2, 5, 1, false);
    Sampler sampler =
        Samplers.euler(new FlowMap(transformer, transformer.initialise(RandomKey.of(1))));
    // No figures are taken, only times; and of these all rounds, or one.
    for (double seconds : new double[] {Double.POSITIVE_INFINITY, 0}) {
      List<Double> shares = new ArrayList<>();
      List<Double> times =
          new Measurement(null, 10, seconds)
              .millisecondsPerImage(List.of(sampler, sampler.steps(4)), shares::add);
      assertEquals(2, times.size());
      assertTrue(times.stream().allMatch(time -> time > 0), times::toString);
      assertEquals(1, shares.getLast());
      for (int i = 1; i < shares.size(); i++) {
        assertTrue(shares.get(i - 1) <= shares.get(i), shares::toString);
      }
      assertTrue(shares.getFirst() > 0 && shares.getFirst() < 0.1, shares::toString);
      // Two that warm up, two in each round, and the end.
      assertEquals(seconds == 0 ? 5 : 17, shares.size());
    }
  }
}
