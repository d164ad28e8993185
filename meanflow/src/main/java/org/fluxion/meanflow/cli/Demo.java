package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.LongStream;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.report.Generator;
import org.fluxion.meanflow.report.ImageGrid;
import org.fluxion.meanflow.report.LossCurve;
import org.fluxion.meanflow.report.Measurement;
import org.fluxion.meanflow.report.Report;
import org.fluxion.meanflow.report.Summary;
import org.fluxion.meanflow.report.SummaryRow;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.train.FileFailure;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.meanflow.train.Trainer;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.nn.data.Batch;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.Device;

/**
 * The demo's work: flow model, conversion, fine-tuning, samples at every stage, and a report of it
 * all.
 */
final class Demo {
  private static final double NANOS = 1e9;
  private static final int LONG_SAMPLING = 32;
  private static final List<Integer> FLOW_STEPS = List.of(1, 2, 4, LONG_SAMPLING);
  private static final List<Integer> MAP_STEPS = List.of(1, 2, 4);
  private static final int CLASSES = 10;

  /** Headings, so that a reader knows how far it is. */
  private static final int STAGES = 6;

  /**
   * What is to be done.
   *
   * @param name the run's name
   * @param settings how it is sampled and measured
   * @param secondsBefore what it has taken already, if it is resumed
   * @param seed of the noise; further sampling seeds follow it
   * @param device where to compute
   * @param resumption the command that goes on with the demo if it is interrupted
   */
  record Plan(
      String name,
      DemoSettings settings,
      double secondsBefore,
      long seed,
      Device device,
      String resumption) {}

  /** Opens what scores and times the samples, which takes a few seconds. */
  @FunctionalInterface
  interface MeasurementSource {
    Measurement open(Device device, int samples) throws IOException;
  }

  private final Plan plan;
  private final RunFolder folder;
  private final PrintWriter out;
  private final PrintWriter err;
  private final MeasurementSource measurements;

  /** Training says itself how to go on, and does so after it was stopped. */
  private volatile boolean training;

  /** Whether it was said how to go on, to which two threads may come. */
  private boolean toldHowToGoOn;

  private final DemoClock clock;

  private final boolean terminal = ProgressReport.isTerminal();
  private final List<Report.Stage> stages = new ArrayList<>();
  private final List<SummaryRow> rows = new ArrayList<>();

  /** What drew each row's samples. */
  private final List<Sampler> samplers = new ArrayList<>();

  private final List<Report.SampleGrid> grids = new ArrayList<>();
  private final List<Report.Training> trainings = new ArrayList<>();

  /**
   * A demo.
   *
   * @param plan what was asked for
   * @param folder where all goes
   * @param measurements what scores and times the samples
   * @param out what is told goes here
   * @param err where an error goes that comes after an interruption
   */
  Demo(
      Plan plan,
      RunFolder folder,
      MeasurementSource measurements,
      PrintWriter out,
      PrintWriter err) {
    this.measurements = measurements;
    this.plan = plan;
    this.clock = new DemoClock(folder, plan.settings(), plan.secondsBefore());
    this.folder = folder;
    this.out = out;
    this.err = err;
  }

  /** How the command line was called, as it can be typed again. */
  static String command() {
    return System.getProperty("fluxion.command", "fluxion");
  }

  /** Where a flow model is trained that does not come with the project. */
  static Path flowFolder(RunFolder folder) {
    return folder.path().resolve("flow");
  }

  /** Whether the fine-tuning starts from a flow model that its own demo trained. */
  static boolean isFromScratch(RunFolder folder, TrainingConfiguration map) {
    return Files.isDirectory(flowFolder(folder))
        || map.initialWeights().equals(Optional.of(ownFlow(folder)));
  }

  private static String ownFlow(RunFolder folder) {
    return folder.model(ModelFile.Kind.FLOW).toAbsolutePath().normalize().toString();
  }

  /**
   * Writes how everything will be trained and measured, so that the demo can be resumed from here
   * on.
   *
   * @param map the fine-tuning's configuration, from the flow model that comes with the project
   * @param flow the flow model's training, if it is trained here
   * @return the fine-tuning's configuration, from the flow model that there will be
   */
  TrainingConfiguration begin(TrainingConfiguration map, Optional<TrainingConfiguration> flow)
      throws IOException {
    clock.keep();
    TrainingConfiguration tuning = flow.isPresent() ? map.withInitialWeights(ownFlow(folder)) : map;
    if (flow.isPresent()) {
      try (RunFolder own = RunFolder.create(flowFolder(folder))) {
        own.writeConfiguration(flow.get());
      }
    }
    // The last, since a folder can be resumed that has it.
    folder.writeConfiguration(tuning);
    return tuning;
  }

  /** Removes the folder of which nothing came. */
  void discardIfEmpty() throws IOException {
    if (Files.isDirectory(flowFolder(folder))) {
      try (RunFolder own = RunFolder.open(flowFolder(folder))) {
        own.discardIfEmpty();
      }
    }
    folder.discardIfEmpty();
  }

  /**
   * Does it all.
   *
   * @param map the fine-tuning's configuration
   * @param flow the flow model's training, if it is trained here
   * @return false if it was interrupted while training, all being saved
   */
  boolean run(TrainingConfiguration map, Optional<TrainingConfiguration> flow) throws IOException {
    folder.keepDevice(plan.device().name());
    boolean[] done = {false};
    Interruption.during(this::sayHowToGoOn, () -> done[0] = stages(map, flow));
    return done[0];
  }

  /** If the process is told to end; while training, {@link #train} says it, with the steps. */
  void sayHowToGoOn() {
    if (training) {
      return;
    }
    // The words come first: they are of use also where the disk is full.
    attempt(this::sayStopped);
    attempt(clock::keep);
  }

  private void attempt(Interruption.Work work) {
    try {
      work.run();
    } catch (IOException failed) {
      err.println("fluxion: " + FileFailure.message(failed));
      err.flush();
    }
  }

  private synchronized void sayStopped() throws IOException {
    if (!toldHowToGoOn) {
      toldHowToGoOn = true;
      say("");
      say(stopped());
    }
  }

  private String stopped() throws IOException {
    boolean trained =
        RunFolder.hasCheckpoints(folder.path()) || RunFolder.hasCheckpoints(flowFolder(folder));
    String words =
        trained
            ? "Stopped; what is trained is saved. Go on with:%n  %s"
            : Interruption.BEFORE_ANY_STEP;
    return words.formatted(plan.resumption());
  }

  private boolean stages(TrainingConfiguration map, Optional<TrainingConfiguration> flow)
      throws IOException {
    say("From a flow model of handwritten digits to a generator that needs one step.");
    say(
        "All of it goes to the folder %s; computing on %s."
            .formatted(folder.path(), plan.device().description()));
    Optional<ModelFile> model = flow.isPresent() ? trainedFlow(flow.get()) : shippedFlow();
    if (model.isEmpty()) {
      return false;
    }
    model.get().write(folder.model(ModelFile.Kind.FLOW));
    ModelFile converted = model.get().convert(map.model().decoderDepth());
    Measurement measurement = measurement();
    try (Evaluation evaluation = measurement.evaluation()) {
      sampleFlow(measurement, model.get());
      sampleConverted(measurement, converted);
      Optional<ModelFile> tuned = fineTuned(map);
      if (tuned.isEmpty()) {
        return false;
      }
      sampleMap(measurement, tuned.get());
      realDigits();
      Summary summary =
          new Summary(
              rows,
              evaluation.reference().frechetFloor(),
              clock.seconds(),
              plan.settings().samples(),
              evaluation.reference().nearestDistance());
      finish(summary, settings(map, flow));
    }
    return true;
  }

  // ---- the stages ----

  private Optional<ModelFile> shippedFlow() throws IOException {
    long begin = heading("Reading the flow model that comes with the project");
    ModelFile model = ModelFile.read(ShippedModels.FLOW);
    String words =
        "A diffusion transformer of %,d parameters, trained by flow matching%s."
            .formatted(
                model.parameters().count(),
                Optional.ofNullable(model.notes().get("steps"))
                    .map(steps -> " for %,d steps".formatted(Long.parseLong(steps)))
                    .orElse(""));
    done("Read the flow model", words, begin);
    return Optional.of(model);
  }

  private Optional<ModelFile> trainedFlow(TrainingConfiguration configuration) throws IOException {
    long begin = heading("Training the flow model by flow matching: " + steps(configuration));
    try (RunFolder own = RunFolder.open(flowFolder(folder))) {
      Optional<ModelFile> model = train(own, configuration);
      if (model.isPresent()) {
        trainings.add(
            new Report.Training(
                Generator.FLOW,
                "Training the flow model",
                "Flow matching: the squared error of the velocity.",
                LossCurve.read(own.metrics())));
        done(
            "Trained the flow model",
            "%,d parameters, %s by flow matching."
                .formatted(model.get().parameters().count(), steps(configuration)),
            begin);
      }
      return model;
    }
  }

  private Measurement measurement() throws IOException {
    long begin = heading("Reading the digits, and measuring real ones for comparison");
    Measurement measurement = measurements.open(plan.device(), plan.settings().samples());
    Evaluation.Reference real = measurement.evaluation().reference();
    done(
        "Measured real digits",
        ("MNIST's 60,000 training and 10,000 test images at 16 × 16 pixels. A classifier that saw"
                + " the training images alone names %.2f%% of the test images rightly; by its"
                + " features, 2,000 training images have a Fréchet distance of %.2f from the test"
                + " images, which is the floor.")
            .formatted(real.accuracy() * 100, real.frechetFloor()),
        begin);
    return measurement;
  }

  private void sampleFlow(Measurement measurement, ModelFile model) throws IOException {
    long begin =
        heading(
            "Sampling the flow model: %,d digits for each number of steps"
                .formatted(plan.settings().samples()));
    for (int steps : FLOW_STEPS) {
      int seeds = steps == LONG_SAMPLING ? plan.settings().samplingSeeds() : 1;
      measure(measurement, Generator.FLOW, ShippedModels.sampler(model).steps(steps), seeds);
    }
    done(
        "Sampled the flow model",
        "%,d digits with each of 1, 2, 4 and 32 steps, as many of each class."
            .formatted(plan.settings().samples()),
        begin);
  }

  private void sampleConverted(Measurement measurement, ModelFile converted) throws IOException {
    int depth = converted.model().depth();
    int decoder = converted.model().decoderDepth();
    long begin =
        heading(
            "Converting it to a flow map, without touching a weight, and sampling that with no"
                + " training at all");
    for (int steps : MAP_STEPS) {
      measure(measurement, Generator.CONVERTED, ShippedModels.sampler(converted).steps(steps), 1);
    }
    done(
        "Converted it to a flow map",
        "Of its %d blocks, the first %d go on seeing the time that an image comes from; the last %d now see the time that it goes to. No weight was touched."
            .formatted(depth, depth - decoder, decoder),
        begin);
  }

  private Optional<ModelFile> fineTuned(TrainingConfiguration configuration) throws IOException {
    long begin =
        heading("Fine-tuning the flow map with Decoupled MeanFlow: " + steps(configuration));
    Optional<ModelFile> model = train(folder, configuration);
    if (model.isPresent()) {
      trainings.add(
          new Report.Training(
              Generator.MAP,
              "Fine-tuning the flow map",
              "Decoupled MeanFlow: half flow matching, half the MeanFlow identity, each weighted by"
                  + " a learned variance, so that the loss may fall below zero.",
              LossCurve.read(folder.metrics())));
      done(
          "Fine-tuned the flow map",
          "%s with Decoupled MeanFlow; the samples come from the moving average of the weights."
              .formatted(steps(configuration)),
          begin);
    }
    return model;
  }

  private void sampleMap(Measurement measurement, ModelFile map) throws IOException {
    long begin = heading("Sampling the fine-tuned flow map");
    for (int steps : MAP_STEPS) {
      measure(
          measurement,
          Generator.MAP,
          ShippedModels.sampler(map).steps(steps),
          plan.settings().samplingSeeds());
    }
    say("Taking the time of each row, all in turn, for about a minute …");
    List<Double> times;
    try (TaskBar bar = TaskBar.ofShare("Taking the time", terminal)) {
      times = measurement.millisecondsPerImage(samplers, bar::toShare);
    }
    for (int i = 0; i < rows.size(); i++) {
      rows.set(i, rows.get(i).withMillisecondsPerImage(times.get(i)));
    }
    done(
        "Sampled the flow map",
        "%,d digits with each of 1, 2 and 4 steps, from the same noise. Then each row's time was taken, in turns."
            .formatted(plan.settings().samples()),
        begin);
  }

  private void realDigits() throws IOException {
    Batch real =
        Evaluation.balanced(Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF), CLASSES, plan.seed());
    grid(Optional.empty(), 0, "real", ImageGrid.of(real.inputs(), CLASSES));
  }

  private void finish(Summary summary, List<Report.Settings> settings) throws IOException {
    summary.write(folder.summary());
    new Report(
            plan.name(),
            LocalDate.now().format(DateTimeFormatter.ofPattern("d MMMM yyyy", Locale.ENGLISH)),
            summary,
            stages,
            grids,
            trainings,
            settings)
        .write(folder.report());
    say("");
    out.print(FigureTable.of(summary));
    say("");
    say("Done in %s. To look at:".formatted(clock.words()));
    say("  %s  all of it, in a browser".formatted(folder.report()));
    say("  %s  the samples as PNG".formatted(folder.samples()));
    say("  %s  the figures".formatted(folder.summary()));
    say(
        "  %s  the one-step generator: %s sample --model %s"
            .formatted(
                folder.model(ModelFile.Kind.MAP), command(), folder.model(ModelFile.Kind.MAP)));
  }

  // ---- parts of stages ----

  private Optional<ModelFile> train(RunFolder into, TrainingConfiguration configuration)
      throws IOException {
    List<ModelFile> trained = new ArrayList<>();
    Trainer trainer = new Trainer(configuration, into, plan.device());
    training = true;
    Interruption interruption = new Interruption(trainer::stop, err);
    interruption.during(
        () -> {
          Trainer.Result result;
          try (ProgressReport progress = clock.progress(out, err, terminal)) {
            result = trainer.listener(progress).train();
          }
          if (result.finished()) {
            trained.add(result.model());
          } else if (result.step() == 0) {
            say(stopped());
          } else {
            say(
                "Stopped after %,d of %,d steps; all is saved. Go on with:%n  %s"
                    .formatted(result.step(), configuration.steps(), plan.resumption()));
          }
          clock.keep();
          // Before the interruption's hook is gone: from then on sayHowToGoOn alone hears of one.
          training = trained.isEmpty();
        });
    if (!trained.isEmpty() && interruption.wasInterrupted()) {
      // The last step was being taken or saved, so that training did not stop early and say so.
      sayStopped();
      return Optional.empty();
    }
    return trained.stream().findFirst();
  }

  private void measure(Measurement measurement, Generator generator, Sampler settings, int seeds)
      throws IOException {
    // After the last of all seeds comes the first: a range up to its end would be empty.
    List<Long> all = LongStream.range(0, seeds).map(i -> plan.seed() + i).boxed().toList();
    String task = "%s, %s".formatted(generator.title(), FigureTable.steps(settings.steps()));
    Sampler sampler = settings.guidance(plan.settings().guidance()).device(plan.device());
    Measurement.Result result;
    try (TaskBar bar = new TaskBar(task, (long) seeds * plan.settings().samples(), terminal)) {
      result = measurement.measure(generator, sampler, all, bar::to);
    }
    SummaryRow row = result.row();
    rows.add(row);
    samplers.add(sampler);
    grid(
        Optional.of(generator),
        row.steps(),
        generator.name().toLowerCase(Locale.ROOT) + "-" + row.steps(),
        result.grid());
    say(FigureTable.line(row));
  }

  private void grid(Optional<Generator> generator, int steps, String file, ImageGrid grid)
      throws IOException {
    Path pictures = Files.createDirectories(folder.samples());
    grid.write(pictures.resolve(file + ".png"));
    grids.add(new Report.SampleGrid(generator, steps, grid));
  }

  private List<Report.Settings> settings(
      TrainingConfiguration map, Optional<TrainingConfiguration> flow) {
    SequencedMap<String, String> run = new LinkedHashMap<>();
    run.put(
        "samples of each row and seed",
        String.format(Locale.ROOT, "%,d", plan.settings().samples()));
    run.put(
        "sampling seeds",
        plan.settings().samplingSeeds() == 1
            ? Long.toString(plan.seed())
            : plan.seed() + " to " + (plan.seed() + plan.settings().samplingSeeds() - 1));
    run.put(
        "guidance in sampling",
        plan.settings().guidance() == 1 ? "none" : "" + plan.settings().guidance());
    run.put("training seed", Long.toString(map.seed()));
    run.put("device", plan.device().description());
    run.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    run.put("Java", Runtime.version().toString());
    run.put(
        "system", "%s, %s".formatted(System.getProperty("os.name"), System.getProperty("os.arch")));
    List<Report.Settings> settings = new ArrayList<>();
    settings.add(new Report.Settings("Sampling, seeds and machine", run));
    settings.add(Report.Settings.ofJson("Fine-tuning", map.toJson()));
    flow.ifPresent(
        it -> settings.add(Report.Settings.ofJson("Training of the flow model", it.toJson())));
    return settings;
  }

  // ---- words ----

  private static String steps(TrainingConfiguration configuration) {
    return "%s of %s"
        .formatted(
            FigureTable.count(configuration.steps(), "step"),
            FigureTable.count(configuration.batchSize(), "image"));
  }

  private long heading(String line) {
    say("");
    say("%d/%d  %s …".formatted(stages.size() + 1, STAGES, line));
    return System.nanoTime();
  }

  private void done(String title, String words, long begin) throws IOException {
    double seconds = seconds(begin);
    stages.add(new Report.Stage(title, words, seconds));
    clock.keep();
    say("%s (%s)".formatted(words, ProgressReport.duration(seconds)));
  }

  private static double seconds(long begin) {
    return (System.nanoTime() - begin) / NANOS;
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }
}
