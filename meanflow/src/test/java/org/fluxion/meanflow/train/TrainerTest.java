package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fluxion.meanflow.device.SmallCard;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  private static final int STEPS = 11;

  @TempDir static Path data;
  @TempDir Path runs;

  @BeforeAll
  static void write() throws IOException {
    TinyRun.data(data);
  }

  private Trainer.Result train(TrainingConfiguration configuration, String name)
      throws IOException {
    try (RunFolder folder = RunFolder.create(runs.resolve(name))) {
      return new Trainer(configuration, folder, Device.cpu(1)).train();
    }
  }

  /** Trains, and asks to stop after some steps. */
  private Trainer.Result train(RunFolder folder, TrainingConfiguration configuration, long until)
      throws IOException {
    Trainer trainer = new Trainer(configuration, folder, Device.cpu(2));
    trainer.listener(
        new TrainingListener() {
          @Override
          public void step(long step, Metrics metrics) {
            if (step == until) {
              trainer.stop();
            }
          }
        });
    return trainer.train();
  }

  /** The metrics' lines without what depends on the clock. */
  static List<ObjectNode> metrics(Path run) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
      assertTrue(node.has("samplesPerSecond") && node.has("seconds"), line);
      lines.add(node.without(List.of("samplesPerSecond", "seconds")));
    }
    return lines;
  }

  private static void assertSame(Parameters expected, Parameters got) {
    assertEquals(expected.names(), got.names());
    expected
        .names()
        .forEach(
            n -> assertArrayEquals(expected.get(n).toFloatArray(), got.get(n).toFloatArray(), n));
  }

  @Test
  void aRunThatStopsAndGoesOnIsTheSameRun() throws IOException {
    for (TrainingConfiguration configuration :
        List.of(TinyRun.flow(data, STEPS), TinyRun.map(data, STEPS))) {
      String kind = configuration.objective().kind().written();
      Trainer.Result whole = train(configuration, kind);
      assertTrue(whole.finished());
      assertEquals(STEPS, whole.step());
      Path path = runs.resolve(kind + "-halted");
      try (RunFolder folder = RunFolder.create(path)) {
        // Neither at a checkpoint nor at a line of metrics.
        for (long until : new long[] {5, 7}) {
          Trainer.Result part = train(folder, configuration, until);
          assertFalse(part.finished());
          assertEquals(until, part.step());
          assertFalse(Files.exists(folder.model(part.model().kind())));
        }
        Trainer.Result rest = train(folder, configuration, -1);
        assertTrue(rest.finished());
        assertSame(whole.model().parameters(), rest.model().parameters());
        // A run that is finished stays so.
        assertSame(
            whole.model().parameters(), train(folder, configuration, -1).model().parameters());
      }
      assertEquals(metrics(runs.resolve(kind)), metrics(path));
      assertArrayEquals(
          Files.readAllBytes(runs.resolve(kind).resolve(kind + ".safetensors")),
          Files.readAllBytes(path.resolve(kind + ".safetensors")));
    }
  }

  /** The processor, but it compiles until it is interrupted. */
  private record Compiling(boolean inTheFirstStep) implements Device {
    @Override
    public String name() {
      return "compiling";
    }

    @Override
    public Executable prepare(Plan plan) {
      if (!inTheFirstStep) {
        compile();
      }
      Executable ready = Device.cpu(1).prepare(plan);
      return (Executable)
          Proxy.newProxyInstance(
              Executable.class.getClassLoader(),
              new Class<?>[] {Executable.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("run")) {
                  compile();
                }
                return method.invoke(ready, arguments);
              });
    }

    private static void compile() {
      long end = System.nanoTime() + 60_000_000_000L;
      while (!Thread.currentThread().isInterrupted()) {
        assertTrue(System.nanoTime() < end, "it is asked to stop");
        Thread.onSpinWait();
      }
      throw new CancellationException("interrupted");
    }
  }

  @Test
  void whatIsCompiledForTheFirstStepIsGivenUp() throws IOException {
    TrainingConfiguration configuration = TinyRun.flow(data, STEPS);
    try (RunFolder folder = RunFolder.create(runs.resolve("compiling"))) {
      folder.writeConfiguration(configuration);
      for (boolean inTheFirstStep : new boolean[] {false, true}) {
        for (boolean isEarly : new boolean[] {false, true}) {
          Trainer trainer = new Trainer(configuration, folder, new Compiling(inTheFirstStep));
          Thread asking = new Thread(trainer::stop);
          trainer.listener(
              new TrainingListener() {
                @Override
                public void planned(long plannedBytes, long availableBytes) {
                  if (isEarly) {
                    trainer.stop();
                  } else {
                    asking.start();
                  }
                }
              });
          Trainer.Result stopped = trainer.train();
          assertEquals(0, stopped.step());
          assertFalse(stopped.finished());
          assertFalse(Thread.interrupted(), "the interruption was the trainer's own");
        }
      }
      Trainer.Result part = train(folder, configuration, 5);
      Trainer trainer = new Trainer(configuration, folder, new Compiling(true));
      Thread asking = new Thread(trainer::stop);
      trainer.listener(
          new TrainingListener() {
            @Override
            public void started(TrainingConfiguration of, long firstStep) {
              asking.start();
            }
          });
      Trainer.Result stopped = trainer.train();
      assertEquals(5, stopped.step());
      assertSame(part.model().parameters(), stopped.model().parameters());
      assertTrue(train(folder, configuration, -1).finished());
    }
    Trainer.Result whole = train(configuration, "uninterrupted");
    assertArrayEquals(
        Files.readAllBytes(runs.resolve("uninterrupted/flow.safetensors")),
        Files.readAllBytes(runs.resolve("compiling/flow.safetensors")),
        () -> "of " + whole.step());
  }

  @Test
  void aRunGoesOnWithItsOwnConfigurationAlone() throws IOException {
    TrainingConfiguration begun = TinyRun.flow(data, STEPS);
    try (RunFolder folder = RunFolder.create(runs.resolve("run"))) {
      train(folder, begun, 5);
      TrainingConfiguration faster =
          TinyRun.configuration(data, STEPS, begun.objective(), 2e-2).withSeed(8);
      String message =
          assertThrows(IllegalArgumentException.class, () -> train(folder, faster, -1))
              .getMessage();
      assertTrue(
          message.contains("optimizer.learningRate: 0.02, not 0.01; seed: 8, not 7"), message);
      assertEquals(begun, folder.readConfiguration(), "what is refused is not written");
      ModelConfiguration deep = new ModelConfiguration(16, 8, 1, 8, 3, 2, 10, 1, false);
      for (TrainingConfiguration other :
          List.of(
              TinyRun.configuration(deep, data, STEPS, begun.objective(), 1e-2),
              TinyRun.map(data, STEPS))) {
        List<String> notices = new ArrayList<>();
        Trainer trainer = new Trainer(other, folder, Device.cpu(1));
        trainer.listener(
            new TrainingListener() {
              @Override
              public void notice(String said) {
                notices.add(said);
              }
            });
        String refused = assertThrows(IllegalArgumentException.class, trainer::train).getMessage();
        assertTrue(
            refused.contains(
                other.model().equals(deep)
                    ? "(model.depth: 3, not 2)"
                    : "objective.name: \"decoupled-mean-flow\", not \"flow-matching\""),
            refused);
        assertEquals(List.of(), notices, "the checkpoint is not said to be damaged");
        assertEquals(
            List.of("step-00000004.safetensors", "step-00000005.safetensors"), kept(folder));
      }
      // Where the data lie may change, and how long it goes on; a warm-up is cut to fit.
      TrainingConfiguration longer =
          begun
              .withSteps(STEPS + 1)
              .withData(begun.data().withFolder(data.resolve(".").toString()));
      assertTrue(train(folder, longer, -1).finished());
    }
  }

  private static List<String> kept(RunFolder folder) throws IOException {
    try (Stream<Path> files = Files.list(folder.checkpoints())) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aRunThatWasMadeShorterCanBeMadeLongerAgain() throws IOException {
    TrainingConfiguration whole = TinyRun.flow(data, STEPS);
    Trainer.Result expected = train(whole, "whole");
    try (RunFolder folder = RunFolder.create(runs.resolve("run"))) {
      train(folder, whole, 3);
      // Not what it has taken: the weights of fewer steps are gone.
      folder.writeConfiguration(whole);
      String refused =
          assertThrows(IllegalArgumentException.class, () -> train(folder, whole.withSteps(2), -1))
              .getMessage();
      assertTrue(refused.contains("has taken 3 steps, more than the 2 asked for"), refused);
      assertEquals(whole, folder.readConfiguration());
      // As short as it is: nothing is trained, and that is the model.
      Trainer.Result shorter = train(folder, whole.withSteps(3), -1);
      assertEquals(List.of(3L, 3L), List.of(shorter.begunAt(), shorter.step()));
      assertTrue(shorter.finished() && !shorter.kept());
      assertEquals(3, folder.readConfiguration().steps());
      assertEquals("3", ModelFile.read(folder.model(ModelFile.Kind.FLOW)).notes().get("steps"));
      // What can be read again is the run as it would have been.
      Trainer.Result longer = train(folder, folder.readConfiguration().withSteps(STEPS), -1);
      assertEquals(List.of(3L, 11L), List.of(longer.begunAt(), longer.step()));
      assertSame(expected.model().parameters(), longer.model().parameters());
    }
  }

  /** A kill between the last checkpoint and the model leaves none, or that of a shorter run. */
  @Test
  void aModelThatAFinishedRunLacksIsWritten() throws IOException {
    TrainingConfiguration configuration = TinyRun.flow(data, 2);
    try (RunFolder folder = RunFolder.create(runs.resolve("run"))) {
      train(folder, configuration, -1);
      Path file = folder.model(ModelFile.Kind.FLOW);
      byte[] model = Files.readAllBytes(file);
      assertTrue(train(folder, configuration, -1).kept());
      Files.delete(file);
      assertFalse(train(folder, configuration, -1).kept());
      assertArrayEquals(model, Files.readAllBytes(file));
      byte[] oneBit = model.clone();
      oneBit[model.length - 1] ^= 1;
      for (byte[] damaged : List.of(new byte[9], oneBit)) {
        Files.write(file, damaged);
        assertFalse(train(folder, configuration, -1).kept());
        assertArrayEquals(model, Files.readAllBytes(file));
      }
      ModelFile whole = ModelFile.read(file);
      new ModelFile(whole.kind(), whole.model(), whole.parameters(), Map.of("steps", "1"))
          .write(file);
      assertFalse(train(folder, configuration, -1).kept());
      assertArrayEquals(model, Files.readAllBytes(file));
      // What cannot be read may be whole.
      Files.delete(file);
      Files.createDirectory(file);
      assertThrows(IOException.class, () -> train(folder, configuration, -1));
    }
  }

  @Test
  void whatARunIsRefusedForIsNotItsConfiguration() throws IOException {
    TrainingConfiguration begun = TinyRun.flow(data, 2);
    TrainingConfiguration longer = begun.withSteps(3);
    try (RunFolder folder = RunFolder.create(runs.resolve("run"))) {
      train(folder, begun, -1);
      Trainer tooLarge = new Trainer(longer, folder, Device.cpu(1)).memoryLimit(0);
      assertThrows(IllegalArgumentException.class, tooLarge::train);
      assertEquals(begun, folder.readConfiguration());
      TrainingConfiguration moved =
          longer.withData(begun.data().withFolder(runs.resolve("gone").toString()));
      String gone =
          assertThrows(IllegalArgumentException.class, () -> train(folder, moved, -1)).getMessage();
      assertTrue(gone.startsWith("data.folder: expected the folder"), gone);
      assertEquals(begun, folder.readConfiguration());
      // As a kill leaves it that comes before the longer run's first checkpoint.
      folder.writeConfiguration(longer);
      assertTrue(train(folder, begun, -1).kept());
      assertEquals(begun, folder.readConfiguration());
      assertTrue(train(folder, longer, -1).finished());
      assertEquals(longer, folder.readConfiguration());
    }
  }

  @Test
  void aShortRunIsToldWhatItsConfigurationDoesToIt() throws IOException {
    TrainingConfiguration long20 =
        TinyRun.configuration(data, 20, TinyRun.flow(data, 1).objective(), 1e-2);
    // 0.9²⁰ is an eighth.
    assertEquals(1, notices(long20, "a").size());
    assertTrue(notices(long20, "b").getFirst().contains("of which 12% will still be the weights"));
    // 0.9³⁰ is a 24th.
    assertEquals(List.of(), notices(long20.withSteps(30), "c"));
    List<String> shortest = notices(long20.withSteps(2), "d");
    assertEquals(2, shortest.size(), shortest::toString);
    assertTrue(
        shortest.getFirst().startsWith("of the run's 2 steps the first is its warm-up"),
        shortest.getFirst());
  }

  private List<String> notices(TrainingConfiguration configuration, String name)
      throws IOException {
    List<String> notices = new ArrayList<>();
    try (RunFolder folder = RunFolder.create(runs.resolve(name))) {
      Trainer trainer = new Trainer(configuration, folder, Device.cpu(1));
      trainer.listener(
          new TrainingListener() {
            @Override
            public void notice(String message) {
              notices.add(message);
            }

            @Override
            public void step(long step, Metrics metrics) {
              trainer.stop();
            }
          });
      trainer.train();
    }
    return notices;
  }

  @Test
  void metricsTellOfEveryIntervalAndTheModelIsTheAverage() throws IOException {
    TrainingConfiguration configuration = TinyRun.map(data, STEPS);
    List<Double> losses = new ArrayList<>();
    Trainer.Result result;
    try (RunFolder folder = RunFolder.create(runs.resolve("map"))) {
      result =
          new Trainer(configuration, folder, Device.cpu(1))
              .listener(
                  new TrainingListener() {
                    @Override
                    public void step(long step, Metrics metrics) {
                      assertEquals(losses.size() + 1, step);
                      losses.add(metrics.loss());
                    }
                  })
              .modelDType(DType.FLOAT16)
              .train();
    }
    List<ObjectNode> lines = metrics(runs.resolve("map"));
    assertEquals(List.of(3, 6, 9, 11), lines.stream().map(l -> l.get("step").asInt()).toList());
    double mean = losses.subList(3, 6).stream().mapToDouble(l -> l).average().orElseThrow();
    assertEquals(mean, lines.get(1).get("loss").asDouble(), 1e-12);
    for (ObjectNode line : lines) {
      // Half the sum of both parts is the loss.
      double parts = line.get("flowLoss").asDouble() + line.get("meanLoss").asDouble();
      assertEquals(line.get("loss").asDouble(), parts / 2, 1e-5);
      assertTrue(line.get("flowError").asDouble() > 0 && line.get("meanError").asDouble() > 0);
      assertTrue(line.get("gradientNorm").asDouble() > 0);
    }
    assertEquals(
        configuration.schedule().schedule(1e-2, STEPS).at(STEPS - 1),
        lines.get(3).get("learningRate").asDouble());
    ModelFile stored = ModelFile.read(runs.resolve("map/map.safetensors"));
    assertEquals(ModelFile.Kind.MAP, stored.kind());
    assertEquals(configuration.model(), stored.model());
    assertEquals(
        configuration, TrainingConfiguration.parse("notes", stored.notes().get("training")));
    assertSame(
        result.model().parameters().cast(DType.FLOAT16).cast(DType.FLOAT32),
        stored.map().parameters());
  }

  @Test
  void aStepAllocatesNothingOffTheHeap() throws IOException {
    TrainingConfiguration tiny = TinyRun.flow(data, 8).withBatchSize(32);
    // 28 × 28 × 32 floats are more than what may lie on the heap.
    TrainingConfiguration large =
        new TrainingConfiguration(
            new ModelConfiguration(28, 14, 1, 8, 2, 2, 10, 1, false),
            new DataConfiguration(tiny.data().set(), 28, tiny.data().folder()),
            tiny.objective(),
            tiny.optimizer(),
            tiny.schedule(),
            tiny.emaDecay(),
            tiny.batchSize(),
            tiny.steps(),
            tiny.seed(),
            100,
            100,
            tiny.initialWeights());
    List<Long> allocated = new ArrayList<>();
    try (RunFolder folder = RunFolder.create(runs.resolve("large"))) {
      new Trainer(large, folder, Device.cpu(2))
          .listener(
              new TrainingListener() {
                @Override
                public void started(TrainingConfiguration configuration, long firstStep) {
                  allocated.add(HostMemory.total());
                }

                @Override
                public void step(long step, Metrics metrics) {
                  allocated.add(HostMemory.total());
                }
              })
          .train();
    }
    assertEquals(allocated.get(0) + 28 * 28 * 32 * 4, allocated.get(1), "the first batch");
    assertEquals(1, Set.copyOf(allocated.subList(1, 9)).size(), allocated::toString);
  }

  @Test
  void trainingNeedsNoFloat64() throws IOException {
    for (TrainingConfiguration configuration :
        List.of(TinyRun.flow(data, 2), TinyRun.map(data, 2))) {
      String name = configuration.objective().kind().written();
      try (RunFolder folder = RunFolder.create(runs.resolve("card-" + name))) {
        Parameters onCard =
            new Trainer(configuration, folder, new SmallCard()).train().model().parameters();
        assertSame(train(configuration, name).model().parameters(), onCard);
      }
    }
  }

  @Test
  void theSeedDecides() throws IOException {
    TrainingConfiguration configuration = TinyRun.flow(data, 2);
    Tensor a = weight(train(configuration, "a"));
    Tensor b = weight(train(configuration.withSeed(8), "b"));
    assertNotEquals(a.item(), b.item());
  }

  private static Tensor weight(Trainer.Result result) {
    return result.model().parameters().get("blocks.0.attn.qkv.weight").abs().sum();
  }

  @Test
  void aMapStartsFromTheFlowModelsWeights() throws IOException {
    Trainer.Result flow = train(TinyRun.flow(data, 2), "flow");
    String file = runs.resolve("flow/flow.safetensors").toString();
    TrainingConfiguration map = TinyRun.map(data, 1).withInitialWeights(file);
    // At a rate of nearly nothing the weights stay.
    TrainingConfiguration still =
        new TrainingConfiguration(
            map.model(),
            map.data(),
            map.objective(),
            new OptimizerConfiguration(1e-12, 0.9, 0.95, 0, 1e-8, 1),
            map.schedule(),
            map.emaDecay(),
            map.batchSize(),
            1,
            map.seed(),
            1,
            1,
            map.initialWeights());
    Parameters got = train(still.withSteps(1), "map").model().parameters();
    Parameters expected = flow.model().parameters();
    for (String name : expected.names()) {
      float[] e = expected.get(name).toFloatArray();
      assertArrayEquals(e, got.get(name).toFloatArray(), 1e-7f, name);
    }
    String wrong =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    train(
                        TinyRun.flow(data, 2)
                            .withInitialWeights(runs.resolve("map/map.safetensors").toString()),
                        "wrong"))
            .getMessage();
    assertTrue(wrong.contains("expected a flow model"), wrong);
    Path own = runs.resolve("own.safetensors");
    Tensor positions = Tensor.zeros(1, 4, 8);
    new ModelFile(ModelFile.Kind.FLOW, map.model(), expected.with("pos_embed", positions))
        .write(own);
    String more =
        assertThrows(
                IllegalArgumentException.class,
                () -> train(TinyRun.flow(data, 2).withInitialWeights(own.toString()), "own"))
            .getMessage();
    assertTrue(more.contains(own + " brings positions of its own, pos_embed, which are"), more);
  }

  @Test
  void everyGuidanceAndWeightingTrains() throws IOException {
    // All start from weights that tell classes apart: at first, none do, and guidance is nothing.
    train(TinyRun.flow(data, 8), "teacher");
    Optional<String> teacher = Optional.of(runs.resolve("teacher/flow.safetensors").toString());
    Objective.DecoupledMeanFlow usual =
        (Objective.DecoupledMeanFlow) TinyRun.map(data, 2).objective();
    List<Double> weights = new ArrayList<>();
    for (GuidanceConfiguration.Kind kind : GuidanceConfiguration.Kind.values()) {
      boolean distils = kind == GuidanceConfiguration.Kind.DISTILLATION;
      GuidanceConfiguration guidance =
          new GuidanceConfiguration(kind, 2, 0, 1, distils ? teacher : Optional.empty());
      weights.add(trained(usual, guidance, LogVarianceWeighting.PER_SAMPLE, teacher.get()));
    }
    weights.add(trained(usual, usual.guidance(), LogVarianceWeighting.ALL_PAIRS, teacher.get()));
    assertEquals(4, weights.stream().distinct().count(), weights::toString);
  }

  private double trained(
      Objective.DecoupledMeanFlow usual,
      GuidanceConfiguration guidance,
      LogVarianceWeighting weighting,
      String start)
      throws IOException {
    Objective objective =
        new Objective.DecoupledMeanFlow(
            usual.path(),
            usual.flowTimeMean(),
            usual.firstTimeMean(),
            usual.secondTimeMean(),
            guidance,
            usual.classDropout(),
            weighting);
    String name = ConfigurationSection.written(guidance.kind()) + weighting;
    TrainingConfiguration configuration =
        TinyRun.configuration(data, 3, objective, 1e-2).withInitialWeights(start);
    Parameters parameters = train(configuration, name).model().parameters();
    return parameters.get("final_layer.linear.weight").abs().sum().item();
  }

  @Test
  void divergenceIsAnErrorAndTheLastCheckpointStays() throws IOException {
    TrainingConfiguration wild =
        TinyRun.configuration(data, 400, TinyRun.flow(data, 1).objective(), 1e30);
    try (RunFolder folder = RunFolder.create(runs.resolve("wild"))) {
      Trainer trainer = new Trainer(wild, folder, Device.cpu(1));
      String message = assertThrows(IllegalStateException.class, trainer::train).getMessage();
      assertTrue(message.startsWith("training diverged: at step "), message);
      assertTrue(message.contains("optimizer.learningRate"), message);
      assertFalse(Files.exists(folder.model(ModelFile.Kind.FLOW)));
    }
  }

  @Test
  void tooLittleMemoryNamesTheLargestBatchThatFits() throws IOException {
    TrainingConfiguration large = TinyRun.flow(data, 3).withBatchSize(32);
    try (RunFolder folder = RunFolder.create(runs.resolve("large"))) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new Trainer(large, folder, Device.cpu(1)).memoryLimit(250_000).train())
              .getMessage();
      Matcher fits =
          Pattern.compile(
                  "not enough memory: batchSize 32 needs \\d+ MiB, and 1 MiB can be had; "
                      + "the largest batchSize that fits is (\\d+)")
              .matcher(message);
      assertTrue(fits.matches(), message);
      int batch = Integer.parseInt(fits.group(1));
      String next =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      new Trainer(large.withBatchSize(batch + 1), folder, Device.cpu(1))
                          .memoryLimit(250_000)
                          .train())
              .getMessage();
      assertTrue(next.contains("not enough memory"), next);
      String none =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new Trainer(large, folder, Device.cpu(1)).memoryLimit(1000).train())
              .getMessage();
      assertTrue(none.contains("not even a batch of 1 fits"), none);
      String card =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new Trainer(large, folder, new SmallCard(250_000)).train())
              .getMessage();
      assertEquals(fits.group(), card, "a device's own memory is the limit");
      Trainer fitting =
          new Trainer(large.withBatchSize(batch), folder, Device.cpu(1)).memoryLimit(250_000);
      assertTrue(fitting.train().finished());
    }
  }
}
