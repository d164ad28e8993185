package org.fluxion.meanflow.cli;

import java.util.Optional;
import picocli.CommandLine.Option;

/** How many samples are measured; for commands to mix in. */
final class SampleCount {
  private static final int CLASSES = 10;

  private static final int DEFAULT = 2000;

  /** A covariance of the features needs more samples than there are features. */
  private static final int LEAST = 200;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description =
          "Samples to measure, as many of each class: a multiple of 10, at least 200 (default:"
              + " 2000, for which the floor is known; figures compare for equal numbers only).")
  private Optional<Integer> samples = Optional.empty();

  /**
   * The number to measure.
   *
   * @return a multiple of the classes
   * @throws IllegalArgumentException if what was asked for is none, or too small
   */
  int count() {
    int count = samples.orElse(DEFAULT);
    require("--samples", count);
    return count;
  }

  /**
   * Checks a number of samples.
   *
   * @param name what the error calls it
   * @param count the number
   * @throws IllegalArgumentException if it is no multiple of the classes, or too small
   */
  static void require(String name, int count) {
    if (count < LEAST || count % CLASSES != 0) {
      throw new IllegalArgumentException(
          "%s: expected a multiple of %d, at least %d, got %d"
              .formatted(name, CLASSES, LEAST, count));
    }
  }

  /**
   * The number as it was asked for.
   *
   * @return nothing if it was left out
   */
  Optional<Integer> given() {
    return samples;
  }
}
