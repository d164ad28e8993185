package org.fluxion.meanflow.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.Comparator;
import java.util.List;

/**
 * How good the samples of one generator at one number of steps are, and what they cost. Where
 * several sampling seeds were measured, the row is that of the worst of them: the one whose Fréchet
 * distance is the largest.
 *
 * @param model what drew the samples
 * @param steps sampling steps
 * @param guidance classifier-free guidance, 1 for none
 * @param guidanceInterval the first and the last time at which there is guidance
 * @param shift of the steps' times, 1 for none
 * @param frechet Fréchet distance of the samples from the test images, over a classifier's features
 * @param accuracy the share of the samples that the classifier assigns to the asked class, 0 to 1
 * @param millisecondsPerImage time to draw one image, in large batches on all threads
 * @param nearestDistance mean distance of a sample to its nearest training image, root mean square
 *     of a pixel from −1 to 1
 * @param seeds what each sampling seed gave
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record SummaryRow(
    Generator model,
    int steps,
    double guidance,
    List<Double> guidanceInterval,
    double shift,
    double frechet,
    double accuracy,
    double millisecondsPerImage,
    double nearestDistance,
    List<SeedFigures> seeds) {
  private static final List<Double> ALWAYS = List.of(0.0, 1.0);

  /**
   * What one sampling seed gave.
   *
   * @param seed of the noise
   * @param frechet the samples' distance
   * @param accuracy the share assigned to the asked class, 0 to 1
   * @param millisecondsPerImage time to draw one image
   * @param nearestDistance mean distance to the nearest training image
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record SeedFigures(
      long seed,
      double frechet,
      double accuracy,
      double millisecondsPerImage,
      double nearestDistance) {}

  /** Keeps the lists; where a file has neither interval nor shift, there was neither. */
  public SummaryRow {
    guidanceInterval = guidanceInterval == null ? ALWAYS : List.copyOf(guidanceInterval);
    shift = shift == 0 ? 1 : shift;
    seeds = List.copyOf(seeds);
  }

  /**
   * The row of the worst seed. The accuracy is the lowest that any seed gave, and the time the
   * median.
   *
   * @param model what drew the samples
   * @param steps sampling steps
   * @param guidance classifier-free guidance
   * @param seeds at least one
   * @return the row
   */
  public static SummaryRow worstOf(
      Generator model, int steps, double guidance, List<SeedFigures> seeds) {
    if (seeds.isEmpty()) {
      throw new IllegalArgumentException("summary row: expected the figures of a seed, got none");
    }
    SeedFigures worst =
        seeds.stream().max(Comparator.comparingDouble(SeedFigures::frechet)).orElseThrow();
    double[] times =
        seeds.stream().mapToDouble(SeedFigures::millisecondsPerImage).sorted().toArray();
    return new SummaryRow(
        model,
        steps,
        guidance,
        ALWAYS,
        1,
        worst.frechet(),
        seeds.stream().mapToDouble(SeedFigures::accuracy).min().orElseThrow(),
        times[(times.length - 1) / 2],
        worst.nearestDistance(),
        seeds);
  }

  /**
   * The same figures, taken with other times.
   *
   * @param low the first time at which there is guidance
   * @param high the last time at which there is guidance
   * @param factor the shift of the steps' times
   * @return the row
   */
  public SummaryRow withTimes(double low, double high, double factor) {
    return new SummaryRow(
        model,
        steps,
        guidance,
        List.of(low, high),
        factor,
        frechet,
        accuracy,
        millisecondsPerImage,
        nearestDistance,
        seeds);
  }

  /**
   * The same figures with the time that an image takes, which no seed changes.
   *
   * @param milliseconds time to draw one image
   * @return the row
   */
  public SummaryRow withMillisecondsPerImage(double milliseconds) {
    return new SummaryRow(
        model,
        steps,
        guidance,
        guidanceInterval,
        shift,
        frechet,
        accuracy,
        milliseconds,
        nearestDistance,
        seeds.stream()
            .map(
                each ->
                    new SeedFigures(
                        each.seed(),
                        each.frechet(),
                        each.accuracy(),
                        milliseconds,
                        each.nearestDistance()))
            .toList());
  }
}
