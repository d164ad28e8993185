package org.fluxion.meanflow.metrics;

import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.fluxion.nn.data.Batch;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Measures samples of digits against real ones. Its programs are compiled when it is opened and
 * kept until it is closed; so are the reference figures, which take a few seconds and are computed
 * rather than shipped, so that they always fit classifier and images. Equal samples give equal
 * figures, with any number of threads. Belongs to one thread.
 */
public final class Evaluation implements AutoCloseable {
  /** Images in each step of the programs. */
  private static final int BATCH = 500;

  private static final int CLASSES = 10;
  private static final int PER_CLASS = 200;

  /** The number of real images that the floor is the distance of. */
  public static final int FLOOR_SAMPLES = CLASSES * PER_CLASS;

  /** What the choice of real images depends on. */
  private static final long SEED = 2000;

  /**
   * What real images are measured at.
   *
   * @param frechetFloor the Fréchet distance of 2,000 training images, 200 of each class, from the
   *     10,000 test images: what a perfect generator would be measured at
   * @param accuracy the share of the test images that the classifier names rightly
   * @param nearestDistance the mean distance of 2,000 test images, 200 of each class, to the
   *     nearest training image, root mean square per pixel
   */
  public record Reference(double frechetFloor, double accuracy, double nearestDistance) {}

  /**
   * What samples are measured at.
   *
   * @param samples how many there were
   * @param frechet their Fréchet distance from the 10,000 test images
   * @param accuracy the share that the classifier assigns to the asked class
   * @param nearestDistance the mean distance to the nearest training image, root mean square per
   *     pixel
   */
  public record Scores(int samples, double frechet, double accuracy, double nearestDistance) {}

  private final Classifier.Compiled classifier;
  private final NearestNeighbour neighbours;
  private final FeatureStatistics real;
  private final Reference reference;

  private Evaluation(
      Classifier.Compiled classifier,
      NearestNeighbour neighbours,
      FeatureStatistics real,
      Reference reference) {
    this.classifier = classifier;
    this.neighbours = neighbours;
    this.real = real;
    this.reference = reference;
  }

  /**
   * Opens an evaluation by the shipped classifier and the embedded digits.
   *
   * @param device where the programs run
   * @return the evaluation, which the caller closes
   * @throws IOException if the classifier's hash is wrong or the library's resources are damaged
   */
  public static Evaluation open(Device device) throws IOException {
    return open(
        Classifier.shipped(),
        Mnist.read(Mnist.Part.TRAIN, Mnist.Size.HALF),
        Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF),
        device);
  }

  /**
   * Opens an evaluation.
   *
   * @param network what gives classes and features
   * @param train the training images, inputs [n, 1, 16, 16], 200 or more of each class
   * @param test the test images, likewise
   * @param device where the programs run
   * @return the evaluation, which the caller closes
   */
  public static Evaluation open(Classifier network, DataSet train, DataSet test, Device device) {
    Classifier.Compiled classifier = network.compile(BATCH, device);
    try {
      NearestNeighbour neighbours = NearestNeighbour.among(train.inputs(), BATCH, device);
      try {
        Classifier.Output output = classifier.apply(test.inputs());
        FeatureStatistics real = FeatureStatistics.of(output.features());
        Tensor chosen = balanced(train, PER_CLASS, SEED).inputs();
        Reference reference =
            new Reference(
                FrechetDistance.between(
                    FeatureStatistics.of(classifier.apply(chosen).features()), real),
                output.accuracy(test.labels()),
                neighbours.meanDistance(balanced(test, PER_CLASS, SEED).inputs()));
        return new Evaluation(classifier, neighbours, real, reference);
      } catch (RuntimeException | Error failed) {
        neighbours.close();
        throw failed;
      }
    } catch (RuntimeException | Error failed) {
      classifier.close();
      throw failed;
    }
  }

  /**
   * Examples of a data set, as many of each of the ten digits.
   *
   * @param data the data set, labels [n] from 0 to 9
   * @param perClass how many of each
   * @param seed what the choice depends on
   * @return perClass examples of class 0, then of 1, and so on
   * @throws IllegalArgumentException if the data set has fewer of a class
   */
  public static Batch balanced(DataSet data, int perClass, long seed) {
    long[] labels = data.labels().toLongArray();
    // The examples with the smallest random numbers of each class.
    double[] order =
        RandomKey.of(seed).uniform(Shape.of(labels.length), DType.FLOAT64).toDoubleArray();
    int[] chosen = new int[CLASSES * perClass];
    for (int digit = 0; digit < CLASSES; digit++) {
      int wanted = digit;
      int[] candidates =
          IntStream.range(0, labels.length)
              .filter(i -> labels[i] == wanted)
              .boxed()
              .sorted(Comparator.comparingDouble(i -> order[i]))
              .mapToInt(Integer::intValue)
              .toArray();
      if (candidates.length < perClass) {
        throw new IllegalArgumentException(
            "balanced: expected at least %d examples of class %d, the data has %d"
                .formatted(perClass, digit, candidates.length));
      }
      System.arraycopy(candidates, 0, chosen, digit * perClass, perClass);
      Arrays.sort(chosen, digit * perClass, (digit + 1) * perClass);
    }
    return data.batch(chosen);
  }

  /**
   * What real images are measured at.
   *
   * @return the figures
   */
  public Reference reference() {
    return reference;
  }

  /**
   * Measures samples as they would be shown: values beyond black and white are taken as these.
   *
   * @param samples float32 [n, 1, 16, 16] from −1 (background) to 1 (ink), n above the number of
   *     features; figures compare only for equal n, and the floor is for 2,000
   * @param labels the asked classes, integers [n]
   * @return their figures
   * @throws IllegalArgumentException if there are too few samples, one is not finite, or the labels
   *     are not as many
   */
  public Scores evaluate(Tensor samples, Tensor labels) {
    Tensor shown = clipped(classifier.check(samples));
    Classifier.Output output = classifier.apply(shown);
    double accuracy = output.accuracy(labels);
    return new Scores(
        samples.shape().extent(0),
        FrechetDistance.between(FeatureStatistics.of(output.features()), real),
        accuracy,
        neighbours.meanDistance(shown));
  }

  private static Tensor clipped(Tensor samples) {
    float[] pixels = samples.toFloatArray();
    int each = pixels.length / samples.shape().extent(0);
    for (int i = 0; i < pixels.length; i++) {
      if (!Float.isFinite(pixels[i])) {
        throw new IllegalArgumentException(
            "evaluation: sample %d has the pixel %s; did the model or its training diverge?"
                .formatted(i / each, pixels[i]));
      }
      pixels[i] = Math.clamp(pixels[i], -1f, 1f);
    }
    return Tensor.of(pixels, samples.shape().extents());
  }

  @Override
  public void close() {
    try {
      neighbours.close();
    } finally {
      classifier.close();
    }
  }
}
