package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fluxion.meanflow.train.ModelFile;
import org.fluxion.meanflow.train.TinyRun;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainCommandTest {
  @TempDir static Path data;
  @TempDir Path folder;
  private Path config;

  @BeforeAll
  static void writeData() throws IOException {
    TinyRun.data(data);
  }

  @BeforeEach
  void writeConfiguration() throws IOException {
    config = folder.resolve("tiny.json");
    Files.writeString(config, TinyRun.flow(data, 3).toJson());
  }

  private CommandRun.Outcome train(String... more) {
    String[] arguments = new String[more.length + 5];
    String[] first = {"train", "--config", config.toString(), "--runs", runs().toString()};
    System.arraycopy(first, 0, arguments, 0, first.length);
    System.arraycopy(more, 0, arguments, first.length, more.length);
    return CommandRun.here(arguments);
  }

  private Path runs() {
    return folder.resolve("runs");
  }

  /** Bad input: one line, an exit code, no stack trace. */
  private static String refused(CommandRun.Outcome outcome) {
    return failure(2, 1, outcome);
  }

  private static String failure(int exitCode, int count, CommandRun.Outcome outcome) {
    assertEquals(exitCode, outcome.exitCode(), outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    String[] lines = outcome.err().split("\n");
    assertEquals(count, lines.length, outcome.err());
    assertTrue(lines[0].startsWith("fluxion: "), lines[0]);
    return lines[0].substring("fluxion: ".length());
  }

  @Test
  void trainsThenConverts() throws IOException {
    CommandRun.Outcome trained = train("--dtype", "float16", "--threads", "1", "--seed", "3");
    assertEquals(0, trained.exitCode(), trained.err());
    assertTrue(trained.err().startsWith("note: the model is the moving average "), trained.err());
    assertEquals(1, trained.err().lines().count(), trained.err());
    assertFalse(trained.out().toLowerCase(Locale.ROOT).contains("note:"), trained.out());
    assertTrue(trained.out().contains("Training a flow model by flow matching on MNIST"));
    assertTrue(trained.out().contains("step 3 of 3: loss "), trained.out());
    assertTrue(
        trained
            .out()
            .matches(
                "(?s).*\\RA step takes at most 1 MiB of memory, of [0-9,]+ MiB that can be"
                    + " had\\.\\Rstep 1 of 3.*"),
        trained.out());
    Path flow = runs().resolve("tiny/flow.safetensors");
    assertTrue(trained.out().contains(flow.toString()), trained.out());
    ModelFile stored = ModelFile.read(flow);
    assertTrue(stored.notes().get("training").contains("\"seed\" : 3"), stored.notes()::toString);
    assertEquals(DType.FLOAT16, stored.parameters().leaves().get(0).dtype());
    assertTrue(Files.exists(runs().resolve("tiny/configuration.json")));

    Path map = folder.resolve("map.safetensors");
    String[] convert = {
      "convert", "--flow", flow.toString(), "--decoder-depth", "2", "--out", map.toString()
    };
    CommandRun.Outcome converted = CommandRun.here(convert);
    assertEquals(0, converted.exitCode(), converted.err());
    assertTrue(converted.out().contains("No weight was changed"), converted.out());
    ModelFile read = ModelFile.read(map);
    assertEquals(ModelFile.Kind.MAP, read.kind());
    assertEquals(2, read.model().decoderDepth());
    Parameters expected = stored.parameters();
    for (String name : expected.names()) {
      assertEquals(
          -1,
          expected
              .get(name)
              .value()
              .segment()
              .mismatch(read.parameters().get(name).value().segment()),
          name);
    }

    // A shipped model goes by its short name here as everywhere.
    Path shipped = folder.resolve("shipped.safetensors");
    CommandRun.Outcome named =
        CommandRun.here("convert", "--flow", "flow", "--out", shipped.toString());
    assertEquals(0, named.exitCode(), named.err());
    assertEquals(2, ModelFile.read(shipped).model().decoderDepth());
    assertTrue(
        refused(train("--initial", "flow", "--name", "x"))
            .matches("--initial: expected a model .*flow is .*"));

    assertTrue(refused(CommandRun.here(convert)).contains("exists already"));
    convert[6] = folder.resolve("none/map.safetensors").toString();
    assertTrue(refused(CommandRun.here(convert)).contains("there is no folder"));
    convert[6] = folder.resolve("f".repeat(240) + ".safetensors").toString();
    String tooLong = failure(1, 1, CommandRun.here(convert));
    assertTrue(tooLong.contains(": " + convert[6] + ": "), tooLong);
    assertFalse(tooLong.contains(".tmp"), tooLong);
    convert[6] = folder.resolve("other.safetensors").toString();
    convert[4] = "3";
    assertTrue(
        refused(CommandRun.here(convert))
            .startsWith("--decoder-depth: expected a whole number from 0 to 2,"));
    convert[2] = map.toString();
    assertTrue(refused(CommandRun.here(convert)).startsWith("--flow: expected a flow model"));
    convert[2] = "no-such-file";
    assertTrue(
        refused(CommandRun.here(convert))
            .endsWith(
                "no-such-file: expected the path of a model file, or one of flow, map,"
                    + " digits-flow, digits-map"));
    convert[2] = config.toString();
    assertTrue(refused(CommandRun.here(convert)).contains(config.toString()));

    // What is there is not written over; what is done needs no resuming.
    byte[] before = Files.readAllBytes(flow);
    assertTrue(
        refused(train()).contains("choose another --name, or go on with its run by --resume"));
    assertTrue(refused(train("--resume", "--seed", "4")).contains("(--seed: 4, not 3)"));
    assertArrayEquals(before, Files.readAllBytes(flow));
    Map<Path, String> run = contents(flow.getParent());
    CommandRun.Outcome resumed =
        train("--resume", "--seed", "3", "--dtype", "float32", "--profile");
    assertEquals(0, resumed.exitCode(), resumed.err());
    assertEquals(run, contents(flow.getParent()), "the float16 model stays as well");
    assertFalse(resumed.out().contains("Trained "), resumed.out());
    assertTrue(
        resumed
            .out()
            .contains(
                "The run was finished already, and nothing was left to train: it has taken 3"
                    + " steps, and all its files are as they were. The flow model (its averaged"
                    + " weights) is"),
        resumed.out());
    assertTrue(resumed.out().contains(". --dtype and --profile had no effect."), resumed.out());
    Path own = flow.resolveSibling("configuration.json");
    String begun = Files.readString(own);
    Files.writeString(own, begun.replace(data.toString(), data + "-gone"));
    CommandRun.Outcome without = train("--resume", "--seed", "3");
    assertEquals(0, without.exitCode(), "no data are needed: " + without.err());
    assertFalse(without.out().contains("effect"), without.out());
    Files.writeString(own, begun.replace("\"steps\" : 3", "\"steps\" : 4"));
    CommandRun.Outcome again = train("--resume", "--seed", "3", "--steps", "3");
    assertTrue(
        again.out().contains(" and all its files but configuration.json are as they were."),
        again.out() + again.err());
    assertEquals(run, contents(flow.getParent()));
    // It cannot be made shorter than it is, only longer.
    CommandRun.Outcome shorter = train("--resume", "--seed", "3", "--steps", "1");
    assertTrue(refused(shorter).startsWith("--steps: the run in "), shorter.err());
    assertTrue(
        shorter.err().contains("has taken 3 steps, more than the 1 asked for"), shorter.err());
    assertEquals(run, contents(flow.getParent()));
    CommandRun.Outcome longer = train("--resume", "--seed", "3", "--steps", "4");
    assertTrue(longer.out().contains("Going on after 3 steps"), longer.out() + longer.err());
    assertTrue(longer.out().contains("Trained 4 steps."), longer.out() + longer.err());
  }

  /** A folder's files with what is in them. */
  private static Map<Path, String> contents(Path folder) throws IOException {
    Map<Path, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(file, Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return contents;
  }

  /** The kernels among a trace's events, whose calls include one run for each step. */
  private static long kernels(Path file, int runs) throws IOException {
    int[] counts = new int[2];
    for (JsonNode event : new ObjectMapper().readTree(file.toFile()).get("traceEvents")) {
      counts[0] += event.path("cat").asText().equals("kernel") ? 1 : 0;
      counts[1] += event.get("name").asText().equals("run") ? 1 : 0;
    }
    assertEquals(runs, counts[1]);
    return counts[0];
  }

  @Test
  void aProfileTellsWhereTheTimeGoes() throws IOException {
    String[] same = {"--threads", "1", "--seed", "3", "--name"};
    CommandRun.Outcome plain = train(with(same, "plain"));
    assertEquals(0, plain.exitCode(), plain.err());
    assertFalse(plain.out().contains("Profile of"), plain.out());
    CommandRun.Outcome run = train(with(same, "measured", "--profile"));
    assertEquals(0, run.exitCode(), run.err());
    Matcher steps =
        Pattern.compile("In each step ([0-9]+) kernels in \\1 launches").matcher(run.out());
    assertTrue(steps.find(), run.out());
    for (String part :
        new String[] {
          "Profile of cpu with 1 thread", "Program 1: 3 steps, the first of ", "of peak"
        }) {
      assertTrue(run.out().contains(part), run.out());
    }
    Path trace = runs().resolve("measured/trace.json");
    assertTrue(run.out().endsWith(trace + System.lineSeparator()), run.out());
    assertEquals(3 * Long.parseLong(steps.group(1)), kernels(trace, 3));
    assertFalse(Files.exists(runs().resolve("plain/trace.json")));
    assertArrayEquals(
        Files.readAllBytes(runs().resolve("plain/flow.safetensors")),
        Files.readAllBytes(runs().resolve("measured/flow.safetensors")));

    Path elsewhere = folder.resolve("elsewhere.json");
    CommandRun.Outcome named = train(with(same, "named", "--profile=" + elsewhere));
    assertEquals(0, named.exitCode(), named.err());
    assertEquals(kernels(trace, 3), kernels(elsewhere, 3));
    assertTrue(
        refused(train("--name", "x", "--profile=" + folder.resolve("no/trace.json")))
            .contains("there is no folder"));
  }

  private static String[] with(String[] first, String... more) {
    return Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void badInputIsOneLine() throws IOException {
    assertTrue(refused(CommandRun.here("train", "--config", "none.json")).contains("none.json"));
    assertTrue(refused(CommandRun.here("train")).contains("nothing is trained by default"));
    assertTrue(refused(train("--resume")).contains("there is no run folder"));
    assertTrue(refused(train("--name", "a/b")).startsWith("--name: expected"));
    assertTrue(refused(train("--steps", "0")).startsWith("--steps: expected at least 1"));
    assertTrue(refused(train("--threads", "0")).contains("--threads: expected at least 1"));
    assertTrue(refused(train("--backend", "abacus")).startsWith("--backend: expected auto"));
    assertTrue(failure(2, 2, train("--steps", "some")).contains("'some' is not an int"));
    assertTrue(
        failure(2, 2, train("--speed", "2"))
            .contains("unknown option '--speed': did you mean --seed"));
    String dtype = failure(2, 2, train("--dtype", "int8"));
    assertTrue(dtype.contains("FLOAT32, FLOAT16"), dtype);
    assertFalse(Files.exists(runs()), "nothing was begun");
    assertTrue(refused(train("--data", "nowhere", "--name", "a")).startsWith("--data: "));
    assertTrue(refused(train("--initial", "nothing", "--name", "b")).startsWith("--initial: "));
    assertTrue(refused(train("--memory", "0", "--name", "c")).startsWith("not enough memory: "));
    assertTrue(refused(train("--memory", "" + Long.MAX_VALUE)).startsWith("--memory: expected"));
    // The names of models and of configurations are not the same.
    for (String name : new String[] {"map", "flow"}) {
      assertTrue(
          refused(CommandRun.here("train", "--config", name))
              .endsWith("; that is the name of a model"));
    }
    Path model = Files.createFile(folder.resolve("model.safetensors"));
    assertTrue(
        refused(CommandRun.here("train", "--config", model.toString()))
            .endsWith(": expected a configuration as JSON, got a model file's name"));
    Path picture = Files.write(folder.resolve("picture.png"), new byte[] {(byte) 0x89, 'P'});
    assertEquals(
        "--config: "
            + picture
            + ": expected a configuration as JSON, got a file that is no text in UTF-8",
        refused(CommandRun.here("train", "--config", picture.toString())));
    assertTrue(
        refused(train("--initial", "digits-map-long"))
            .endsWith("; that is the name of a configuration to train by"));
    assertTrue(
        refused(train("--initial", config.toString())).contains("expected a model file, got JSON"));
    Files.writeString(config, TinyRun.flow(data, 3).withBatchSize(33).toJson());
    assertTrue(refused(train("--name", "d")).contains("from 1 to the data's 32, got 33"));
    Files.writeString(config, "{\"model\": {\"widht\": 3}}");
    assertTrue(refused(train("--name", "e")).contains("model.widht: unknown key; allowed here: "));
    // The names are free again: what failed before its first step has left nothing.
    try (java.util.stream.Stream<Path> left = Files.list(runs())) {
      assertEquals(0, left.count());
    }
    assertTrue(train("--name", "e", "--debug").err().contains("\tat "));
  }

  @Test
  void aRunGoesOnWhereItWas() throws IOException {
    assertEquals(0, train("--backend", "reference", "--steps", "1", "--name", "a").exitCode());
    String[] resume = {"train", "--resume", "--runs", runs().toString(), "--name", "a"};
    CommandRun.Outcome same = CommandRun.here(with(resume, "--steps", "2"));
    assertTrue(same.out().contains(", on reference interpreter"), same.out() + same.err());
    assertFalse(same.err().contains("before"), same.err());
    String threads = refused(CommandRun.here(with(resume, "--threads", "1", "--steps", "3")));
    assertTrue(threads.startsWith("--threads: expected with the backend cpu alone"), threads);
    assertTrue(threads.contains("this was on reference before"), threads);
    CommandRun.Outcome moved =
        CommandRun.here(with(resume, "--backend", "cpu", "--threads", "1", "--steps", "3"));
    assertEquals(0, moved.exitCode(), moved.err());
    assertTrue(
        moved
            .err()
            .contains(
                "note: this was on reference before and goes on on cpu:1, where results differ in"
                    + " their last bits"),
        moved.err());
    // The number of threads is no part of it.
    CommandRun.Outcome later = CommandRun.here(with(resume, "--steps", "4"));
    assertTrue(later.out().contains(", on cpu with "), later.out() + later.err());
    assertFalse(later.out().contains("cpu with 1 thread,"), later.out());
    assertFalse(later.err().contains("before"), later.err());
    Path kept = runs().resolve("a/device.json");
    Files.writeString(kept, Files.readString(kept).replaceAll("cpu[:0-9]*", "abacus"));
    String gone = refused(CommandRun.here(with(resume, "--steps", "5")));
    assertTrue(
        gone.startsWith(
            "--backend: this was on abacus before, which cannot be had now (expected auto, "),
        gone);
    assertTrue(gone.endsWith("; name another to go on there, such as --backend cpu"), gone);
    Files.writeString(kept, "{\"device\": 3}");
    String damaged = refused(CommandRun.here(with(resume, "--steps", "5")));
    assertTrue(damaged.startsWith("--resume: " + kept + ": expected {\"device\": "), damaged);
    // An earlier version kept none.
    Files.delete(kept);
    CommandRun.Outcome earlier = CommandRun.here(with(resume, "--steps", "5"));
    assertTrue(earlier.out().contains(", on cpu with "), earlier.out() + earlier.err());
    assertTrue(Files.exists(kept));
  }

  @Test
  void dataThatAreDamagedAreBadInput() throws IOException {
    Path damaged = TinyRun.data(folder.resolve("damaged"));
    Path images = damaged.resolve("train-images-idx3-ubyte");
    byte[] whole = Files.readAllBytes(images);
    Files.write(images, Arrays.copyOf(whole, whole.length - 1));
    assertTrue(refused(train("--data", damaged.toString())).startsWith("--data: " + images + ": "));
    Files.delete(images);
    assertTrue(
        refused(train("--data", damaged.toString())).startsWith("--data: no such file: " + images));
    Files.writeString(config, TinyRun.flow(damaged, 3).toJson());
    assertTrue(refused(train()).startsWith("data.folder: no such file: "));
    assertFalse(Files.exists(runs().resolve("tiny")), "the name is free");
  }

  @Test
  void aRunThatIsDamagedIsBadInput() throws IOException {
    Path run = runs().resolve("damaged");
    Path checkpoints = Files.createDirectories(run.resolve("checkpoints"));
    String[] resume = {"train", "--resume", "--runs", runs().toString(), "--name", "damaged"};
    Path own = Files.write(run.resolve("configuration.json"), new byte[] {(byte) 0xFF});
    assertTrue(refused(CommandRun.here(resume)).startsWith(own + ": expected a configuration"));
    Files.writeString(own, TinyRun.flow(data.resolve("gone"), 3).toJson());
    assertTrue(refused(CommandRun.here(resume)).startsWith("data.folder: expected the folder"));
    Files.write(checkpoints.resolve("step-00000003.safetensors"), new byte[9]);
    CommandRun.Outcome none = CommandRun.here(resume);
    assertEquals(2, none.exitCode(), none.err());
    assertTrue(none.err().contains("fluxion: no checkpoint in " + checkpoints), none.err());
  }

  @Test
  void aPlaceThatCannotBeWrittenIsOneLine() throws IOException {
    Files.writeString(runs(), "a file");
    assertTrue(refused(train()).contains("cannot write the run folder " + runs()));
  }

  @Test
  void everyCommandTakesADeviceAndASeed() {
    for (String command :
        new String[] {"demo", "sample", "evaluate", "train", "convert", "devices"}) {
      String help = CommandRun.here(command, "--help").out();
      for (String option : new String[] {"--backend=", "--threads=", "--seed="}) {
        assertTrue(help.contains(option), command + ": " + help);
      }
    }
    for (String command : new String[] {"demo", "sample", "evaluate", "train"}) {
      String help = CommandRun.here(command, "--help").out();
      assertTrue(help.contains("--profile"), command + ": " + help);
    }
    String[] convert = {"convert", "--flow", "flow", "--out", folder + "/a.safetensors", "", ""};
    convert[5] = "--backend";
    convert[6] = "abacus";
    assertTrue(refused(CommandRun.here(convert)).contains("abacus"));
    convert[5] = "--threads";
    convert[6] = "0";
    assertTrue(refused(CommandRun.here(convert)).contains("--threads: expected at least 1"));
  }

  @Test
  void helpNamesEveryOption() {
    for (String command : new String[] {"train", "convert"}) {
      CommandRun.Outcome help = CommandRun.here(command, "--help");
      assertEquals(0, help.exitCode());
      assertFalse(help.out().contains("null"), help.out());
    }
    String help = CommandRun.here("train", "--help").out().replaceAll("\\s+", " ");
    for (String option :
        new String[] {
          "--config",
          "--resume",
          "--backend",
          "--threads",
          "--seed",
          "digits-flow",
          "nothing is trained by default"
        }) {
      assertTrue(help.contains(option), help);
    }
  }
}
