package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.junit.jupiter.api.Test;

class TrainingConfigurationTest {
  /** Nothing but what has no default. */
  private static final String SHORTEST =
      """
      {"model": {"inputSize": 16, "patchSize": 4, "channels": 1, "width": 128, "depth": 6,
                 "heads": 4, "classes": 10},
       "data": {"size": 16},
       "objective": {"name": "decoupled-mean-flow"}}
      """;

  private static final ObjectMapper JSON = new ObjectMapper();

  private static String messageOf(String json) {
    return assertThrows(
            IllegalArgumentException.class, () -> TrainingConfiguration.parse("my.json", json))
        .getMessage();
  }

  private static TrainingConfiguration parse(String json) {
    return TrainingConfiguration.parse("my.json", json);
  }

  /** The shortest configuration with one value replaced. */
  private static String with(String path, String value) throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(SHORTEST);
    ObjectNode at = root;
    String[] keys = path.split("\\.");
    for (int i = 0; i < keys.length - 1; i++) {
      at = at.withObjectProperty(keys[i]);
    }
    at.set(keys[keys.length - 1], JSON.readTree(value));
    return root.toString();
  }

  @Property(tries = 100, seed = "5496")
  void whatIsWrittenReadsBack(
      @ForAll @IntRange(min = 1, max = 5) int heads,
      @ForAll @IntRange(min = 1, max = 9) int depth,
      @ForAll boolean norm,
      @ForAll @Scale(9) @DoubleRange(min = 1e-9, max = 1) double rate,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 0.999) double fraction,
      @ForAll @DoubleRange(min = -3, max = 3) double mean,
      @ForAll @IntRange(min = 1, max = 1_000_000) int steps,
      @ForAll long seed,
      @ForAll boolean map,
      @ForAll GuidanceConfiguration.Kind kind,
      @ForAll LogVarianceWeighting logVariance,
      @ForAll org.fluxion.meanflow.path.Path path,
      @ForAll ScheduleConfiguration.Decay decay,
      @ForAll String text) {
    Optional<String> file = text.isBlank() ? Optional.empty() : Optional.of(text);
    GuidanceConfiguration guidance =
        new GuidanceConfiguration(
            kind,
            rate,
            fraction / 2,
            fraction,
            kind == GuidanceConfiguration.Kind.DISTILLATION
                ? Optional.of("t" + text)
                : Optional.empty());
    Objective objective =
        map
            ? new Objective.DecoupledMeanFlow(
                path, mean, -mean, mean / 3, guidance, fraction, logVariance)
            : new Objective.FlowMatching(path, mean, fraction);
    TrainingConfiguration configuration =
        new TrainingConfiguration(
            new ModelConfiguration(28, 4, 1, 4 * heads, depth, heads, 10, depth / 2, norm),
            new DataConfiguration(DataConfiguration.Name.MNIST, 28, file),
            objective,
            new OptimizerConfiguration(rate, fraction, fraction / 2, rate / 3, rate, 1 / rate),
            new ScheduleConfiguration(steps / 2, decay, rate / 10),
            fraction,
            steps,
            steps,
            seed,
            steps,
            steps,
            file);
    assertEquals(configuration, parse(configuration.toJson()));
    assertEquals(List.of(), configuration.differences(parse(configuration.toJson())));
    assertEquals(configuration.toJson(), parse(configuration.toJson()).toJson());
  }

  @Test
  void theDefaultsAreThePublishedRecipe() {
    TrainingConfiguration read = parse(SHORTEST);
    assertEquals(
        new Objective.DecoupledMeanFlow(
            org.fluxion.meanflow.path.Path.LINEAR,
            0,
            0.4,
            -1.2,
            new GuidanceConfiguration(
                GuidanceConfiguration.Kind.MODEL, 0.6, 0, 0.7, Optional.empty()),
            0.1,
            LogVarianceWeighting.PER_SAMPLE),
        read.objective());
    assertEquals(new OptimizerConfiguration(1e-4, 0.9, 0.95, 0, 1e-8, 1), read.optimizer());
    assertEquals(0.9999, read.emaDecay());
    assertEquals(256, read.batchSize());
    assertEquals(400_000, read.steps());
    for (long step : new long[] {0, 1, 1000, 399_999}) {
      assertEquals(1e-4, read.schedule().schedule(1e-4, read.steps()).at(step));
    }
    // About two thirds of the blocks see t.
    assertEquals(2, read.model().decoderDepth());
  }

  @Test
  void everyDefaultIsWritten() throws IOException {
    JsonNode written = JSON.readTree(parse(SHORTEST).toJson());
    Map<String, Integer> keys =
        Map.of("model", 9, "data", 3, "objective", 8, "optimizer", 7, "schedule", 3);
    keys.forEach((section, count) -> assertEquals(count, written.get(section).size(), section));
    assertEquals(12, written.size());
    assertEquals(5, written.get("objective").get("guidance").size());
    // What is written is all there is: no key can be taken away without an error or a default.
    assertEquals(parse(SHORTEST), parse(written.toString()));
  }

  @Test
  void shippedConfigurationsAreWhole() throws IOException {
    for (String name : TrainingConfiguration.shipped()) {
      TrainingConfiguration read = TrainingConfiguration.read(name);
      try (var stream =
          TrainingConfiguration.class.getResourceAsStream("configurations/" + name + ".json")) {
        assertEquals(JSON.readTree(stream), JSON.readTree(read.toJson()), name);
      }
      assertEquals(new ModelConfiguration(16, 4, 1, 128, 6, 4, 10, 2, false), read.model(), name);
      assertEquals(128, read.batchSize(), name);
    }
    assertEquals(10000, TrainingConfiguration.read("digits-flow").steps());
    assertEquals(
        Optional.of("digits-flow"), TrainingConfiguration.read("digits-map").initialWeights());
  }

  @Test
  void anUnknownKeyIsNamedWithItsPathAndWhatIsAllowed() throws IOException {
    assertEquals(
        "my.json: stepz: unknown key; allowed here: model, data, objective, optimizer, schedule, "
            + "emaDecay, batchSize, steps, seed, checkpointInterval, logInterval, initialWeights",
        messageOf(with("stepz", "1")));
    assertEquals(
        "my.json: optimizer.lr: unknown key; allowed here: name, learningRate, beta1, beta2, "
            + "weightDecay, epsilon, clipNorm",
        messageOf(with("optimizer.lr", "1")));
    assertEquals(
        "my.json: objective.guidance.omega: unknown key; allowed here: kind, strength, low, high, "
            + "teacher",
        messageOf(with("objective.guidance.omega", "1")));
    // What only another objective knows is unknown here.
    assertTrue(
        messageOf(with("objective.timeMean", "1"))
            .startsWith("my.json: objective.timeMean: unknown key; allowed here: name, path, "));
  }

  @Test
  void aValueOfAnotherTypeIsNamedWithWhatIsExpected() throws IOException {
    String[][] cases = {
      {
        "steps",
        "\"many\"",
        "steps: expected a whole number up to 2147483647, got the text \"many\""
      },
      {"steps", "3.5", "steps: expected a whole number up to 2147483647, got 3.5"},
      {"steps", "3000000000", "steps: expected a whole number up to 2147483647, got 3000000000"},
      {"seed", "1.5", "seed: expected a whole number of at most 64 bits, got 1.5"},
      {"emaDecay", "null", "emaDecay: expected a number, got null"},
      {"model.width", "[1]", "model.width: expected a whole number up to 2147483647, got a list"},
      {"model.queryKeyNorm", "1", "model.queryKeyNorm: expected true or false, got 1"},
      {
        "optimizer",
        "3",
        "optimizer: expected an object {…} with name, learningRate, beta1, beta2, "
            + "weightDecay, epsilon, clipNorm, got 3"
      },
      {
        "optimizer.name",
        "\"sgd\"",
        "optimizer.name: expected one of \"adamw\", got the text \"sgd\""
      },
      {
        "objective.name",
        "\"mean\"",
        "objective.name: expected one of \"flow-matching\", "
            + "\"decoupled-mean-flow\", got the text \"mean\""
      },
      {
        "objective.path", "true", "objective.path: expected one of \"linear\", \"cosine\", got true"
      },
      {
        "objective.logVariance",
        "\"both\"",
        "objective.logVariance: expected one of \"per-sample\", "
            + "\"all-pairs\", got the text \"both\""
      },
      {
        "schedule.decay",
        "{}",
        "schedule.decay: expected one of \"constant\", \"cosine\", got an object"
      },
      {"initialWeights", "7", "initialWeights: expected a text or null, got 7"},
    };
    for (String[] c : cases) {
      assertEquals("my.json: " + c[2], messageOf(with(c[0], c[1])));
    }
  }

  @Test
  void anImpossibleValueIsNamedWithItsRange() throws IOException {
    String[][] cases = {
      {"steps", "0", "steps: expected a whole number of at least 1, got 0"},
      {"emaDecay", "1", "emaDecay: expected a number from 0 to below 1, got 1.0"},
      {"optimizer.learningRate", "0", "optimizer.learningRate: expected a number above 0, got 0.0"},
      {"optimizer.beta2", "-0.1", "optimizer.beta2: expected a number from 0 to below 1, got -0.1"},
      {
        "objective.classDropout",
        "1.5",
        "objective.classDropout: expected a number from 0 to 1, got 1.5"
      },
      {
        "objective.guidance.low",
        "0.8",
        "objective.guidance.low: expected at most "
            + "objective.guidance.high, which is 0.7, got 0.8"
      },
      {
        "objective.guidance.kind",
        "\"distillation\"",
        "objective.guidance.teacher: missing; expected "
            + "the model file of a flow model to distil"
      },
      {
        "model.patchSize",
        "5",
        "model.patchSize: expected a divisor of model.inputSize, which is 16, got 5"
      },
      {"model.heads", "3", "model.heads: expected a divisor of model.width, which is 128, got 3"},
      {"model.decoderDepth", "7", "model.decoderDepth: expected a whole number from 0 to 6, got 7"},
      {"model.inputSize", "28", "model.inputSize: expected 16, equal to data.size, got 28"},
      {
        "model.classes", "1000", "model.classes: expected 10, equal to the data's classes, got 1000"
      },
      {"data.size", "32", "data.size: expected 16 or 28, got 32"},
      {
        "schedule.warmUpSteps",
        "-1",
        "schedule.warmUpSteps: expected a whole number of at least 0, got -1"
      },
    };
    for (String[] c : cases) {
      assertEquals("my.json: " + c[2], messageOf(with(c[0], c[1])));
    }
  }

  @Test
  void whatIsNoConfigurationIsSaid() throws IOException {
    assertEquals(
        "my.json: optimizer.learningRate: expected a number above 0, got Infinity",
        messageOf(with("optimizer.learningRate", "0.5").replace("0.5", "1e999")));
    assertTrue(messageOf("{\"steps\": 1,}").startsWith("my.json: line 1, column "), "place");
    assertTrue(messageOf("{\"steps\": 1, \"steps\": 2}").contains("Duplicate"), "twice");
    assertTrue(messageOf(SHORTEST + "x").contains("not JSON"), "more");
    assertEquals("my.json: expected a JSON object {…}, got a list", messageOf("[]"));
    assertEquals("my.json: expected a JSON object {…}, got nothing", messageOf(""));
    assertEquals(
        "my.json: model.depth: missing; expected a whole number", messageOf("{\"model\": {}}"));
    assertEquals(
        "my.json: objective.name: missing; expected one of \"flow-matching\", "
            + "\"decoupled-mean-flow\"",
        messageOf(with("objective", "{}")));
    IOException absent =
        assertThrows(IOException.class, () -> TrainingConfiguration.read("no-such.json"));
    assertTrue(absent.getMessage().contains("digits-flow, digits-map"), absent.getMessage());
  }

  @Test
  void differencesNameTheKeys() {
    TrainingConfiguration a = TinyRun.flow(Path.of("data"), 20);
    List<String> found = new ArrayList<>(a.withSeed(8).withSteps(10).differences(a));
    assertEquals(List.of("steps: 10, not 20", "seed: 8, not 7"), found);
    assertTrue(
        TinyRun.map(Path.of("data"), 20)
            .differences(a)
            .contains("objective.timeMean: nothing, not 0.0"));
  }

  @Test
  void aShorterRunHasAShorterWarmUp() {
    TrainingConfiguration a = TinyRun.flow(Path.of("data"), 20);
    assertEquals(2, a.schedule().warmUpSteps(20));
    for (int configured : new int[] {0, 2, 100}) {
      ScheduleConfiguration schedule =
          new ScheduleConfiguration(configured, ScheduleConfiguration.Decay.COSINE, 0);
      for (int steps = 1; steps <= 250; steps++) {
        assertEquals(Math.min(configured, steps / 2), schedule.warmUpSteps(steps));
      }
    }
    for (ScheduleConfiguration.Decay decay : ScheduleConfiguration.Decay.values()) {
      ScheduleConfiguration schedule = new ScheduleConfiguration(40, decay, 0);
      for (int steps : new int[] {1, 2, 20, 40, 41, 79, 80}) {
        assertEquals(
            new ScheduleConfiguration(steps / 2, decay, 0).schedule(0.5, steps).at(steps - 1),
            schedule.schedule(0.5, steps).at(steps - 1),
            decay + " " + steps);
      }
    }
    // The configuration itself stays, so that the run can be made longer again.
    assertEquals(a, a.withSteps(1).withSteps(20));
    assertThrows(IllegalArgumentException.class, () -> a.withSteps(0));
  }

  @Test
  void aRunGoesOnWithAnotherLengthAndPlaceOfDataAlone() {
    TrainingConfiguration a = TinyRun.flow(Path.of("data"), 20);
    assertEquals(
        List.of(),
        a.withSteps(1).withData(a.data().withFolder("elsewhere")).differencesOnResuming(a));
    assertEquals(
        List.of("batchSize: 5, not 4", "seed: 8, not 7"),
        a.withSteps(30).withSeed(8).withBatchSize(5).differencesOnResuming(a));
  }
}
