package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.report.Measurement;
import org.fluxion.meanflow.report.Summary;
import org.fluxion.meanflow.report.SummaryRow;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion evaluate}: measures how good and how fast a model's samples are. */
@Command(
    name = "evaluate",
    description = {
      "Measure how good and how fast a model's samples are.",
      "",
      "Draws samples, as many of each class, and prints their Fréchet distance from the 10,000 test"
          + " images, the share that a classifier assigns to the asked class, the mean distance to"
          + " the nearest training image, and the time for an image.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  fluxion evaluate --model map --steps 1,2,4",
      "  fluxion evaluate --model runs/demo/map.safetensors --guidance 1.5",
      "  fluxion evaluate --model flow --steps 32 --json figures.json"
    })
final class EvaluateCommand implements Callable<Integer> {
  private static final double NANOS = 1e9;

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "FILE|NAME",
      required = true,
      description = "A model file, or 'flow' or 'map', which come with the project.")
  private String model = "map";

  @Option(
      names = "--steps",
      paramLabel = "N",
      split = ",",
      description =
          "Sampling steps, one or several such as 1,2,4 (default: 1 for a flow map, 32 for a flow"
              + " model).")
  private List<Integer> steps = List.of();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The first seed of the noise (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--sampling-seeds",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Measure with so many seeds, one after another, and print the worst (default:"
              + " ${DEFAULT-VALUE}).")
  private int samplingSeeds = 1;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the figures as JSON too; replaced if it exists.")
  private Optional<Path> json = Optional.empty();

  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private SampleCount samples = new SampleCount();
  @Mixin private DeviceOptions devices = new DeviceOptions();
  @Mixin private ProfileOption profile = new ProfileOption();

  @Override
  public Integer call() throws IOException {
    steps.forEach(n -> Arguments.requireAtLeastOne("--steps", n));
    Arguments.requireAtLeastOne("--sampling-seeds", samplingSeeds);
    int count = samples.count();
    if (json.isPresent()) {
      Arguments.requireWritable("--json", json.get());
    }
    ModelFile file = Arguments.model("--model", model);
    ShippedModels.requireDigits(file, "--model: " + model);
    Device device = profile.of(devices.device());
    Sampler sampler = sampling.applyTo(ShippedModels.sampler(file)).device(device);
    PrintWriter out = spec.commandLine().getOut();
    say(out, "Reading the digits and the classifier …");
    long begin = System.nanoTime();
    List<SummaryRow> scored = new ArrayList<>();
    List<Sampler> samplers = new ArrayList<>();
    try (Evaluation evaluation = Evaluation.open(device)) {
      Measurement measurement = new Measurement(evaluation, count);
      for (int n : steps.isEmpty() ? List.of(sampler.steps()) : steps) {
        String task = "%d × %,d samples, %s".formatted(samplingSeeds, count, FigureTable.steps(n));
        say(out, "Drawing %s …".formatted(task));
        SummaryRow row = measure(measurement, file, sampler.steps(n), task).row();
        scored.add(row);
        samplers.add(sampler.steps(n));
        say(out, FigureTable.line(row));
      }
      say(out, "Taking the time, for about a minute …");
      List<Double> times;
      try (TaskBar bar = TaskBar.ofShare("Taking the time", ProgressReport.isTerminal())) {
        times = measurement.millisecondsPerImage(samplers, bar::toShare);
      }
      List<SummaryRow> rows =
          IntStream.range(0, scored.size())
              .mapToObj(i -> scored.get(i).withMillisecondsPerImage(times.get(i)))
              .toList();
      Summary summary =
          new Summary(
              rows,
              evaluation.reference().frechetFloor(),
              (System.nanoTime() - begin) / NANOS,
              count,
              evaluation.reference().nearestDistance());
      out.println();
      out.print(FigureTable.of(summary));
      out.flush();
      if (json.isPresent()) {
        summary.write(json.get());
      }
    }
    profile.finish(json.orElse(Path.of("")).resolveSibling("evaluate." + ProfileOption.TRACE), out);
    return 0;
  }

  private Measurement.Result measure(
      Measurement measurement, ModelFile file, Sampler sampler, String task) {
    List<Long> seeds = LongStream.range(0, samplingSeeds).map(i -> seed + i).boxed().toList();
    try (TaskBar bar =
        new TaskBar(
            task, (long) samplingSeeds * measurement.samples(), ProgressReport.isTerminal())) {
      return measurement.measure(ShippedModels.generator(file), sampler, seeds, bar::to);
    }
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
