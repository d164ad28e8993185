package org.fluxion.meanflow.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.fluxion.meanflow.loss.LogVarianceWeighting;

/** A run that takes a moment: a network of a few hundred weights, on a few made-up digits. */
public final class TinyRun {
  private static final int IMAGES = 32;
  private static final int PIXELS = 28 * 28;

  private TinyRun() {}

  /** The smallest network that has everything: two blocks, of which one sees r. */
  public static ModelConfiguration model() {
    return new ModelConfiguration(16, 8, 1, 8, 2, 2, 10, 1, false);
  }

  /** Writes the data set's files: dots at random. */
  public static Path data(Path folder) throws IOException {
    Files.createDirectories(folder);
    Random random = new Random(1);
    byte[] pixels = new byte[IMAGES * PIXELS];
    random.nextBytes(pixels);
    byte[] labels = new byte[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
      labels[i] = (byte) (i % 10);
    }
    Files.write(
        folder.resolve("train-images-idx3-ubyte"),
        ByteBuffer.allocate(16 + pixels.length)
            .putInt(0x0803)
            .putInt(IMAGES)
            .putInt(28)
            .putInt(28)
            .put(pixels)
            .array());
    Files.write(
        folder.resolve("train-labels-idx1-ubyte"),
        ByteBuffer.allocate(8 + labels.length).putInt(0x0801).putInt(IMAGES).put(labels).array());
    return folder;
  }

  /** Flow matching on data that {@link #data} wrote. */
  public static TrainingConfiguration flow(Path data, int steps) {
    return configuration(
        data,
        steps,
        new Objective.FlowMatching(org.fluxion.meanflow.path.Path.LINEAR, 0, 0.25),
        1e-2);
  }

  /** Decoupled MeanFlow with model guidance on data that {@link #data} wrote. */
  public static TrainingConfiguration map(Path data, int steps) {
    return configuration(
        data,
        steps,
        new Objective.DecoupledMeanFlow(
            org.fluxion.meanflow.path.Path.LINEAR,
            0,
            0.4,
            -1.2,
            new GuidanceConfiguration(),
            0.25,
            LogVarianceWeighting.PER_SAMPLE),
        1e-2);
  }

  static TrainingConfiguration configuration(
      Path data, int steps, Objective objective, double learningRate) {
    return configuration(model(), data, steps, objective, learningRate);
  }

  static TrainingConfiguration configuration(
      ModelConfiguration model, Path data, int steps, Objective objective, double learningRate) {
    return new TrainingConfiguration(
        model,
        new DataConfiguration(DataConfiguration.Name.MNIST, 16, Optional.of(data.toString())),
        objective,
        new OptimizerConfiguration(learningRate, 0.9, 0.95, 0.01, 1e-8, 1),
        new ScheduleConfiguration(Math.min(2, steps / 2), ScheduleConfiguration.Decay.COSINE, 1e-4),
        0.9,
        4,
        steps,
        7,
        4,
        3,
        Optional.empty());
  }
}
