package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.meanflow.train.Objective;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.meanflow.train.Trainer;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion train}: trains a flow model or a flow map, with checkpoints. */
@Command(
    name = "train",
    description = {
      "Train a flow model, or fine-tune it to a flow map, as a configuration says.",
      "",
      "The run's folder gets the configuration, checkpoints, metrics.jsonl and at the end the"
          + " trained model. A run that was interrupted goes on with --resume, to the same weights"
          + " bit for bit.",
      "",
      "The loss that is shown is a moving average. A flow map's may be negative: its errors are"
          + " weighted by a learned log-variance, which is part of the loss.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  fluxion train --config digits-flow",
      "  fluxion train --config my.json --name second --seed 2",
      "  fluxion train --resume --name second"
    })
final class TrainCommand implements Callable<Integer> {
  private static final long MEBIBYTE = 1L << 20;
  private static final String INITIAL = "--initial";
  private static final String INITIAL_KEY = "initialWeights";

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE|NAME",
      description =
          "The configuration: a JSON file, or one that comes with the project: digits-flow trains"
              + " a flow model from random weights, digits-map fine-tunes the shipped flow model to"
              + " a flow map, digits-map-long does so for longer. A new run needs one: nothing is"
              + " trained by default.")
  private Optional<String> config = Optional.empty();

  @Option(
      names = "--name",
      paramLabel = "RUN",
      description = "The run's name, which its folder gets (default: the configuration's name).")
  private Optional<String> name = Optional.empty();

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where the folders of runs are (default: ${DEFAULT-VALUE}).")
  private Path runs = Path.of("runs");

  @Option(
      names = "--resume",
      description =
          "Go on with a run from its last checkpoint, on the backend that it was on unless"
              + " --backend names another.")
  private boolean resume;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Train for so many steps, in place of the configuration's.")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The seed of all random draws, in place of the configuration's.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The folder of the data set's files (default: the data that come along).")
  private Optional<Path> data = Optional.empty();

  @Option(
      names = INITIAL,
      paramLabel = "FILE|NAME",
      description =
          "The model to start from, in place of the configuration's initialWeights: a model file,"
              + " or 'flow' or 'map', which come with the project.")
  private Optional<String> initial = Optional.empty();

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      defaultValue = "float32",
      description =
          "Store the trained model's weights as ${COMPLETION-CANDIDATES} (default:"
              + " ${DEFAULT-VALUE}).")
  private StoredDType dtype = StoredDType.FLOAT32;

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      description =
          "Take at most so much memory, in MiB (default: what a device has of its own, or else what"
              + " is free).")
  private Optional<Long> memory = Optional.empty();

  @Mixin private DeviceOptions devices = new DeviceOptions();
  @Mixin private ProfileOption profile = new ProfileOption();

  @Override
  public Integer call() throws IOException {
    steps.ifPresent(n -> Arguments.requireAtLeastOne("--steps", n));
    memory.ifPresent(TrainCommand::requireMebibytes);
    Path path = runs.resolve(runName());
    if (resume) {
      try (RunFolder folder = RunFolder.open(path)) {
        Device device = profile.of(devices.device(DeviceOptions.before(folder)));
        TrainingConfiguration begun = folder.readConfiguration();
        TrainingConfiguration configuration = resumed(begun);
        if (data.isPresent()) {
          // Else the trainer says so, if it needs them: a run that is finished does not.
          requireData(configuration);
        }
        train(folder, configuration, !configuration.equals(begun), device);
      }
    } else {
      Device device = profile.of(devices.device());
      TrainingConfiguration configuration = changed(read());
      requireData(configuration);
      if (configuration.initialWeights().isPresent()) {
        // The trainer reads it too, but later, where what is wrong would be the training's failure.
        Arguments.model(
            initial.isPresent() ? INITIAL : INITIAL_KEY, configuration.initialWeights().get());
      }
      try (RunFolder folder = RunFolder.create(path)) {
        begin(folder, configuration, device);
      }
    }
    return 0;
  }

  /** A run that fails before anything came of it leaves no folder, so that the name is free. */
  private void begin(RunFolder folder, TrainingConfiguration configuration, Device device)
      throws IOException {
    try {
      folder.writeConfiguration(configuration);
      train(folder, configuration, false, device);
    } catch (IOException | RuntimeException | Error failed) {
      folder.discardIfEmpty();
      throw failed;
    }
  }

  // ---- what to train ----

  private TrainingConfiguration read() {
    return Arguments.given("--config", () -> TrainingConfiguration.read(configName()));
  }

  private static void requireMebibytes(long count) {
    if (count < 0 || count > Long.MAX_VALUE / MEBIBYTE) {
      throw new IllegalArgumentException(
          "--memory: expected a number of MiB from 0 to %d, got %d"
              .formatted(Long.MAX_VALUE / MEBIBYTE, count));
    }
  }

  private void requireData(TrainingConfiguration configuration) {
    try {
      configuration.data().requireFolder();
    } catch (IllegalArgumentException wrong) {
      throw byOption(wrong);
    }
  }

  /** What an option has set goes by that name, and not by the configuration's key. */
  private String byOption(String message) {
    String named = byOption(message, "steps", "--steps", steps);
    named = byOption(named, "seed", "--seed", seed);
    named = byOption(named, "data.folder", "--data", data);
    return byOption(named, INITIAL_KEY, INITIAL, initial);
  }

  private static String byOption(String message, String key, String option, Optional<?> given) {
    return given.isPresent() && message.startsWith(key + ":")
        ? option + message.substring(key.length())
        : message;
  }

  private IllegalArgumentException byOption(IllegalArgumentException wrong) {
    String message = wrong.getMessage();
    return message == null || byOption(message).equals(message)
        ? wrong
        : new IllegalArgumentException(byOption(message), wrong);
  }

  private String configName() {
    return config.orElseThrow(
        () ->
            new IllegalArgumentException(
                "--config: missing, and nothing is trained by default; expected a JSON file or one"
                    + " of "
                    + String.join(", ", TrainingConfiguration.shipped())));
  }

  private String runName() {
    String chosen =
        name.orElseGet(
            () -> {
              if (config.isEmpty() && resume) {
                throw new IllegalArgumentException(
                    "--resume: expected the run's --name, or its --config");
              }
              return Path.of(configName()).getFileName().toString().replaceAll("\\.json$", "");
            });
    return Arguments.requireRunName(chosen);
  }

  private TrainingConfiguration changed(TrainingConfiguration base) {
    TrainingConfiguration result = base;
    if (steps.isPresent()) {
      result = result.withSteps(steps.get());
    }
    if (seed.isPresent()) {
      result = result.withSeed(seed.get());
    }
    if (data.isPresent()) {
      result = result.withData(result.data().withFolder(data.get().toAbsolutePath().toString()));
    }
    if (initial.isPresent()) {
      result = result.withInitialWeights(initial.get());
    }
    return result;
  }

  /**
   * The configuration of a run that goes on: only its length and the place of its data may change.
   */
  private TrainingConfiguration resumed(TrainingConfiguration begun) throws IOException {
    TrainingConfiguration wanted = changed(config.isPresent() ? read() : begun);
    if (config.isPresent() && data.isEmpty()) {
      wanted = wanted.withData(begun.data());
    }
    if (config.isPresent() && steps.isEmpty()) {
      wanted = wanted.withSteps(begun.steps());
    }
    List<String> differences =
        wanted.differencesOnResuming(begun).stream().map(this::byOption).toList();
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "--resume: the run was begun with another configuration (%s); leave the options out, or begin a new run with another --name"
              .formatted(String.join("; ", differences)));
    }
    return wanted;
  }

  // ---- training ----

  /**
   * Trains.
   *
   * @param changed whether the run was begun with another length, or its data lay elsewhere
   */
  private void train(
      RunFolder folder, TrainingConfiguration configuration, boolean changed, Device device)
      throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(describe(configuration, device));
    out.println("The run's folder is %s; Ctrl-C saves a checkpoint.".formatted(folder.path()));
    out.flush();
    Trainer trainer = new Trainer(configuration, folder, device).modelDType(dtype.dtype());
    memory.ifPresent(mebibytes -> trainer.memoryLimit(mebibytes * MEBIBYTE));
    new Interruption(trainer::stop, spec.commandLine().getErr())
        .during(
            () -> {
              Trainer.Result result;
              try (ProgressReport progress =
                  new ProgressReport(
                      out, spec.commandLine().getErr(), ProgressReport.isTerminal())) {
                result = trainer.listener(progress).train();
              } catch (IllegalArgumentException wrong) {
                throw byOption(wrong);
              }
              out.println(outcome(folder, configuration, changed, result));
              out.flush();
              if (!result.kept()) {
                profile.finish(folder.path().resolve(ProfileOption.TRACE), out);
              }
            });
  }

  private static String describe(TrainingConfiguration configuration, Device device) {
    String task =
        switch (configuration.objective()) {
          case Objective.FlowMatching flow -> "Training a flow model by flow matching";
          case Objective.DecoupledMeanFlow map -> "Training a flow map by Decoupled MeanFlow";
        };
    return "%s on %s at %d × %d pixels: %s of %s, from %s, on %s."
        .formatted(
            task,
            configuration.data().set(),
            configuration.data().size(),
            configuration.data().size(),
            FigureTable.count(configuration.steps(), "step"),
            FigureTable.count(configuration.batchSize(), "image"),
            configuration.initialWeights().map(w -> "the weights of " + w).orElse("random weights"),
            device.description());
  }

  private String outcome(
      RunFolder folder,
      TrainingConfiguration configuration,
      boolean changed,
      Trainer.Result result) {
    if (result.step() == 0) {
      return Interruption.BEFORE_ANY_STEP.formatted(resumeCommand());
    }
    if (!result.finished()) {
      return "Stopped after %,d of %s; all is saved. Go on with:%n  %s"
          .formatted(
              result.step(), FigureTable.count(configuration.steps(), "step"), resumeCommand());
    }
    ModelFile.Kind kind = configuration.objective().kind();
    return "%s The flow %s (its averaged weights%s) is %s; how it went is in %s.%s"
        .formatted(
            taken(result, changed),
            kind == ModelFile.Kind.FLOW ? "model" : "map",
            // A model that was there before is of the dtype that was asked for then.
            result.kept() ? "" : ", " + dtype,
            folder.model(kind),
            folder.metrics(),
            result.kept() ? withoutEffect() : "");
  }

  /** The options that say what to do with a training that there was not. */
  private String withoutEffect() {
    List<String> options =
        Stream.of("--dtype", "--profile")
            .filter(spec.commandLine().getParseResult()::hasMatchedOption)
            .toList();
    return options.isEmpty() ? "" : " %s had no effect.".formatted(String.join(" and ", options));
  }

  private static String taken(Trainer.Result result, boolean changed) {
    if (result.begunAt() < result.step()) {
      return "Trained %s.".formatted(FigureTable.count(result.step(), "step"));
    }
    return (result.kept()
            ? "The run was finished already, and nothing was left to train: it has taken %s,"
                + " and all its files%s are as they were."
            : "Nothing was left to train after %s; their model was not written yet, and now"
                + " is.")
        .formatted(
            FigureTable.count(result.step(), "step"), changed ? " but configuration.json" : "");
  }

  /** The command that goes on from here, as it can be typed. */
  private String resumeCommand() {
    List<String> words =
        new ArrayList<>(
            List.of(
                System.getProperty("fluxion.command", "fluxion"),
                "train",
                "--resume",
                "--name",
                runName()));
    // Where and how it is computed is no part of the run's configuration.
    for (String option : List.of("--runs", "--backend", "--threads", "--dtype", "--memory")) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        words.add(option);
        words.addAll(spec.findOption(option).originalStringValues());
      }
    }
    return String.join(" ", words.stream().map(TrainCommand::quoted).toList());
  }

  /** A word as a shell takes it for itself. */
  static String quoted(String word) {
    return word.matches("[A-Za-z0-9./:_=+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
