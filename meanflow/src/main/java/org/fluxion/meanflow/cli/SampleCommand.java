package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.report.ImageGrid;
import org.fluxion.meanflow.report.Measurement;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion sample}: draws images from a model into a PNG. */
@Command(
    name = "sample",
    description = {
      "Draw images from a model into a PNG.",
      "",
      "Without options the flow map that comes with the project draws ten of each digit, in one"
          + " step each, a digit in each row.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  fluxion sample",
      "  fluxion sample --labels 3,3,7 --count 1 --seed 5 --out three.png",
      "  fluxion sample --model flow --steps 32",
      "  fluxion sample --model runs/demo/map.safetensors --steps 2"
    })
final class SampleCommand implements Callable<Integer> {
  private static final double NANOS = 1e9;

  /** Single images stand in rows of this many. */
  private static final int LONGEST_ROW = 10;

  private static final Pattern OTHER_FORMAT =
      Pattern.compile("(?i).*\\.(jpe?g|jxl|gif|bmp|tiff?|webp|avif|heic|svg|pdf|p[gbnp]m|ico)");

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "FILE|NAME",
      defaultValue = "map",
      description =
          "What draws: a model file, or 'flow' or 'map', which come with the project (default:"
              + " ${DEFAULT-VALUE}).")
  private String model = "map";

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Sampling steps (default: 1 for a flow map, 32 for a flow model).")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--labels",
      paramLabel = "LIST",
      description = "The classes to draw, such as 0-9 or 3,3,7 (default: all).")
  private Optional<String> labels = Optional.empty();

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "10",
      description = "Images of each class listed (default: ${DEFAULT-VALUE}).")
  private int count = LONGEST_ROW;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The seed of the noise; another draws other images (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--scale",
      paramLabel = "N",
      defaultValue = "3",
      description = "Enlarge each pixel to N × N (default: ${DEFAULT-VALUE}).")
  private int scale = 3;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "samples.png",
      description = "The PNG to write; replaced if it exists (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("samples.png");

  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private DeviceOptions devices = new DeviceOptions();
  @Mixin private ProfileOption profile = new ProfileOption();

  @Override
  public Integer call() throws IOException {
    Arguments.requireAtLeastOne("--count", count);
    Arguments.requireAtLeastOne("--scale", scale);
    steps.ifPresent(n -> Arguments.requireAtLeastOne("--steps", n));
    requirePng(out);
    Arguments.requireWritable("--out", out);
    ModelFile file = Arguments.model("--model", model);
    if (file.model().channels() != 1) {
      throw new IllegalArgumentException(
          "--model: expected a model of greyscale images, %s draws %d channels"
              .formatted(model, file.model().channels()));
    }
    List<Integer> classes =
        LabelList.parse(labels.orElse("0-" + (file.model().classes() - 1)), file.model().classes());
    requireSize(classes.size(), file.model().inputSize());
    Sampler sampler =
        sampling.applyTo(ShippedModels.sampler(file)).device(profile.of(devices.device()));
    sampler = steps.isPresent() ? sampler.steps(steps.get()) : sampler;
    long begin = System.nanoTime();
    Tensor images = sampler.sample(inTurn(classes, count), RandomKey.of(seed));
    ImageGrid grid =
        count == 1
            ? ImageGrid.of(images, Math.min(classes.size(), LONGEST_ROW))
            : Measurement.byClass(images, classes.size(), count);
    grid.withScale(scale).write(out);
    spec.commandLine()
        .getOut()
        .printf(
            "Drew %s in %s%s with the flow %s, in %.1f s on %s: %s%n",
            FigureTable.count(images.shape().extent(0), "image"),
            FigureTable.steps(sampler.steps()),
            images.shape().extent(0) == 1 ? "" : " each",
            file.kind() == ModelFile.Kind.FLOW ? "model" : "map",
            (System.nanoTime() - begin) / NANOS,
            sampler.device().description(),
            out);
    spec.commandLine().getOut().flush();
    String name = out.getFileName().toString().replaceFirst("(?i)\\.png$", "");
    profile.finish(
        out.resolveSibling(name + "." + ProfileOption.TRACE), spec.commandLine().getOut());
    return 0;
  }

  /** A name that promises another format than what is written. */
  private static void requirePng(Path file) {
    if (OTHER_FORMAT.matcher(file.toString()).matches()) {
      throw new IllegalArgumentException(
          "--out: a PNG is what is written; expected a name that ends in .png, got %s"
              .formatted(file));
    }
  }

  /** Before the images are drawn, and not after. */
  private void requireSize(int classes, int pixels) {
    int columns = count == 1 ? Math.min(classes, LONGEST_ROW) : count;
    int rows = count == 1 ? Math.ceilDiv(classes, LONGEST_ROW) : classes;
    try {
      ImageGrid.requireSize(columns, rows, pixels, scale);
    } catch (IllegalArgumentException large) {
      throw new IllegalArgumentException(
          "--scale %d, --count %d: %s".formatted(scale, count, large.getMessage()), large);
    }
  }

  /** The classes take turns, as in the demo's samples: the same seed then draws the same images. */
  private static Tensor inTurn(List<Integer> classes, int count) {
    int[] labels = new int[Math.multiplyExact(classes.size(), count)];
    java.util.Arrays.setAll(labels, i -> classes.get(i % classes.size()));
    return Tensor.of(labels, labels.length);
  }
}
