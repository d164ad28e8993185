package org.fluxion.meanflow.cli;

import java.util.Optional;
import org.fluxion.meanflow.sample.Sampler;
import picocli.CommandLine.Option;

/** How a model is sampled; for commands to mix in. */
final class SamplingOptions {
  @Option(
      names = "--guidance",
      paramLabel = "W",
      defaultValue = "1.0",
      description =
          "Strength of classifier-free guidance; above 1 sharpens the classes and costs twice the"
              + " time (default: ${DEFAULT-VALUE}, none).")
  private double guidance = 1;

  @Option(
      names = "--guidance-interval",
      paramLabel = "LOW,HIGH",
      description =
          "Guide only the steps that begin between these times, of which 1 is noise and 0 the image"
              + " (default: 0,1, all).")
  private Optional<String> interval = Optional.empty();

  @Option(
      names = "--shift",
      paramLabel = "S",
      defaultValue = "1.0",
      description =
          "Move the times of the steps: above 1, more of them fall where there is much noise"
              + " (default: ${DEFAULT-VALUE}, evenly spaced).")
  private double shift = 1;

  /**
   * A sampler with these options.
   *
   * @param sampler the sampler as it is without
   * @return the sampler
   * @throws IllegalArgumentException if an option's value is impossible; the message names it
   */
  Sampler applyTo(Sampler sampler) {
    Arguments.requireFinite("--guidance", guidance);
    if (!(shift > 0 && Double.isFinite(shift))) {
      throw new IllegalArgumentException("--shift: expected a number above 0, got " + shift);
    }
    if (interval.isEmpty()) {
      return sampler.shift(shift).guidance(guidance);
    }
    double[] times = times(interval.get());
    if (guidance == 1) {
      throw new IllegalArgumentException(
          "--guidance-interval: expected with a --guidance other than 1, which is none");
    }
    return sampler.shift(shift).guidance(guidance, times[0], times[1]);
  }

  private static double[] times(String text) {
    String[] parts = text.split(",", -1);
    if (parts.length == 2) {
      try {
        double low = Double.parseDouble(parts[0]);
        double high = Double.parseDouble(parts[1]);
        if (0 <= low && low <= high && high <= 1) {
          return new double[] {low, high};
        }
      } catch (NumberFormatException wrong) {
        // Said below.
      }
    }
    throw new IllegalArgumentException(
        "--guidance-interval: expected LOW,HIGH with 0 ≤ LOW ≤ HIGH ≤ 1, got '%s'".formatted(text));
  }
}
