package org.fluxion.meanflow.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Laws of the Fréchet distance, and its closed forms. */
class FrechetDistanceTest {
  /** Correlated samples with a mean, from a seed: [count, width]. */
  private static double[][] samples(long seed, int count, int width) {
    Random random = new Random(seed);
    double[][] mix = new double[width][width];
    for (double[] row : mix) {
      java.util.Arrays.setAll(row, i -> random.nextGaussian());
    }
    double[][] samples = new double[count][width];
    for (double[] sample : samples) {
      for (int k = 0; k < width; k++) {
        double source = random.nextGaussian() + 0.5;
        for (int j = 0; j < width; j++) {
          sample[j] += mix[k][j] * source;
        }
      }
    }
    return samples;
  }

  private static FeatureStatistics statistics(double[][] samples) {
    double[] flat =
        java.util.Arrays.stream(samples).flatMapToDouble(java.util.Arrays::stream).toArray();
    return FeatureStatistics.of(Tensor.of(flat, samples.length, samples[0].length));
  }

  /** The sum of the variances: what errors are relative to. */
  private static double scale(FeatureStatistics statistics) {
    double trace = 0;
    for (int i = 0; i < statistics.width(); i++) {
      trace += statistics.covariance()[i * statistics.width() + i];
    }
    return trace;
  }

  private static FeatureStatistics gaussian(double[] mean, double[] deviations) {
    int width = mean.length;
    double[] covariance = new double[width * width];
    for (int i = 0; i < width; i++) {
      covariance[i * width + i] = deviations[i] * deviations[i];
    }
    return FeatureStatistics.of(mean, covariance);
  }

  @Property(tries = 50, seed = "5854")
  void equalSetsHaveNoDistance(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int width) {
    FeatureStatistics a = statistics(samples(seed, width + 3, width));
    assertEquals(0, FrechetDistance.between(a, a), 1e-11 * scale(a));
  }

  @Property(tries = 50, seed = "6210")
  void theDistanceIsSymmetricAndNotNegative(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int width) {
    FeatureStatistics a = statistics(samples(seed, 2 * width + 2, width));
    FeatureStatistics b = statistics(samples(seed + 1, 3 * width + 2, width));
    double there = FrechetDistance.between(a, b);
    assertTrue(there > 0);
    assertEquals(there, FrechetDistance.between(b, a), 1e-11 * (scale(a) + scale(b)));
  }

  @Property(tries = 50, seed = "3845")
  void aShiftAddsItsSquaredLength(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll @DoubleRange(min = -100, max = 100) double shift) {
    double[][] samples = samples(seed, width + 10, width);
    FeatureStatistics a = statistics(samples);
    double expected = 0;
    for (int j = 0; j < width; j++) {
      for (double[] sample : samples) {
        sample[j] += shift * (j + 1);
      }
      expected += shift * shift * (j + 1) * (j + 1);
    }
    FeatureStatistics moved = statistics(samples);
    assertEquals(expected, FrechetDistance.between(a, moved), 1e-10 * (expected + scale(a)));
  }

  @Property(tries = 50, seed = "2323")
  void theOrderOfSamplesDoesNotCount(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int width) {
    double[][] samples = samples(seed, 4 * width + 2, width);
    FeatureStatistics other = statistics(samples(seed + 1, 40, width));
    double before = FrechetDistance.between(statistics(samples), other);
    java.util.Collections.shuffle(java.util.Arrays.asList(samples), new Random(seed));
    assertEquals(
        before,
        FrechetDistance.between(statistics(samples), other),
        1e-11 * (before + scale(other)));
  }

  @Property(tries = 50, seed = "7532")
  void gaussiansOfDiagonalCovarianceHaveTheClosedForm(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int width) {
    Random random = new Random(seed);
    double[] mean1 = random.doubles(width, -3, 3).toArray();
    double[] mean2 = random.doubles(width, -3, 3).toArray();
    double[] deviation1 = random.doubles(width, 0, 3).toArray();
    double[] deviation2 = random.doubles(width, 0, 3).toArray();
    double expected = 0;
    for (int i = 0; i < width; i++) {
      expected += Math.pow(mean1[i] - mean2[i], 2) + Math.pow(deviation1[i] - deviation2[i], 2);
    }
    assertEquals(
        expected,
        FrechetDistance.between(gaussian(mean1, deviation1), gaussian(mean2, deviation2)),
        1e-11 * 9 * width);
  }

  @Test
  void twoFeaturesAgreeWithTheRootOfTheDeterminant() {
    // In two dimensions tr(M^½) = √(tr M + 2·√det M), here with M = A·B.
    FeatureStatistics a = FeatureStatistics.of(new double[] {0, 0}, new double[] {2, 1, 1, 3});
    FeatureStatistics b = FeatureStatistics.of(new double[] {1, -1}, new double[] {4, -1, -1, 1});
    double traceOfProduct = 2 * 4 + 1 * -1 + 1 * -1 + 3 * 1;
    double determinant = (2 * 3 - 1) * (4 * 1 - 1);
    double root = Math.sqrt(traceOfProduct + 2 * Math.sqrt(determinant));
    assertEquals(2 + 5 + 5 - 2 * root, FrechetDistance.between(a, b), 1e-13);
  }

  @Test
  void aConstantFeatureIsNoTrouble() {
    FeatureStatistics flat = gaussian(new double[] {1, 2}, new double[] {0, 3});
    FeatureStatistics wide = gaussian(new double[] {1, 2}, new double[] {2, 3});
    assertEquals(4, FrechetDistance.between(flat, wide), 1e-12);
  }

  @Test
  void statisticsAreMeanAndUnbiasedCovariance() {
    FeatureStatistics of = FeatureStatistics.of(Tensor.of(new double[] {1, 2, 3, 6, 5, 1}, 3, 2));
    assertEquals(3, of.mean()[0], 1e-15);
    assertEquals(3, of.mean()[1], 1e-15);
    // Deviations (−2, −1), (0, 3), (2, −2) over n − 1 = 2.
    assertEquals(4, of.covariance()[0], 1e-15);
    assertEquals(-1, of.covariance()[1], 1e-15);
    assertEquals(-1, of.covariance()[2], 1e-15);
    assertEquals(7, of.covariance()[3], 1e-15);
  }

  private static String message(org.junit.jupiter.api.function.Executable executable) {
    return assertThrows(IllegalArgumentException.class, executable).getMessage();
  }

  @Test
  void whatDoesNotFitIsNamed() {
    assertEquals(
        "feature statistics: 2 samples of 3 features have a singular covariance; give at least 4"
            + " samples",
        message(() -> FeatureStatistics.of(Tensor.zeros(2, 3))));
    float[] features = new float[8];
    features[5] = Float.NaN;
    assertEquals(
        "feature statistics: feature 1 of sample 2 is NaN; are the samples finite?",
        message(() -> FeatureStatistics.of(Tensor.of(features, 4, 2))));
    assertTrue(message(() -> FeatureStatistics.of(Tensor.zeros(4))).contains("[4]"));
    assertTrue(
        message(() -> FeatureStatistics.of(new double[2], new double[] {1, 2, 3, 4}))
            .contains("not symmetric"));
    assertTrue(message(() -> FeatureStatistics.of(new double[2], new double[3])).contains("got 3"));
    assertTrue(
        message(() -> FeatureStatistics.of(new double[] {Double.NaN}, new double[1]))
            .contains("mean"));
    FeatureStatistics one = gaussian(new double[1], new double[] {1});
    FeatureStatistics two = gaussian(new double[2], new double[] {1, 1});
    assertTrue(message(() -> FrechetDistance.between(one, two)).contains("1 and 2"));
    FeatureStatistics negative = FeatureStatistics.of(new double[1], new double[] {-1});
    assertTrue(message(() -> FrechetDistance.between(one, negative)).contains("negative"));
  }
}
