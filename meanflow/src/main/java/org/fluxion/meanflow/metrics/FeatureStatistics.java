package org.fluxion.meanflow.metrics;

import org.ejml.data.DMatrixRMaj;
import org.fluxion.tensor.Tensor;

/**
 * Mean and covariance of a set of feature vectors, in float64: all that the Fréchet distance knows
 * of the set. Immutable.
 */
public final class FeatureStatistics {
  /** How far a covariance may be from symmetric, relative to its largest element. */
  private static final double SYMMETRY = 1e-10;

  private final double[] mean;
  private final double[] covariance;

  private FeatureStatistics(double[] mean, double[] covariance) {
    this.mean = mean;
    this.covariance = covariance;
  }

  /**
   * Statistics of samples. Sums are in float64, the covariance is about the mean, divided by n − 1.
   *
   * @param features floats [n, d]
   * @return their mean [d] and covariance [d, d]
   * @throws IllegalArgumentException if there are not more samples than features, so that the
   *     covariance would be singular, or a feature is not finite
   */
  public static FeatureStatistics of(Tensor features) {
    if (features.shape().rank() != 2 || !features.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "feature statistics: expected floats [samples, features], got %s %s"
              .formatted(features.dtype(), features.shape()));
    }
    int count = features.shape().extent(0);
    int width = features.shape().extent(1);
    if (count <= width || width == 0) {
      throw new IllegalArgumentException(
          "feature statistics: %d samples of %d features have a singular covariance; give at least %d samples"
              .formatted(count, width, width + 1));
    }
    double[] values = features.toDoubleArray();
    double[] mean = new double[width];
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "feature statistics: feature %d of sample %d is %s; are the samples finite?"
                .formatted(i % width, i / width, values[i]));
      }
      mean[i % width] += values[i];
    }
    for (int j = 0; j < width; j++) {
      mean[j] /= count;
    }
    return new FeatureStatistics(mean, covariance(values, mean, count));
  }

  private static double[] covariance(double[] values, double[] mean, int count) {
    int width = mean.length;
    double[] sums = new double[width * width];
    double[] centred = new double[width];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < width; j++) {
        centred[j] = values[i * width + j] - mean[j];
      }
      for (int j = 0; j < width; j++) {
        double left = centred[j];
        for (int k = 0; k <= j; k++) {
          sums[j * width + k] += left * centred[k];
        }
      }
    }
    for (int j = 0; j < width; j++) {
      for (int k = 0; k <= j; k++) {
        sums[j * width + k] /= count - 1;
        sums[k * width + j] = sums[j * width + k];
      }
    }
    return sums;
  }

  /**
   * Statistics that are known, such as those of a Gaussian.
   *
   * @param mean d numbers
   * @param covariance d · d numbers, row by row, symmetric and not negative definite
   * @return the statistics
   * @throws IllegalArgumentException if the lengths do not fit, a number is not finite, or the
   *     covariance is not symmetric
   */
  public static FeatureStatistics of(double[] mean, double[] covariance) {
    int width = mean.length;
    if (width == 0 || covariance.length != width * width) {
      throw new IllegalArgumentException(
          "feature statistics: a mean of %d features needs a covariance of %d numbers, got %d"
              .formatted(width, width * width, covariance.length));
    }
    requireFinite("mean", mean);
    requireFinite("covariance", covariance);
    double largest = 0;
    for (double element : covariance) {
      largest = Math.max(largest, Math.abs(element));
    }
    for (int j = 0; j < width; j++) {
      for (int k = 0; k < j; k++) {
        double lower = covariance[j * width + k];
        double upper = covariance[k * width + j];
        if (Math.abs(lower - upper) > SYMMETRY * largest) {
          throw new IllegalArgumentException(
              "feature statistics: the covariance is not symmetric: %s at [%d, %d], %s at [%d, %d]"
                  .formatted(lower, j, k, upper, k, j));
        }
      }
    }
    return new FeatureStatistics(mean.clone(), covariance.clone());
  }

  private static void requireFinite(String what, double[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "feature statistics: element %d of the %s is %s".formatted(i, what, values[i]));
      }
    }
  }

  /**
   * The number of features.
   *
   * @return d
   */
  public int width() {
    return mean.length;
  }

  /**
   * The mean.
   *
   * @return a copy, [d]
   */
  public double[] mean() {
    return mean.clone();
  }

  /**
   * The covariance.
   *
   * @return a copy, [d, d] row by row
   */
  public double[] covariance() {
    return covariance.clone();
  }

  /** The covariance as the linear algebra library takes it; a copy. */
  DMatrixRMaj covarianceMatrix() {
    return DMatrixRMaj.wrap(width(), width(), covariance.clone());
  }
}
