package org.fluxion.meanflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path runs;

  private static String messageOf(org.junit.jupiter.api.function.Executable act) {
    return assertThrows(IOException.class, act).getMessage();
  }

  @Test
  void aFolderIsMadeOnce() throws IOException {
    Path path = runs.resolve("new/run");
    try (RunFolder made = RunFolder.create(path)) {
      assertTrue(Files.isDirectory(made.path()));
    }
    String message = messageOf(() -> RunFolder.create(path));
    assertTrue(
        message.contains(path + " exists already")
            && message.contains("--name")
            && message.contains("--resume"),
        message);
    // Whatever is there is not written over.
    Files.writeString(runs.resolve("file"), "text");
    assertTrue(messageOf(() -> RunFolder.create(runs.resolve("file"))).contains("exists already"));
  }

  @Test
  void onlyOneTrainerHasIt() throws IOException {
    Path path = runs.resolve("run");
    TrainingConfiguration configuration = TinyRun.flow(runs, 10);
    try (RunFolder made = RunFolder.create(path)) {
      made.writeConfiguration(configuration);
      String message = messageOf(() -> RunFolder.open(path));
      assertTrue(message.contains("in use by another trainer"), message);
    }
    try (RunFolder opened = RunFolder.open(path)) {
      assertEquals(configuration, opened.readConfiguration());
    }
  }

  @Test
  void whatIsNoRunCannotBeResumed() throws IOException {
    assertTrue(messageOf(() -> RunFolder.open(runs.resolve("none"))).contains("there is no run"));
    Files.createDirectory(runs.resolve("other"));
    assertTrue(messageOf(() -> RunFolder.open(runs.resolve("other"))).contains("no run's folder"));
  }

  @Test
  void whatWasHalfWrittenIsRemovedAndNothingElse() throws IOException {
    Path path = runs.resolve("run");
    List<String> kept =
        List.of(
            "checkpoints/step-00000005.safetensors",
            ".mine.tmp",
            "flow.safetensors",
            "samples/real.png",
            "report.html");
    List<String> unfinished =
        List.of(
            "checkpoints/.step-00000008.safetensors.1f3a.tmp",
            ".flow.safetensors.ffeeddccbbaa9988.tmp",
            ".configuration.json.tmp",
            ".metrics.jsonl.1.tmp",
            ".demo.json.2.tmp",
            ".summary.json.9e107d9d372bb682.tmp",
            ".report.html.9e107d9d372bb682.tmp",
            ".trace.json.9e107d9d372bb682.tmp",
            "samples/.converted-4.png.9e107d9d372bb682.tmp",
            "samples/.real.png.9e107d9d372bb682.tmp");
    try (RunFolder made = RunFolder.create(path)) {
      made.writeConfiguration(TinyRun.flow(runs, 10));
      Files.createDirectory(made.checkpoints());
      Files.createDirectory(made.samples());
      for (String name : kept) {
        Files.writeString(path.resolve(name), "something");
      }
      for (String name : unfinished) {
        Files.writeString(path.resolve(name), "something");
      }
      // Another process may be writing them.
      messageOf(() -> RunFolder.open(path));
      assertTrue(unfinished.stream().allMatch(name -> Files.exists(path.resolve(name))));
    }
    RunFolder.open(path).close();
    assertTrue(unfinished.stream().noneMatch(name -> Files.exists(path.resolve(name))));
    assertTrue(kept.stream().allMatch(name -> Files.exists(path.resolve(name))));
    assertTrue(Files.exists(path.resolve("configuration.json")));
  }

  @Test
  void aPlaceThatCannotBeWrittenIsOneClearLine() throws IOException {
    Path file = Files.writeString(runs.resolve("file"), "text");
    for (Path path : new Path[] {file.resolve("run"), Path.of("/proc/none/run")}) {
      String message = messageOf(() -> RunFolder.create(path));
      assertTrue(message.startsWith("cannot write the run folder " + path + ": "), message);
      assertFalse(message.contains("\n"), message);
    }
  }

  @Test
  void onlyAFolderOfWhichNothingCameIsDiscarded() throws IOException {
    Path path = runs.resolve("run");
    for (String kept : new String[] {"metrics.jsonl", "checkpoints/step", "picture.png"}) {
      try (RunFolder made = RunFolder.create(path)) {
        made.writeConfiguration(TinyRun.flow(runs, 10));
        Files.createDirectory(made.checkpoints());
        Files.writeString(path.resolve(kept), "something");
        made.discardIfEmpty();
        assertTrue(Files.exists(path.resolve("configuration.json")), kept);
        Files.delete(path.resolve(kept));
        made.discardIfEmpty();
        assertFalse(Files.exists(path), kept);
      }
    }
  }
}
