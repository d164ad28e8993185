package org.fluxion.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Optimizers, clipping, averages and schedules against their formulas, one scalar at a time. */
class OptimizersTest {
  private static final Tensor RATE = Tensor.scalar(0.1, DType.FLOAT64);

  private static Parameters single(double value) {
    return Parameters.of("p", Tensor.tensor(value));
  }

  /** Parameters after each step along fixed gradients. */
  private static <S extends Tree<S>> double[] run(
      Optimizer<S> optimizer, double start, double... gradients) {
    Parameters parameters = single(start);
    S state = optimizer.initialise(parameters);
    double[] values = new double[gradients.length];
    for (int i = 0; i < gradients.length; i++) {
      var update = optimizer.update(single(gradients[i]), state, parameters, RATE);
      parameters = update.parameters();
      state = update.state();
      values[i] = parameters.get("p").item();
    }
    return values;
  }

  @Test
  void adamWMovesAsWorkedOutByHand() {
    // Step 1: m̂ = g, v̂ = g², so p = 1·(1 − 0.1·0.01) − 0.1·0.5/(0.5 + 1e-8).
    // Step 2: m = 0.9·0.05 − 0.1·1 = −0.055, m̂ = −0.055/0.19; v = 0.999·0.00025 + 0.001 =
    // 0.00124975, v̂ = v/0.001999.
    double first = 0.999 - 0.1 * 0.5 / (0.5 + 1e-8);
    double second =
        first * 0.999 - 0.1 * (-0.055 / 0.19) / (Math.sqrt(0.00124975 / 0.001999) + 1e-8);
    assertArrayEquals(new double[] {first, second}, run(new AdamW(), 1, 0.5, -1), 1e-14);
  }

  @Test
  void adamAddsItsDecayToTheGradient() {
    // g = 0.5 + 0.2·1: the first step is −rate·sign(g) but for epsilon.
    double slope = 0.7;
    assertArrayEquals(
        new double[] {1 - 0.1 * slope / (slope + 1e-3)},
        run(new Adam(0.9, 0.999, 1e-3, 0.2), 1, 0.5),
        1e-14);
  }

  @Property(tries = 100, seed = "6291")
  void adamWFollowsPyTorchsLoop(
      @ForAll @DoubleRange(min = 0, max = 0.99) double beta1,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 0.9999) double beta2,
      @ForAll @DoubleRange(min = 0, max = 0.5) double decay,
      @ForAll long seed) {
    double[] gradients = new Random(seed).doubles(6, -2, 2).toArray();
    double[] expected = new double[gradients.length];
    double p = 0.7;
    double m = 0;
    double v = 0;
    for (int t = 1; t <= gradients.length; t++) {
      double g = gradients[t - 1];
      p *= 1 - 0.1 * decay;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      double root = Math.sqrt(v) / Math.sqrt(1 - Math.pow(beta2, t));
      p -= 0.1 / (1 - Math.pow(beta1, t)) * m / (root + 1e-8);
      expected[t - 1] = p;
    }
    AdamW optimizer = new AdamW().withBetas(beta1, beta2).withWeightDecay(decay);
    assertArrayEquals(expected, run(optimizer, 0.7, gradients), 1e-9);
  }

  @Test
  void theFirstStepInFloat32KeepsItsDigits() {
    Parameters p = Parameters.of("p", Tensor.tensor(0f));
    AdamW optimizer = new AdamW().withWeightDecay(0);
    var update =
        optimizer.update(
            Parameters.of("p", Tensor.tensor(3f)),
            optimizer.initialise(p),
            p,
            Tensor.scalar(1, DType.FLOAT32));
    assertEquals(-1, update.parameters().get("p").item(), 3e-7);
    assertEquals(DType.FLOAT32, update.parameters().get("p").dtype());
  }

  @Test
  void descentByHand() {
    assertArrayEquals(new double[] {0.95, 1.05}, run(new Sgd(), 1, 0.5, -1), 1e-15);
    // b = 0.5, then 0.9·0.5 − 1 = −0.55.
    assertArrayEquals(new double[] {0.95, 1.005}, run(new Sgd(0.9), 1, 0.5, -1), 1e-15);
    // Nesterov: 0.5 + 0.45 = 0.95, then −1 − 0.495 = −1.495.
    assertArrayEquals(new double[] {0.905, 1.0545}, run(new Sgd(0.9, true, 0), 1, 0.5, -1), 1e-15);
    assertArrayEquals(new double[] {0.93}, run(new Sgd(0, false, 0.2), 1, 0.5), 1e-15);
  }

  static Stream<Optimizer<?>> optimizers() {
    return Stream.of(
        new Sgd(), new Sgd(0.5), new Sgd(0.5, true, 0), new Adam(), new AdamW().withWeightDecay(0));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void aQuadraticIsDescended(Optimizer<?> optimizer) {
    assertTrue(descend(optimizer) < 1e-2);
  }

  private static <S extends Tree<S>> double descend(Optimizer<S> optimizer) {
    Parameters p = Parameters.of("a", Tensor.tensor(1.0, -2), "b", Tensor.tensor(0.5));
    S state = optimizer.initialise(p);
    for (int i = 0; i < 200; i++) {
      Parameters gradient =
          Autodiff.grad(
              (Parameters q) -> q.get("a").square().sum().add(q.get("b").sub(1).square().sum()), p);
      Tensor rate = Tensor.scalar(0.1 * (1 - i / 200.0), DType.FLOAT64);
      var update = optimizer.update(gradient, state, p, rate);
      // Everything together, so that the graph stays as short as one step.
      Tensor.evaluate(update.leaves());
      var leaf = update.withLeaves(update.leaves().stream().map(Tensor::detach).toList());
      p = leaf.parameters();
      state = leaf.state();
    }
    return p.get("a").square().sum().item() + Math.pow(p.get("b").item() - 1, 2);
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void aRateIsANumberOrATensor(Optimizer<?> optimizer) {
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      requireEqualSteps(
          optimizer,
          Parameters.of("a", Tensor.tensor(1.0, -2), "b", Tensor.tensor(0.5)).cast(dtype),
          Tensor.scalar(0.1, dtype));
    }
  }

  private static <S extends Tree<S>> void requireEqualSteps(
      Optimizer<S> optimizer, Parameters p, Tensor rate) {
    S state = optimizer.initialise(p);
    Parameters expected = optimizer.update(p, state, p, rate).parameters();
    Parameters moved = optimizer.update(p, state, p, 0.1).parameters();
    for (String name : p.names()) {
      assertArrayEquals(expected.get(name).toDoubleArray(), moved.get(name).toDoubleArray());
      assertFalse(p.get(name).allClose(moved.get(name)));
    }
  }

  @Test
  void statesAreTreesAndGoToCheckpointsAndBack() {
    Parameters p = Parameters.of("a", Tensor.tensor(1.0, 2), "b", Tensor.tensor(3.0));
    AdamW optimizer = new AdamW();
    AdamState state = optimizer.update(p, optimizer.initialise(p), p, RATE).state();
    AdamState rebuilt = state.withLeaves(state.leaves());
    assertEquals(state.toParameters().asMap(), rebuilt.toParameters().asMap());
    AdamState again = AdamState.of(state.toParameters());
    assertEquals(state.leaves(), again.leaves());
    assertEquals(1, again.step().item());
    assertEquals(
        List.of("step", "first.a", "first.b", "second.a", "second.b"),
        state.toParameters().names());
  }

  @Property(tries = 100, seed = "3657")
  void clippingBoundsTheNormAndKeepsTheDirection(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.01, max = 10) double maximum) {
    double[] values = new Random(seed).doubles(5, -2, 2).toArray();
    Parameters gradient =
        Parameters.of(
            "a",
            Tensor.tensor(values[0], values[1], values[2]),
            "b",
            Tensor.tensor(values[3], values[4]));
    double norm = 0;
    for (double v : values) {
      norm += v * v;
    }
    norm = Math.sqrt(norm);
    var clipped = Gradients.clipByGlobalNorm(gradient, maximum);
    assertEquals(norm, clipped.norm().item(), 1e-12);
    double factor = Math.min(1, maximum / (norm + 1e-6));
    assertTrue(clipped.gradient().get("b").allClose(gradient.get("b").mul(factor), 1e-12, 0));
    assertTrue(Gradients.globalNorm(clipped.gradient()).item() <= maximum * (1 + 1e-12));
  }

  @Test
  void anAverageDecays() {
    Parameters average = Parameters.of("a", Tensor.tensor(1.0), "n", Tensor.tensor(1));
    Parameters now = Parameters.of("a", Tensor.tensor(3.0), "n", Tensor.tensor(5));
    Parameters next = new Ema(0.9).update(average, now);
    assertEquals(1.2, next.get("a").item(), 1e-15);
    assertEquals(5, next.get("n").item());
  }

  @Property(tries = 200, seed = "4848")
  void aScheduleIsTheSameInATensor(
      @ForAll @IntRange(min = 0, max = 50) int warmup,
      @ForAll @IntRange(min = 1, max = 1000) int rest,
      @ForAll @IntRange(min = 0, max = 1200) int step,
      @ForAll Schedule.Decay decay,
      @ForAll @Scale(6) @DoubleRange(min = 0, max = 1e-4) double floor) {
    Schedule schedule = new Schedule(1e-3, warmup, warmup + rest, floor, decay);
    Tensor rate = schedule.at(Tensor.scalar(step, DType.INT32));
    assertEquals(DType.FLOAT32, rate.dtype());
    assertEquals(schedule.at(step), rate.item(), 1e-9);
    assertTrue(schedule.at(step) <= 1e-3 * (1 + 1e-12) && schedule.at(step) >= 0);
  }

  @Test
  void schedulesPassTheirCorners() {
    Schedule cosine = Schedule.warmupCosine(1, 4, 104).withFloor(0.2);
    assertEquals(0.25, cosine.at(0));
    assertEquals(1, cosine.at(3));
    assertEquals(1, cosine.at(4));
    assertEquals(0.6, cosine.at(54), 1e-15);
    assertEquals(0.2, cosine.at(104), 1e-15);
    assertEquals(0.2, cosine.at(1_000_000), 1e-15);
    Schedule linear = Schedule.warmupLinear(1, 0, 10);
    assertEquals(1, linear.at(0));
    assertEquals(0.3, linear.at(7), 1e-15);
    assertEquals(0, linear.at(11), 1e-15);
    assertEquals(0.5, Schedule.constant(0.5).at(1L << 40));
    assertEquals(0.5, Schedule.warmupConstant(0.5, 10).at(9));
  }

  @Test
  void wrongSettingsAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> new AdamW().withBetas(0.9, 1));
    assertThrows(IllegalArgumentException.class, () -> new Sgd(0, true, 0));
    assertThrows(IllegalArgumentException.class, () -> new Ema(1.5));
    assertThrows(IllegalArgumentException.class, () -> Schedule.warmupCosine(1, 10, 10));
    assertThrows(IllegalArgumentException.class, () -> Gradients.clipByGlobalNorm(single(1), 0));
    AdamW adamW = new AdamW();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            adamW.update(
                Parameters.of("q", Tensor.tensor(1.0)),
                adamW.initialise(single(1)),
                single(1),
                RATE));
  }
}
