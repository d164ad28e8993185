package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.tensor.Device;
import org.fluxion.tests.bench.TrainingPrograms;
import org.fluxion.tests.bench.TrainingPrograms.Objective;
import org.fluxion.tests.bench.TrainingPrograms.Running;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Training takes the same course on every device: draws, loss, the derivative along the flow, the
 * gradient, clipping, AdamW and the moving average, as the trainer has them in one program.
 */
class TrainingStepsTest {
  private static final int STEPS = 20;
  private static final int SLOW_STEPS = 4;

  /**
   * What the project asks of the first losses. A float32 loss is right to some 1e-6; twenty steps
   * of the optimizer, whose direction hangs on signs of small gradients, widen that.
   */
  private static final double RELATIVE = 1e-4;

  /** The demo's transformer made small, so that it can be run by a device's slowest kernels. */
  static final DiffusionTransformer SMALL =
      new DiffusionTransformer(8, 2, 1, 32, 2, 2, 10, 1, false);

  static final int BATCH = 8;

  /** Large, so that what the optimizer does shows in the next loss. */
  private static final double LEARNING_RATE = 3e-3;

  private static final Map<Objective, List<Double>> CPU = new ConcurrentHashMap<>();

  private static List<Double> losses(Objective objective, Device device, int steps) {
    List<Double> losses = new ArrayList<>();
    try (Running run = new TrainingPrograms(SMALL, BATCH, objective).start(device)) {
      for (int i = 0; i < steps; i++) {
        losses.add(run.step(LEARNING_RATE)[0]);
      }
    }
    return losses;
  }

  static Stream<Arguments> settings() {
    return Devices.names().stream()
        .flatMap(
            device ->
                Stream.of(Objective.FLOW, Objective.DECOUPLED)
                    // The second has a flow-matching part: where kernels are compiled, it is
                    // enough.
                    .filter(o -> o == Objective.DECOUPLED || !Devices.isDear(device))
                    .map(objective -> Arguments.of(device, objective)));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void theFirstLossesAreThoseOfTheProcessor(String name, Objective objective) {
    Device device = Devices.open(name);
    List<Double> expected = CPU.computeIfAbsent(objective, o -> losses(o, Device.cpu(1), STEPS));
    // The interpreter takes half a second for each step.
    List<Double> actual = losses(objective, device, name.equals("reference") ? SLOW_STEPS : STEPS);
    for (int i = 0; i < actual.size(); i++) {
      assertEquals(
          expected.get(i),
          actual.get(i),
          RELATIVE * Math.abs(expected.get(i)),
          objective + " on " + name + ", step " + i);
    }
    // A step that does nothing would agree as well.
    double first = expected.get(0);
    double again = expected.get(TrainingPrograms.EPOCH);
    assertTrue(again < first - 100 * RELATIVE * first, "nothing was learnt: " + expected);
  }
}
