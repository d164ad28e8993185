package org.fluxion.meanflow.cli;

import picocli.CommandLine.Option;

/** How many samples are measured; for commands to mix in. */
final class SampleCount {
  private static final int CLASSES = 10;

  /** A covariance of the features needs more samples than there are features. */
  private static final int LEAST = 200;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Samples to measure, as many of each class (default: ${DEFAULT-VALUE}, for which the"
              + " floor is known; figures compare for equal numbers only).")
  private int samples = 2000;

  /**
   * The number that was asked for.
   *
   * @return a multiple of the classes
   * @throws IllegalArgumentException if it is none, or too small
   */
  int count() {
    if (samples < LEAST || samples % CLASSES != 0) {
      throw new IllegalArgumentException(
          "--samples: expected a multiple of %d, at least %d, got %d"
              .formatted(CLASSES, LEAST, samples));
    }
    return samples;
  }
}
