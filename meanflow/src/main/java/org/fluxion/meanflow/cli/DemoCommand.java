package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.meanflow.report.Measurement;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code fluxion demo}: the main job, from a flow model to a one-step generator. */
@Command(
    name = "demo",
    description = {
      "Turn a flow model of handwritten digits into a generator that needs one step.",
      "",
      "Samples the flow model that comes with the project, converts it to a flow map, fine-tunes"
          + " the map with Decoupled MeanFlow and samples it again. Takes about twelve minutes on"
          + " two cores, and needs nothing but this machine. Writes a folder with the models, the"
          + " samples as PNG, the figures as summary.json, and report.html, which shows it all in a"
          + " browser.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  fluxion demo",
      "  fluxion demo --name longer --steps 2000",
      "  fluxion demo --name scratch --from-scratch"
    })
final class DemoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--name",
      paramLabel = "RUN",
      defaultValue = "demo",
      description =
          "The run's name, which its folder gets; it must be a new one (default:"
              + " ${DEFAULT-VALUE}).")
  private String name = "demo";

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where the folders of runs are (default: ${DEFAULT-VALUE}).")
  private Path runs = Path.of("runs");

  @Option(
      names = "--resume",
      description =
          "Go on with a demo that was stopped, as it was begun and where it was: options can be"
              + " left out.")
  private boolean resume;

  @Option(
      names = "--from-scratch",
      description = "Train the flow model too, in place of the one that comes with the project.")
  private boolean fromScratch;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of fine-tuning (default: those of the configuration digits-map).")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--flow-steps",
      paramLabel = "N",
      description =
          "Steps of the flow model's training, with --from-scratch (default: those of the"
              + " configuration digits-flow).")
  private Optional<Integer> flowSteps = Optional.empty();

  @Option(
      names = "--guidance",
      paramLabel = "W",
      description =
          "Strength of classifier-free guidance in all sampling (default: 1.0, none, or that of the"
              + " demo to go on with).")
  private Optional<Double> guidance = Optional.empty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "The seed of training and of the noise (default: 0, or that of the demo to go on with).")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--sampling-seeds",
      paramLabel = "N",
      description =
          "Measure the flow model at 32 steps and the fine-tuned map with so many seeds of the"
              + " noise, and report the worst (default: 3, or those of the demo to go on with).")
  private Optional<Integer> samplingSeeds = Optional.empty();

  @Mixin private SampleCount samples = new SampleCount();
  @Mixin private DeviceOptions devices = new DeviceOptions();
  @Mixin private ProfileOption profile = new ProfileOption();

  @Override
  public Integer call() throws IOException {
    guidance.ifPresent(w -> Arguments.requireFinite("--guidance", w));
    samplingSeeds.ifPresent(n -> Arguments.requireAtLeastOne("--sampling-seeds", n));
    steps.ifPresent(n -> Arguments.requireAtLeastOne("--steps", n));
    flowSteps.ifPresent(n -> Arguments.requireAtLeastOne("--flow-steps", n));
    Arguments.requireRunName(name);
    if (flowSteps.isPresent() && !fromScratch && !resume) {
      throw new IllegalArgumentException(
          "--flow-steps: expected with --from-scratch; without, no flow model is trained");
    }
    Path path = runs.resolve(name);
    if (resume) {
      requireDemo(path);
      try (RunFolder folder = RunFolder.open(path)) {
        Device device = profile.of(devices.device(DeviceOptions.before(folder)));
        Resumed demo = resumed(folder, device);
        demo(demo.plan(), folder).run(demo.map(), demo.flow());
        finish(folder);
      }
      return 0;
    }
    Device device = profile.of(devices.device());
    DemoSettings asked =
        new DemoSettings(guidance.orElse(1.0), samplingSeeds.orElse(3), samples.count());
    TrainingConfiguration map = configuration(ShippedModels.MAP, steps);
    Optional<TrainingConfiguration> flow =
        fromScratch ? Optional.of(configuration(ShippedModels.FLOW, flowSteps)) : Optional.empty();
    if (flow.isEmpty()) {
      // Before the folder is made, so that a failure leaves none behind.
      ModelFile.read(ShippedModels.FLOW);
    }
    try (RunFolder folder = RunFolder.create(path)) {
      begin(demo(plan(asked, 0, seed.orElse(0L), device), folder), map, flow);
      finish(folder);
    }
    return 0;
  }

  private void finish(RunFolder folder) throws IOException {
    profile.finish(folder.path().resolve(ProfileOption.TRACE), spec.commandLine().getOut());
  }

  /**
   * A demo that goes on.
   *
   * @param plan how
   * @param map the fine-tuning's configuration
   * @param flow the flow model's training, if it is trained there
   */
  record Resumed(Demo.Plan plan, TrainingConfiguration map, Optional<TrainingConfiguration> flow) {}

  /**
   * The demo of a folder as it was begun.
   *
   * @param folder the demo's folder
   * @param device where to go on
   * @throws IllegalArgumentException if it was begun with other options than this command's, or
   *     what it was begun with is missing or damaged
   */
  Resumed resumed(RunFolder folder, Device device) throws IOException {
    TrainingConfiguration map = folder.readConfiguration();
    Optional<TrainingConfiguration> flow = flowOf(folder, map);
    DemoSettings.Kept kept = Arguments.given("--resume", () -> DemoSettings.read(folder));
    requireAsBegun(kept.settings(), map, flow);
    return new Resumed(plan(kept.settings(), kept.seconds(), map.seed(), device), map, flow);
  }

  private Demo.Plan plan(DemoSettings settings, double seconds, long noise, Device device) {
    return new Demo.Plan(name, settings, seconds, noise, device, resumption());
  }

  /** The run of another command is another's: a demo would write its own models over it. */
  private void requireDemo(Path path) {
    if (RunFolder.isTrainingAlone(path)) {
      throw new IllegalArgumentException(
          "--resume: %s is no demo's folder but a run of 'train': go on with it by '%s', or with a demo by its --name"
              .formatted(path, command(List.of("train", "--resume", "--name", name), "--runs")));
    }
  }

  private Demo demo(Demo.Plan plan, RunFolder folder) {
    return new Demo(
        plan,
        folder,
        (where, count) -> new Measurement(Evaluation.open(where), count),
        spec.commandLine().getOut(),
        spec.commandLine().getErr());
  }

  /** A demo that fails before anything came of it leaves no folder, so that the name is free. */
  static void begin(Demo demo, TrainingConfiguration map, Optional<TrainingConfiguration> flow)
      throws IOException {
    try {
      demo.run(demo.begin(map, flow), flow);
    } catch (IOException | RuntimeException | Error failed) {
      try {
        demo.discardIfEmpty();
      } catch (IOException stays) {
        failed.addSuppressed(stays);
      }
      throw failed;
    }
  }

  private TrainingConfiguration configuration(String shipped, Optional<Integer> length)
      throws IOException {
    TrainingConfiguration configuration =
        TrainingConfiguration.read(shipped).withSeed(seed.orElse(0L));
    return length.isPresent() ? configuration.withSteps(length.get()) : configuration;
  }

  /** The configuration of the flow model's training, if the demo that is resumed had one. */
  private Optional<TrainingConfiguration> flowOf(RunFolder folder, TrainingConfiguration map)
      throws IOException {
    if (!Demo.isFromScratch(folder, map)) {
      return Optional.empty();
    }
    Path path = Demo.flowFolder(folder);
    if (!Files.isDirectory(path)) {
      throw new IllegalArgumentException(
          "there is no folder %s, so that it is not known how the demo's flow model was to be trained; begin a new demo with another --name"
              .formatted(path));
    }
    try (RunFolder flow = RunFolder.open(path)) {
      return Optional.of(flow.readConfiguration());
    }
  }

  /** What a demo trains is that of its beginning: options that say otherwise are an error. */
  private void requireAsBegun(
      DemoSettings begun, TrainingConfiguration map, Optional<TrainingConfiguration> flow) {
    List<String> differences = new ArrayList<>();
    difference(differences, "--steps", steps, Optional.of(map.steps()));
    difference(differences, "--flow-steps", flowSteps, flow.map(TrainingConfiguration::steps));
    difference(differences, "--seed", seed, Optional.of(map.seed()));
    difference(differences, "--guidance", guidance, Optional.of(begun.guidance()));
    difference(differences, "--sampling-seeds", samplingSeeds, Optional.of(begun.samplingSeeds()));
    difference(differences, "--samples", samples.given(), Optional.of(begun.samples()));
    if (fromScratch && flow.isEmpty()) {
      differences.add("--from-scratch: given, not left out");
    }
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "--resume: the demo was begun with other options (%s); leave them out, or begin a new demo with another --name"
              .formatted(String.join("; ", differences)));
    }
  }

  private static <T> void difference(
      List<String> differences, String option, Optional<T> wanted, Optional<T> begun) {
    if (wanted.isPresent() && !wanted.equals(begun)) {
      differences.add(
          "%s: %s, not %s"
              .formatted(option, wanted.get(), begun.map(String::valueOf).orElse("none")));
    }
  }

  /** The command that goes on from here, as it can be typed. */
  private String resumption() {
    // All that shapes the demo is in its folder.
    return command(List.of("demo", "--resume"), "--name", "--runs", "--backend", "--threads");
  }

  /** A command as it can be typed, with those of the options that were given. */
  private String command(List<String> beginning, String... options) {
    List<String> words = new ArrayList<>(List.of(Demo.command()));
    words.addAll(beginning);
    for (String option : options) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        words.add(option);
        words.addAll(spec.findOption(option).originalStringValues());
      }
    }
    return String.join(" ", words.stream().map(TrainCommand::quoted).toList());
  }
}
