package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.fluxion.meanflow.device.SmallCard;
import org.fluxion.meanflow.metrics.Classifier;
import org.fluxion.meanflow.metrics.Evaluation;
import org.fluxion.meanflow.report.Generator;
import org.fluxion.meanflow.report.Measurement;
import org.fluxion.meanflow.report.Summary;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.meanflow.train.TinyRun;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.nn.data.DataSet;
import org.fluxion.nn.data.Mnist;
import org.fluxion.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * The whole demo with a tiny network, few steps and fewer real images, on a device that has no
 * float64.
 */
class DemoTest {
  /** Enough for 200 of each class. */
  private static final int REAL_IMAGES = 2500;

  private static final long PATIENCE_SECONDS = 120;

  /** The last that there is, after which the first follows. */
  private static final long SEED = Long.MAX_VALUE;

  private static TrainingConfiguration tiny(String shipped) throws IOException {
    String json =
        TrainingConfiguration.read(shipped)
            .toJson()
            .replaceFirst("\"width\" : 128", "\"width\" : 16")
            .replaceFirst("\"depth\" : 6", "\"depth\" : 3");
    return TrainingConfiguration.parse(shipped, json).withBatchSize(8).withSteps(2);
  }

  private static Measurement measurement(Device device, int samples) throws IOException {
    DataSet train = Mnist.read(Mnist.Part.TRAIN, Mnist.Size.HALF).first(REAL_IMAGES);
    DataSet test = Mnist.read(Mnist.Part.TEST, Mnist.Size.HALF).first(REAL_IMAGES);
    return new Measurement(Evaluation.open(Classifier.shipped(), train, test, device), samples, 0);
  }

  private static Demo demo(RunFolder folder, Device device, StringWriter out) {
    return demo(folder, 0, device, out);
  }

  private static Demo demo(
      RunFolder folder, double secondsBefore, Device device, StringWriter out) {
    Demo.Plan plan =
        new Demo.Plan("tiny", new DemoSettings(1, 2, 200), secondsBefore, SEED, device, "again");
    return new Demo(
        plan, folder, DemoTest::measurement, new PrintWriter(out), new PrintWriter(out));
  }

  @Test
  void itLeavesAllThatItPromises(@TempDir Path runs) throws IOException {
    Path path = runs.resolve("tiny");
    StringWriter out = new StringWriter();
    Optional<TrainingConfiguration> flow = Optional.of(tiny(ShippedModels.FLOW));
    try (RunFolder folder = RunFolder.create(path)) {
      // As if it had been stopped just before the flow model's training began.
      TrainingConfiguration map =
          demo(folder, new SmallCard(), out).begin(tiny(ShippedModels.MAP), flow);
      assertTrue(demo(folder, 1000, new SmallCard(), out).run(map, flow));
      assertTrue(DemoSettings.read(folder).seconds() > 1000);
    }
    Summary summary = Summary.read(path.resolve("summary.json"));
    assertTrue(summary.seconds() > 1000, "the time before it was resumed counts");
    assertTrue(
        out.toString().contains(", of which 16 min 40 s before it was resumed."), out.toString());
    assertEquals(
        "FLOW 1, FLOW 2, FLOW 4, FLOW 32, CONVERTED 1, CONVERTED 2, CONVERTED 4, MAP 1, MAP 2, MAP"
            + " 4",
        summary.rows().stream()
            .map(row -> row.model() + " " + row.steps())
            .collect(Collectors.joining(", ")));
    summary
        .rows()
        .forEach(
            row -> {
              assertTrue(row.frechet() > summary.frechetFloor(), row.toString());
              assertTrue(row.millisecondsPerImage() > 0, row.toString());
              assertEquals(1, row.guidance());
            });
    assertEquals(2, summary.row(Generator.FLOW, 32).orElseThrow().seeds().size());
    assertEquals(1, summary.row(Generator.FLOW, 1).orElseThrow().seeds().size());
    assertEquals(SEED, summary.row(Generator.MAP, 1).orElseThrow().seeds().getFirst().seed());
    assertEquals(ModelFile.Kind.MAP, ModelFile.read(path.resolve("map.safetensors")).kind());
    assertEquals(ModelFile.Kind.FLOW, ModelFile.read(path.resolve("flow.safetensors")).kind());
    assertTrue(Files.readString(path.resolve("report.html")).endsWith("</html>\n"));
    assertEquals(1, Files.readAllLines(path.resolve("metrics.jsonl")).size());
    try (Stream<Path> pictures = Files.list(path.resolve("samples"))) {
      assertEquals(11, pictures.count());
    }
    assertTrue(out.toString().contains(path.resolve("report.html").toString()), out.toString());
    assertFalse(out.toString().contains("NaN"), out.toString());

    // The map's samples can be drawn again, in another process or another year.
    Path again = runs.resolve("again.png");
    CommandRun.Outcome sample =
        run("sample", "--model", path.resolve("map.safetensors"), "--seed", SEED, "--out", again);
    assertEquals("", sample.err());
    assertArrayEquals(
        Files.readAllBytes(path.resolve("samples/map-1.png")), Files.readAllBytes(again));
  }

  @Test
  void whileItSamplesCtrlCPrintsTheCommandThatResumes(@TempDir Path runs) throws Exception {
    Path log = Files.createFile(runs.resolve("log"));
    Process demo =
        CommandRun.start(
            log,
            List.of("-XX:TieredStopAtLevel=1"),
            "demo",
            "--runs",
            runs.toString(),
            "--threads",
            "1",
            "--steps",
            "7");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    // Before anything is trained: real digits are measured, then the flow model is sampled.
    while (!Files.readString(log).contains("2/6")) {
      assertTrue(demo.isAlive() && System.nanoTime() < end, Files.readString(log));
      Thread.sleep(5);
    }
    CommandRun.interrupt(demo);
    assertTrue(demo.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "ended");
    // 128 + the signal's number: 2 or 15.
    assertTrue(List.of(130, 143).contains(demo.exitValue()), demo.exitValue() + "");
    String command = "demo --resume --runs " + runs + " --threads 1";
    String said = Files.readString(log);
    assertTrue(
        said.contains("Stopped before anything was trained. Go on with:\n  fluxion " + command),
        said);
    try (RunFolder folder = RunFolder.open(runs.resolve("demo"))) {
      assertTrue(DemoSettings.read(folder).seconds() > 0);
    }

    // The printed command has what it needs: the fine-tuning's length is in the folder.
    CommandRun.Outcome other = run((Object[]) (command + " --steps 8").split(" "));
    assertTrue(other.err().contains("(--steps: 8, not 7)"), other.err());
  }

  /** A demo that is told to end by its own output, once its first training has saved all. */
  static final class EndsAtTheLastStep {
    private EndsAtTheLastStep() {}

    public static void main(String[] paths) throws IOException {
      StringWriter out =
          new StringWriter() {
            @Override
            public void flush() {
              if (toString().contains("step 2: checkpoint")) {
                new Thread(() -> System.exit(130)).start();
                awaitShutdown();
              }
            }
          };
      TrainingConfiguration flow = TinyRun.flow(Path.of(paths[1]), 2);
      try (RunFolder folder = RunFolder.create(Path.of(paths[0]))) {
        Demo demo = demo(folder, Device.cpu(1), out);
        TrainingConfiguration map = demo.begin(flow, Optional.of(flow));
        System.out.println(demo.run(map, Optional.of(flow)) + "\n" + out);
      }
    }

    private static void awaitShutdown() {
      Thread hook = new Thread(() -> {});
      try {
        while (true) {
          Runtime.getRuntime().addShutdownHook(hook);
          Runtime.getRuntime().removeShutdownHook(hook);
        }
      } catch (IllegalStateException ending) {
        // What was awaited.
      }
    }
  }

  @Test
  void whoeverInterruptsTheLastStepIsToldHowToGoOn(@TempDir Path runs) throws Exception {
    Path log = Files.createFile(runs.resolve("log"));
    Path data = TinyRun.data(runs.resolve("data"));
    Process demo =
        CommandRun.start(
            EndsAtTheLastStep.class,
            log,
            List.of("-XX:TieredStopAtLevel=1"),
            runs.resolve("tiny").toString(),
            data.toString());
    assertTrue(demo.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "ended");
    String said = Files.readString(log);
    assertEquals(130, demo.exitValue(), said);
    assertTrue(said.contains("false\n"), said);
    assertEquals(
        2,
        said.split("Stopped; what is trained is saved. Go on with:\n  again\n", -1).length,
        said);
    assertTrue(Files.exists(runs.resolve("tiny/flow/flow.safetensors")), said);
  }

  @Test
  void itSaysHowToGoOnAlsoWhereNothingCanBeKept(@TempDir Path runs) throws IOException {
    StringWriter out = new StringWriter();
    try (RunFolder folder = RunFolder.create(runs.resolve("tiny"))) {
      Files.createDirectories(folder.demo().resolve("in-its-place"));
      demo(folder, new SmallCard(), out).sayHowToGoOn();
    }
    List<String> lines = out.toString().strip().lines().toList();
    assertEquals(3, lines.size(), lines::toString);
    assertEquals("Stopped before anything was trained. Go on with:", lines.get(0));
    assertTrue(lines.get(2).startsWith("fluxion: "), lines::toString);
  }

  @Test
  void whatIsResumedStaysAsItWasBegun(@TempDir Path runs) throws IOException {
    TrainingConfiguration map = TrainingConfiguration.read(ShippedModels.MAP).withSeed(3);
    try (RunFolder folder = RunFolder.create(runs.resolve("begun"))) {
      folder.writeConfiguration(map.withSteps(40));
      new DemoSettings(1.5, 2, 300).write(folder, 0);
    }
    assertOtherOptions(
        "--guidance: 1.0, not 1.5; --sampling-seeds: 3, not 2; --samples: 2000, not 300",
        runs,
        "begun",
        "--guidance",
        1,
        "--sampling-seeds",
        3,
        "--samples",
        2000);
    assertOtherOptions("--steps: 30, not 40", runs, "begun", "--steps", 30);
    assertOtherOptions("--seed: 4, not 3", runs, "begun", "--seed", 4, "--steps", 40);
    assertOtherOptions("--from-scratch: given, not left out", runs, "begun", "--from-scratch");
    assertOtherOptions("--flow-steps: 5, not none", runs, "begun", "--flow-steps", 5);
    Path settings = Files.write(runs.resolve("begun/demo.json"), new byte[] {(byte) 0xFF});
    assertOneLine(
        "fluxion: --resume: %s: expected a JSON object with the numbers guidance, samplingSeeds and samples; put back what it was, or begin a new demo with another --name"
            .formatted(settings),
        "demo",
        "--resume",
        "--runs",
        runs,
        "--name",
        "begun");

    String own = runs.resolve("scratch/flow.safetensors").toAbsolutePath().normalize().toString();
    try (RunFolder folder = RunFolder.create(runs.resolve("scratch"))) {
      new DemoSettings(1, 3, 2000).write(folder, 0);
      folder.writeConfiguration(map.withInitialWeights(own));
      assertTrue(Demo.isFromScratch(folder, folder.readConfiguration()));
    }
    Path flowFolder = runs.resolve("scratch/flow");
    // As an earlier version left it that was stopped at once.
    CommandRun.Outcome unknown = run("demo", "--resume", "--runs", runs, "--name", "scratch");
    assertEquals(2, unknown.exitCode());
    assertTrue(
        unknown.err().startsWith("fluxion: there is no folder " + flowFolder), unknown.err());
    try (RunFolder flow = RunFolder.create(flowFolder)) {
      flow.writeConfiguration(
          TrainingConfiguration.read(ShippedModels.FLOW).withSeed(3).withSteps(20));
    }
    assertOtherOptions(
        "--steps: 1, not 1000; --flow-steps: 21, not 20",
        runs,
        "scratch",
        "--from-scratch",
        "--flow-steps",
        21,
        "--steps",
        1);
  }

  @Test
  void aDemoIsResumedWithWhatItWasBegunWith(@TempDir Path runs) throws IOException {
    Path path = runs.resolve("tiny");
    Optional<TrainingConfiguration> flow = Optional.of(tiny(ShippedModels.FLOW));
    try (RunFolder folder = RunFolder.create(path)) {
      demo(folder, new SmallCard(), new StringWriter()).begin(tiny(ShippedModels.MAP), flow);
    }
    DemoCommand command = new DemoCommand();
    new CommandLine(command).parseArgs("--resume", "--runs", runs.toString(), "--name", "tiny");
    Device device = new SmallCard();
    try (RunFolder folder = RunFolder.open(path)) {
      new DemoSettings(1, 2, 200).write(folder, 12.5);
      DemoCommand.Resumed resumed = command.resumed(folder, device);
      assertEquals(new DemoSettings(1, 2, 200), resumed.plan().settings());
      assertEquals(12.5, resumed.plan().secondsBefore());
      assertEquals("tiny", resumed.plan().name());
      assertEquals(tiny(ShippedModels.MAP).seed(), resumed.plan().seed());
      assertSame(device, resumed.plan().device());
      assertEquals(folder.readConfiguration(), resumed.map());
      assertEquals(flow, resumed.flow());

      // A kill between two checkpoints costs the time since the first, and no more.
      PrintWriter out = new PrintWriter(new StringWriter());
      try (ProgressReport progress =
          new DemoClock(folder, new DemoSettings(1, 2, 200), 40).progress(out, out, false)) {
        progress.checkpoint(1, path);
      }
      double seconds = DemoSettings.read(folder).seconds();
      assertTrue(seconds > 40 && seconds < 40 + PATIENCE_SECONDS, "seconds: " + seconds);

      // An earlier version kept no time.
      Files.writeString(folder.demo(), "{\"guidance\": 1, \"samplingSeeds\": 2, \"samples\": 200}");
      assertEquals(0, command.resumed(folder, device).plan().secondsBefore());
    }
  }

  /** A demo would write its own models over those of the run. */
  @Test
  void aRunOfTrainIsNotTakenForADemo(@TempDir Path runs) throws IOException {
    Path path = runs.resolve("own");
    TrainingConfiguration map = TrainingConfiguration.read(ShippedModels.MAP);
    for (TrainingConfiguration configuration :
        List.of(map, TrainingConfiguration.read(ShippedModels.FLOW))) {
      Files.createDirectories(path);
      for (String name : List.of("flow.safetensors", ".map.safetensors.1.tmp")) {
        Files.writeString(path.resolve(name), "mine");
      }
      Files.writeString(path.resolve("configuration.json"), configuration.toJson());
      assertOneLine(
          "fluxion: --resume: %s is no demo's folder but a run of 'train': go on with it by 'fluxion train --resume --name own --runs %s', or with a demo by its --name"
              .formatted(path, runs),
          "demo",
          "--resume",
          "--runs",
          runs,
          "--name",
          "own");
      try (Stream<Path> files = Files.list(path)) {
        assertEquals(3, files.count(), "nothing is added and nothing removed");
      }
      assertEquals("mine", Files.readString(path.resolve("flow.safetensors")));
      assertEquals(configuration.toJson(), Files.readString(path.resolve("configuration.json")));
    }
  }

  @Test
  void settingsThatNoDemoWritesAreOneLine(@TempDir Path runs) throws IOException {
    try (RunFolder folder = RunFolder.create(runs.resolve("tiny"))) {
      for (String text :
          List.of(
              "{\"guidance\": 1, \"samplingSeeds\": true}",
              "{\"guidance\": \"NaN\", \"samplingSeeds\": 2, \"samples\": 200}",
              "{",
              "")) {
        assertRefused(
            "expected a JSON object with the numbers guidance, samplingSeeds and samples",
            text,
            folder);
      }
      assertRefused(
          "guidance: expected a finite number, got Infinity",
          "{\"guidance\": 1e999, \"samplingSeeds\": 2, \"samples\": 200}",
          folder);
      assertRefused(
          "samplingSeeds: expected at least 1, got 0",
          "{\"guidance\": 1, \"samplingSeeds\": 0, \"samples\": 200}",
          folder);
      assertRefused(
          "samples: expected a multiple of 10, at least 200, got 205",
          "{\"guidance\": 1, \"samplingSeeds\": 2, \"samples\": 205}",
          folder);
    }
  }

  private static void assertRefused(String reason, String text, RunFolder folder)
      throws IOException {
    Files.writeString(folder.demo(), text);
    assertEquals(
        "%s: %s; put back what it was, or begin a new demo with another --name"
            .formatted(folder.demo(), reason),
        assertThrows(IOException.class, () -> DemoSettings.read(folder)).getMessage());
  }

  @Test
  void aDemoThatFailsAtOnceLeavesNoFolder(@TempDir Path runs) throws IOException {
    Path path = runs.resolve("tiny");
    Optional<TrainingConfiguration> flow = Optional.of(tiny(ShippedModels.FLOW));
    try (RunFolder folder = RunFolder.create(path)) {
      Demo demo = demo(folder, new SmallCard(1000), new StringWriter());
      TrainingConfiguration map = tiny(ShippedModels.MAP);
      String message =
          assertThrows(IllegalArgumentException.class, () -> DemoCommand.begin(demo, map, flow))
              .getMessage();
      assertTrue(message.startsWith("not enough memory: "), message);
      assertFalse(Files.exists(path));
    }
  }

  private static void assertOtherOptions(
      String differences, Path runs, String name, Object... options) {
    Object[] words =
        Arrays.copyOf(
            new Object[] {"demo", "--resume", "--runs", runs, "--name", name}, 6 + options.length);
    System.arraycopy(options, 0, words, 6, options.length);
    assertOneLine(
        "fluxion: --resume: the demo was begun with other options (%s); leave them out, or begin a new demo with another --name"
            .formatted(differences),
        words);
  }

  @Test
  void badInputIsOneLine(@TempDir Path runs) throws IOException {
    assertOneLine(
        "fluxion: --name: expected letters, digits, '.', '_' and '-', beginning with a letter or"
            + " digit, got '../demo'",
        "demo",
        "--runs",
        runs,
        "--name",
        "../demo");
    assertOneLine(
        "fluxion: --samples: expected a multiple of 10, at least 200, got 15",
        "demo",
        "--runs",
        runs,
        "--samples",
        15);
    for (String guidance : List.of("NaN", "Infinity", "-Infinity")) {
      assertOneLine(
          "fluxion: --guidance: expected a finite number, got " + guidance,
          "demo",
          "--runs",
          runs,
          "--guidance",
          guidance);
    }
    assertOneLine(
        "fluxion: --sampling-seeds: expected at least 1, got 0",
        "demo",
        "--runs",
        runs,
        "--sampling-seeds",
        0);
    assertOneLine(
        "fluxion: --guidance: expected a finite number, got NaN",
        "demo",
        "--runs",
        runs,
        "--guidance",
        "NaN");
    assertOneLine(
        "fluxion: --flow-steps: expected with --from-scratch; without, no flow model is trained",
        "demo",
        "--runs",
        runs,
        "--flow-steps",
        10);
    Path there = Files.createDirectory(runs.resolve("there"));
    CommandRun.Outcome exists = run("demo", "--from-scratch", "--runs", runs, "--name", "there");
    assertEquals(2, exists.exitCode());
    assertTrue(exists.err().startsWith("fluxion: the run folder " + there), exists.err());
    assertEquals(1, exists.err().lines().count());
    try (Stream<Path> files = Files.list(runs)) {
      assertEquals(1, files.count());
    }
  }

  private static void assertOneLine(String line, Object... arguments) {
    CommandRun.Outcome run = run(arguments);
    assertEquals(line + System.lineSeparator(), run.err());
    assertEquals(2, run.exitCode());
    assertEquals("", run.out());
  }

  private static CommandRun.Outcome run(Object... words) {
    return CommandRun.here(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }
}
