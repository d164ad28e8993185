package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
  private static final int METRICS = 2;

  @TempDir Path folder;
  private TrainingConfiguration configuration;
  private Checkpoints checkpoints;
  private final List<String> notices = new ArrayList<>();

  @BeforeEach
  void write() throws IOException {
    configuration = TinyRun.flow(folder, 50);
    checkpoints = new Checkpoints(folder);
    for (long step : new long[] {5, 10, 15, 20}) {
      checkpoints.write(new Checkpoint(step, configuration, state(step), sums(step)));
    }
  }

  /** A state that is different at each step. */
  private TrainingState state(long step) {
    Parameters parameters =
        configuration.model().transformer().initialise(RandomKey.of(step)).detach();
    var moments = configuration.optimizer().adamW().initialise(parameters);
    return new TrainingState(parameters, moments, parameters.map(p -> p.add(step)).detach());
  }

  private static MetricSums sums(long step) {
    MetricSums sums = new MetricSums(METRICS);
    sums.add(new double[] {0.1 * step, 1.0 / 3}, 0.7);
    return sums;
  }

  private Optional<Checkpoint> latest() throws IOException {
    return checkpoints.latest(configuration, state(0), METRICS, notices::add);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  private Path file(long step) {
    return folder.resolve("step-%08d.safetensors".formatted(step));
  }

  @Test
  void namesAreTheSameInEveryLanguage() throws IOException {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.of("fa", "IR"));
    try {
      checkpoints.write(new Checkpoint(25, configuration, state(25), sums(25)));
      assertEquals(25, latest().orElseThrow().step());
    } finally {
      Locale.setDefault(before);
    }
    assertEquals(
        List.of(
            "step-00000015.safetensors", "step-00000020.safetensors", "step-00000025.safetensors"),
        files());
  }

  @Test
  void theNewestReadsBackAndTheOldestGo() throws IOException {
    assertEquals(
        Stream.of(10, 15, 20).map(s -> "step-%08d.safetensors".formatted(s)).toList(), files());
    Checkpoint read = latest().orElseThrow();
    assertEquals(20, read.step());
    assertEquals(configuration, read.configuration());
    assertEquals(sums(20).toJson(), read.sums().toJson());
    List<Tensor> expected = state(20).leaves();
    List<Tensor> got = read.state().leaves();
    assertEquals(expected.size(), got.size());
    for (int i = 0; i < got.size(); i++) {
      assertEquals(-1, expected.get(i).value().segment().mismatch(got.get(i).value().segment()));
    }
    assertTrue(notices.isEmpty());
  }

  @Test
  void whatIsCutShortAnywhereIsPassedOver() throws IOException {
    long whole = Files.size(file(20));
    byte[] bytes = Files.readAllBytes(file(20));
    for (long size : new long[] {0, 7, 8, 100, whole / 2, whole - 1}) {
      Files.write(file(20), java.util.Arrays.copyOf(bytes, (int) size));
      notices.clear();
      assertEquals(15, latest().orElseThrow().step(), "cut to " + size);
      assertEquals(1, notices.size());
      assertTrue(notices.get(0).contains("step-00000020.safetensors"), notices.get(0));
      assertTrue(files().contains("step-00000020.safetensors.damaged"), "put aside");
    }
  }

  @Test
  void aSingleWrongBitIsFound() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(file(20).toFile(), "rw")) {
      file.seek(file.length() - 1001);
      int old = file.read();
      file.seek(file.length() - 1001);
      file.write(old ^ 0x10);
    }
    assertEquals(15, latest().orElseThrow().step());
    assertTrue(notices.get(0).contains("checksum"), notices.get(0));
  }

  @Test
  void aSingleWrongBitOfTheMetadataIsFound() throws IOException {
    byte[] whole = Files.readAllBytes(file(20));
    String header = new String(whole, 0, 4000, StandardCharsets.ISO_8859_1);
    for (String text : List.of("\"step\":\"20", "0.7,", "\\\"sums\\\":[2")) {
      int at = header.indexOf(text);
      assertTrue(at > 0, text + " is not in " + header);
      byte[] changed = whole.clone();
      int digit = at + text.length() - (text.endsWith(",") ? 2 : 1);
      // A digit that is another digit: 0 and 2, 7 and 5.
      changed[digit] ^= 2;
      Files.write(file(20), changed);
      notices.clear();
      assertEquals(15, latest().orElseThrow().step(), text);
      assertTrue(notices.get(0).contains("checksum"), notices.get(0));
    }
  }

  @Test
  void aCheckpointUnderAnotherStepsNameIsPassedOver() throws IOException {
    Files.move(file(20), file(21));
    assertEquals(15, latest().orElseThrow().step());
    assertTrue(notices.get(0).contains("step-00000021.safetensors: is of step 20"), notices.get(0));
  }

  /** What cannot be read may be whole: of it and of all others nothing is moved. */
  @Test
  void whatCannotBeReadIsNotTakenForDamaged() throws IOException {
    Files.write(file(20), new byte[9]);
    Path elsewhere = Files.move(file(15), folder.resolve("elsewhere"));
    Files.createDirectory(file(15));
    assertUnreadable(file(15), "");
    Files.delete(file(15));
    // As on a disk that is not there just now.
    Files.createSymbolicLink(file(15), folder.resolve("not-mounted"));
    assertUnreadable(file(15), "no such file");
    Files.delete(file(15));
    Files.createSymbolicLink(file(15), elsewhere);
    assertEquals(15, latest().orElseThrow().step());
    assertTrue(files().contains("step-00000020.safetensors.damaged"), files()::toString);
  }

  private void assertUnreadable(Path file, String reason) throws IOException {
    List<String> before = files();
    String message = assertThrows(IOException.class, this::latest).getMessage();
    assertTrue(
        message.startsWith("the checkpoint %s cannot be read: %s".formatted(file, reason)),
        message);
    assertTrue(message.contains("; no file was changed: "), message);
    assertEquals(before, files());
  }

  @Test
  void severalCanBePassedOverAndNoneIsNotAStart() throws IOException {
    Files.write(file(20), new byte[9]);
    Files.write(file(15), new byte[0]);
    assertEquals(10, latest().orElseThrow().step());
    assertEquals(2, notices.size());
    Files.write(file(10), new byte[1]);
    String message = assertThrows(RunFolder.RefusedException.class, this::latest).getMessage();
    assertTrue(message.contains("no checkpoint in " + folder), message);
    assertTrue(Files.exists(file(10)), "nothing is put aside where nothing replaces it");
    Files.delete(file(10));
    assertEquals(Optional.empty(), latest());
  }

  @Test
  void aShorterRunIsRefusedBeforeAnythingIsPutAside() throws IOException {
    Files.write(file(20), new byte[9]);
    List<String> before = files();
    configuration = configuration.withSteps(14);
    String message = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(message.startsWith("steps: the run in " + folder.getParent()), message);
    assertTrue(message.contains("has taken 15 steps, more than the 14 asked for"), message);
    assertEquals(before, files());
    configuration = configuration.withSteps(15);
    assertEquals(15, latest().orElseThrow().step());
  }

  @Test
  void anotherModelsCheckpointIsNotTaken() throws IOException {
    TrainingConfiguration other = configuration;
    configuration =
        new TrainingConfiguration(
            new ModelConfiguration(16, 4, 1, 8, 2, 2, 10, 1, false),
            other.data(),
            other.objective(),
            other.optimizer(),
            other.schedule(),
            other.emaDecay(),
            other.batchSize(),
            other.steps(),
            other.seed(),
            other.checkpointInterval(),
            other.logInterval(),
            other.initialWeights());
    List<String> before = files();
    String message = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(message.contains("checkpoint of step 20"), message);
    assertTrue(message.contains("(model.patchSize: 4, not 8)"), message);
    assertEquals(List.of(), notices, "nothing is said to be damaged");
    assertEquals(before, files());
    // What is damaged is not blamed on the configuration, wherever the damage is.
    Files.write(file(20), "8".getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
    message = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(message.contains("checkpoint of step 15"), message);
    assertTrue(notices.getFirst().contains("step-00000020.safetensors"), notices::toString);
  }

  /** The file of a step again, with other metadata. */
  private void rewrite(long step, UnaryOperator<SequencedMap<String, String>> change)
      throws IOException {
    Parameters tensors;
    SequencedMap<String, String> metadata;
    try (Safetensors stored = Safetensors.open(file(step))) {
      tensors = stored.parameters();
      metadata = new LinkedHashMap<>(stored.metadata());
    }
    Safetensors.write(file(step), tensors, change.apply(metadata));
  }

  @Test
  void aCheckpointOfAnotherVersionIsSaidToBeOne() throws IOException {
    rewrite(
        20,
        metadata -> {
          metadata.remove(Checksum.KEY);
          metadata.put(Checksum.EARLIER_KEY, "01234567");
          return metadata;
        });
    String earlier = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(
        earlier.startsWith(
            "resume: %s was written by an earlier version of Fluxion".formatted(file(20))),
        earlier);
    assertTrue(earlier.endsWith("begin the run again under another --name"), earlier);
    rewrite(
        20,
        metadata -> {
          metadata.remove(Checksum.EARLIER_KEY);
          metadata.computeIfPresent(
              "configuration", (key, json) -> json.replace("emaDecay", "averageDecay"));
          try (Safetensors stored = Safetensors.open(file(20))) {
            metadata.put(Checksum.KEY, Checksum.of(metadata, stored.parameters()));
          } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
          }
          return metadata;
        });
    String other = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(other.contains("another version of Fluxion (configuration: averageDecay: "), other);
    assertEquals(List.of(), notices);
    assertTrue(Files.exists(file(20)));
    rewrite(
        20,
        metadata -> {
          metadata.remove(Checksum.KEY);
          return metadata;
        });
    assertEquals(15, latest().orElseThrow().step(), "without any checksum it is damaged");
  }

  /** The file of a step again, with other contents and their own checksum. */
  private void rewriteWhole(
      UnaryOperator<SequencedMap<String, String>> change, UnaryOperator<Parameters> tensors)
      throws IOException {
    Parameters changed;
    SequencedMap<String, String> metadata;
    try (Safetensors stored = Safetensors.open(file(20))) {
      changed = tensors.apply(stored.parameters());
      metadata = change.apply(new LinkedHashMap<>(stored.metadata()));
    }
    metadata.put(Checksum.KEY, Checksum.of(metadata, changed));
    Safetensors.write(file(20), changed, metadata);
  }

  private void assertOfAnotherVersion(String reason) {
    String message = assertThrows(IllegalArgumentException.class, this::latest).getMessage();
    assertTrue(
        message.startsWith(
            "resume: %s was written by another version of Fluxion (%s".formatted(file(20), reason)),
        message);
    assertFalse(message.contains("\n") || message.contains("lenient"), message);
    assertEquals(List.of(), notices, "nothing is said to be damaged");
    assertTrue(Files.exists(file(20)));
  }

  @Test
  void whatIsWholeButCountsOtherwiseIsOfAnotherVersion() throws IOException {
    byte[] whole = Files.readAllBytes(file(20));
    rewriteWhole(m -> m, t -> Parameters.of("other", t.leaves().getFirst()));
    assertOfAnotherVersion("its state does not fit the model: missing in the file (");
    Files.write(file(20), whole);
    rewriteWhole(
        metadata -> {
          metadata.put("metrics", new MetricSums(METRICS + 1).toJson());
          return metadata;
        },
        t -> t);
    assertOfAnotherVersion("expected sums of 2 metrics, got 3)");
    Files.write(file(20), whole);
    for (String key : List.of("metrics", "step", "configuration")) {
      rewriteWhole(
          metadata -> {
            metadata.remove(key);
            return metadata;
          },
          t -> t);
      assertOfAnotherVersion("the metadata lack \"%s\")".formatted(key));
      Files.write(file(20), whole);
    }
    rewriteWhole(
        metadata -> {
          metadata.put("step", "twenty");
          return metadata;
        },
        t -> t);
    assertOfAnotherVersion("step: expected a number, got 'twenty')");
  }
}
