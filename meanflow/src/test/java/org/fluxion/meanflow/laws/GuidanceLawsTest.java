package org.fluxion.meanflow.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.tensor.Tensor;

/** Classifier-free guidance of samplers, u(∅) + w·(u(y) − u(∅)), on a transformer in float64. */
class GuidanceLawsTest {
  private static final String SEED = "2510244744";
  private static final Tensor LABELS = Tensor.tensor(1, 3);
  private static final Tensor NO_CLASS =
      Tensor.tensor(RandomTransformer.CLASSES, RandomTransformer.CLASSES);

  private static Sampler sampler(RandomTransformer random) {
    return Samplers.euler(new FlowMap(random.transformer(), random.parameters()));
  }

  private static double[] images(Sampler sampler, RandomTransformer random, Tensor labels) {
    try (var open = sampler.open()) {
      return open.sample(random.noise(0), labels, random::noise).toDoubleArray();
    }
  }

  /**
   * One step is affine in the strength w of guidance: at 0 there is no class, at 1 no guidance, and
   * every other image lies on the line through both.
   */
  @Property(tries = 3, seed = SEED)
  void anImageIsAffineInTheStrengthOfGuidance(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @FloatRange(min = -4, max = 4) float strength) {
    RandomTransformer random = RandomTransformer.of(seed, 1, false);
    Sampler sampler = sampler(random);
    double[] noise = random.noise(0).toDoubleArray();
    double[] without = images(sampler, random, NO_CLASS);
    double[] with = images(sampler, random, LABELS);
    double[] none = images(sampler.guidance(0), random, LABELS);
    double[] guided = images(sampler.guidance(strength), random, LABELS);
    assertFalse(Arrays.equals(without, with), "classes make no difference");
    for (int i = 0; i < noise.length; i++) {
      // Roundings of w·(u(y) − u(∅)), its sum, and the step: four, and as many in each image here;
      // noise − image is the velocity, or its rounding in a number as large as both.
      double size =
          3
              * (1 + Math.abs(strength))
              * (Math.abs(noise[i]) + Math.abs(without[i]) + Math.abs(with[i]));
      double allowed = 8 * Rounding.UNIT * size;
      double expected = without[i] + strength * (with[i] - without[i]);
      close(expected, guided[i], allowed);
      close(without[i], none[i], allowed);
    }
  }

  private static void close(double expected, double actual, double allowed) {
    assertTrue(
        Math.abs(expected - actual) <= allowed,
        () ->
            "expected %s, got %s, which rounding keeps within %s"
                .formatted(expected, actual, allowed));
  }

  /**
   * Guidance of strength 1, outside its times, or of an image that has no class, is none, in any
   * number of steps.
   */
  @Property(tries = 3, seed = SEED)
  void guidanceIsNoneWhereThereIsNothingToGuide(
      @ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @FloatRange(min = -4, max = 4) float strength,
      @ForAll @IntRange(min = 1, max = 3) int steps) {
    RandomTransformer random = RandomTransformer.of(seed, 1, false);
    Sampler sampler = sampler(random).steps(steps);
    double[] plain = images(sampler, random, LABELS);
    assertArrayEquals(plain, images(sampler.guidance(1), random, LABELS));
    // No step starts at a time below 1/3.
    assertArrayEquals(plain, images(sampler.guidance(strength, 0, 0.25), random, LABELS));
    assertArrayEquals(
        images(sampler, random, NO_CLASS), images(sampler.guidance(strength), random, NO_CLASS));
  }
}
