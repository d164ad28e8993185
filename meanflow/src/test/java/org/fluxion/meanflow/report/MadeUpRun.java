package org.fluxion.meanflow.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.DoubleUnaryOperator;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.Tensor;

/** A run with invented figures and noisy digits, to see what its report looks like. */
final class MadeUpRun {
  private static final int CLASSES = 10;

  private final Random random = new Random(7);

  /** Writes the report into the folder that is the first argument. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Files.createDirectories(folder);
    Report report = new MadeUpRun().report();
    report.write(folder.resolve("report.html"));
    report.summary().write(folder.resolve("summary.json"));
  }

  Summary summary() {
    List<SummaryRow> rows =
        List.of(
            row(Generator.FLOW, 1, 176, 0.132, 0.31, 1),
            row(Generator.FLOW, 2, 42.8, 0.63, 0.62, 1),
            row(Generator.FLOW, 4, 10.2, 0.957, 1.23, 1),
            row(Generator.FLOW, 32, 1.55, 0.981, 9.81, 3),
            row(Generator.CONVERTED, 1, 180, 0.121, 0.31, 1),
            row(Generator.CONVERTED, 2, 77, 0.41, 0.62, 1),
            row(Generator.CONVERTED, 4, 24, 0.89, 1.23, 1),
            row(Generator.MAP, 1, 3.96, 0.999, 0.31, 3),
            row(Generator.MAP, 2, 4.15, 0.998, 0.61, 3),
            row(Generator.MAP, 4, 5.96, 0.998, 1.22, 3));
    return new Summary(rows, 1.04, 512.3, 2000, 4.21);
  }

  private static SummaryRow row(
      Generator model, int steps, double frechet, double accuracy, double time, int seeds) {
    List<SummaryRow.SeedFigures> figures = new ArrayList<>();
    for (int seed = 0; seed < seeds; seed++) {
      double share = 1 - 0.03 * seed;
      figures.add(
          new SummaryRow.SeedFigures(7 + seed, frechet * share, accuracy, time, 4.3 + 0.01 * seed));
    }
    return SummaryRow.worstOf(model, steps, 1, figures);
  }

  Report report() throws IOException {
    Summary summary = summary();
    List<Report.SampleGrid> grids = new ArrayList<>();
    for (SummaryRow row : summary.rows()) {
      double noise = Math.clamp((row.frechet() - 1) / 60, 0, 0.9);
      grids.add(
          new Report.SampleGrid(
              Optional.of(row.model()), row.steps(), ImageGrid.of(digits(noise), CLASSES)));
    }
    grids.add(new Report.SampleGrid(Optional.empty(), 0, ImageGrid.of(digits(0), CLASSES)));
    return new Report(
        "demo",
        "25 November 2026",
        summary,
        List.of(
            new Report.Stage(
                "Read the digits",
                "60,000 training and 10,000 test images of MNIST, averaged down to 16 × 16 pixels.",
                2.1),
            new Report.Stage(
                "Sampled the flow model",
                "The shipped model, trained by flow matching, drew 2,000 digits with 1, 2, 4 and 32"
                    + " steps.",
                61),
            new Report.Stage(
                "Converted it",
                "The last 2 of its 6 blocks now see the time to go to. No weight was touched.",
                0.01),
            new Report.Stage(
                "Fine-tuned the flow map",
                "500 steps of 128 images with the Decoupled MeanFlow loss and model guidance.",
                298),
            new Report.Stage(
                "Sampled the flow map",
                "2,000 digits with 1, 2 and 4 steps, three seeds each.",
                43)),
        grids,
        List.of(
            new Report.Training(
                Generator.FLOW,
                "Training the flow model",
                "Flow matching: the squared error of the velocity.",
                List.of(
                    curve("Loss", 3000, x -> 0.18 + 0.9 * Math.exp(-9 * x), 0.03),
                    curve("Gradient norm", 3000, x -> 0.4 + 3 * Math.exp(-20 * x), 0.2))),
            new Report.Training(
                Generator.MAP,
                "Fine-tuning",
                "Half flow matching, half the MeanFlow identity, each weighted by a learned"
                    + " variance.",
                List.of(
                    curve("Loss", 500, x -> -1.9 + 0.8 * Math.exp(-6 * x), 0.05),
                    curve("Squared error, flow-matching part", 500, x -> 0.13 + 0.05 * x * x, 0.02),
                    curve(
                        "Squared error, mean-flow part",
                        500,
                        x -> 0.2 + 40 * Math.exp(-8 * x),
                        0.1),
                    curve("Gradient norm", 500, x -> 0.5 + 8 * Math.exp(-10 * x), 0.3)))),
        List.of(settings("Fine-tuning"), settings("Machine and seeds")));
  }

  private static Report.Settings settings(String title) {
    SequencedMap<String, String> values = new LinkedHashMap<>();
    values.put("batch size", "128");
    values.put("learning rate", "0.001");
    values.put("guidance interval", "0 to 0.7");
    values.put("average decay", "0.998");
    values.put("seed", "42");
    return new Report.Settings(title, values);
  }

  private LossCurve curve(String title, int steps, DoubleUnaryOperator shape, double noise) {
    List<LossCurve.Point> points = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      double mean = shape.applyAsDouble((double) step / steps);
      double value = mean * Math.exp(noise * random.nextGaussian());
      points.add(new LossCurve.Point(step, value));
    }
    return new LossCurve(title, points);
  }

  /** Ten test images of each class, the class in rows, with some noise. */
  private Tensor digits(double noise) throws IOException {
    DataSet test = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF);
    long[] labels = test.labels().toLongArray();
    int[] indices = new int[CLASSES * CLASSES];
    for (int digit = 0, at = 0; digit < CLASSES; digit++) {
      int found = 0;
      for (int i = 0; found < CLASSES; i++) {
        if (labels[i] == digit) {
          indices[at++] = i;
          found++;
        }
      }
    }
    float[] pixels = test.batch(indices).inputs().toFloatArray();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) ((1 - noise) * pixels[i] + noise * random.nextGaussian());
    }
    return Tensor.of(pixels, CLASSES * CLASSES, 1, 16, 16);
  }
}
