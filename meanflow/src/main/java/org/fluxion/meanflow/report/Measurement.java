package org.fluxion.meanflow.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.meanflow.sample.OpenSampler;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Draws samples, balanced over the classes, and scores them; and takes the time of several samplers
 * in turn, so that a machine whose speed drifts is as fast to all of them. Sample i is of class i
 * mod classes, so that the first hundred are ten of each of ten.
 *
 * @param evaluation what scores them
 * @param samples how many, a multiple of the number of classes
 * @param timedSeconds how long rounds of timed draws go on; there is one round at least
 */
public record Measurement(Evaluation evaluation, int samples, double timedSeconds) {
  /** Samples of each class in a grid, at most. */
  private static final int GRID_COLUMNS = 10;

  /** Rounds of timed draws at most. */
  private static final int ROUNDS = 7;

  /** Steps that are timed in each round, at least: four draws of one step. */
  private static final int STEPS = 4;

  private static final double TIMED_SECONDS = 40;

  private static final double NANOS = 1e9;
  private static final double MILLIS_PER_SECOND = 1e3;

  /**
   * Measures samples, and takes times for less than a minute.
   *
   * @param evaluation what scores them
   * @param samples how many, a multiple of the number of classes
   */
  public Measurement(Evaluation evaluation, int samples) {
    this(evaluation, samples, TIMED_SECONDS);
  }

  /**
   * What was measured.
   *
   * @param row the figures
   * @param grid some of the first seed's samples, a class in each row
   */
  public record Result(SummaryRow row, ImageGrid grid) {}

  /** Checks the number. */
  public Measurement {
    if (samples < 1) {
      throw new IllegalArgumentException("measurement: expected at least 1 sample, got " + samples);
    }
  }

  /**
   * Measures a sampler.
   *
   * @param model what the sampler draws from
   * @param sampler the sampler
   * @param seeds of the noise, at least one
   * @param drawn told of the number of samples drawn so far, over all seeds
   * @return figures, but for the time, which is 0, and some samples
   * @throws IllegalArgumentException if the samples are no multiple of the number of classes
   */
  public Result measure(Generator model, Sampler sampler, List<Long> seeds, IntConsumer drawn) {
    int classes = sampler.transformer().classes();
    if (samples % classes != 0) {
      throw new IllegalArgumentException(
          "expected a multiple of %d samples, as many of each class, got %d"
              .formatted(classes, samples));
    }
    Tensor labels = labels(samples, classes);
    List<Scored> scored = new ArrayList<>();
    try (OpenSampler open = sampler.open()) {
      for (long seed : seeds) {
        int before = scored.size() * samples;
        Tensor images =
            draw(open, sampler, labels, RandomKey.of(seed), done -> drawn.accept(before + done));
        scored.add(new Scored(seed, images, evaluation.evaluate(images, labels)));
      }
      List<SummaryRow.SeedFigures> figures = scored.stream().map(Scored::figures).toList();
      return new Result(
          SummaryRow.worstOf(model, sampler.steps(), sampler.guidance(), figures)
              .withTimes(sampler.low(), sampler.high(), sampler.shift()),
          grid(scored.getFirst().images(), classes));
    }
  }

  /** One seed's samples. */
  private record Scored(long seed, Tensor images, Evaluation.Scores scores) {
    SummaryRow.SeedFigures figures() {
      return new SummaryRow.SeedFigures(
          seed, scores.frechet(), scores.accuracy(), 0, scores.nearestDistance());
    }
  }

  /**
   * Labels in turn: 0, 1, …, 0, 1, ….
   *
   * @param count how many
   * @param classes how many differ
   * @return int32 [count]
   */
  static Tensor labels(int count, int classes) {
    int[] labels = new int[count];
    Arrays.setAll(labels, i -> i % classes);
    return Tensor.of(labels, count);
  }

  /** The same images as {@link OpenSampler#sample(Tensor, RandomKey)}, in parts that tell. */
  private static Tensor draw(
      OpenSampler open, Sampler sampler, Tensor labels, RandomKey key, IntConsumer drawn) {
    int count = labels.shape().extent(0);
    Tensor noise = open.noise(key, 0, count);
    List<Tensor> parts = new ArrayList<>();
    for (int from = 0; from < count; from += sampler.batch()) {
      int start = from;
      int end = Math.min(count, from + sampler.batch());
      parts.add(
          open.sample(
              noise.slice(0, start, end).detach(),
              labels.slice(0, start, end).detach(),
              number -> open.noise(key, number + 1, count).slice(0, start, end)));
      drawn.accept(end);
    }
    return Tensor.concat(0, parts.toArray(Tensor[]::new)).cast(DType.FLOAT32).detach();
  }

  /**
   * How many images are drawn each time that a time is taken.
   *
   * @param samples how many there are in all
   * @param batch how many the sampler computes at a time
   * @return one batch, if there are as many
   */
  static int timedImages(int samples, int batch) {
    return Math.min(samples, batch);
  }

  /**
   * Takes the time of samplers: the median over draws of one batch, noise included, in rounds in
   * which each has its turn, after one that warms them up.
   *
   * @param samplers the samplers
   * @param progress told of the share that is done, from 0 to 1
   * @return milliseconds for an image of each
   */
  public List<Double> millisecondsPerImage(List<Sampler> samplers, DoubleConsumer progress) {
    List<OpenSampler> open = new ArrayList<>();
    int turns = samplers.size() * (1 + ROUNDS);
    try {
      List<List<Double>> times = new ArrayList<>();
      List<Tensor> labels = new ArrayList<>();
      for (Sampler sampler : samplers) {
        open.add(sampler.open());
        times.add(new ArrayList<>());
        labels.add(labels(timedImages(samples, sampler.batch()), sampler.transformer().classes()));
        seconds(open.getLast(), labels.getLast(), 0);
        progress.accept((double) open.size() / turns);
      }
      long begin = System.nanoTime();
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < open.size(); i++) {
          for (int steps = 0; steps < STEPS; steps += samplers.get(i).steps()) {
            times.get(i).add(seconds(open.get(i), labels.get(i), times.get(i).size()));
          }
          progress.accept((double) (open.size() * (1 + round) + i + 1) / turns);
        }
        if ((System.nanoTime() - begin) / NANOS >= timedSeconds) {
          break;
        }
      }
      // There may have been time for fewer rounds.
      progress.accept(1);
      List<Double> medians = new ArrayList<>();
      for (int i = 0; i < open.size(); i++) {
        double[] sorted = times.get(i).stream().mapToDouble(Double::doubleValue).sorted().toArray();
        medians.add(
            sorted[sorted.length / 2] * MILLIS_PER_SECOND / labels.get(i).shape().extent(0));
      }
      return medians;
    } finally {
      open.forEach(OpenSampler::close);
    }
  }

  private static double seconds(OpenSampler open, Tensor labels, int seed) {
    long before = System.nanoTime();
    open.sample(labels, RandomKey.of(seed)).value();
    return (System.nanoTime() - before) / NANOS;
  }

  private static ImageGrid grid(Tensor images, int classes) {
    int columns = Math.min(GRID_COLUMNS, images.shape().extent(0) / classes);
    return byClass(images.slice(0, 0, columns * classes), classes, columns);
  }

  /**
   * A grid with a class in each row, of images whose classes take turns.
   *
   * @param images floats [columns · classes, 1, h, w]
   * @param classes how many classes take turns
   * @param columns images of each
   * @return the grid
   */
  public static ImageGrid byClass(Tensor images, int classes, int columns) {
    Shape shape = images.shape();
    Tensor rows =
        images
            .reshape(columns, classes, shape.extent(1), shape.extent(2), shape.extent(3))
            .permute(1, 0, 2, 3, 4)
            .reshape(shape);
    return ImageGrid.of(rows.detach(), columns);
  }
}
