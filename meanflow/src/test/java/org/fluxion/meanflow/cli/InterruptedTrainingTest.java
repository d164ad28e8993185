package org.fluxion.meanflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.fluxion.meanflow.train.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainers that are processes of their own, killed and interrupted. */
class InterruptedTrainingTest {
  private static final int STEPS = 60;
  private static final long PATIENCE_SECONDS = 120;

  @TempDir static Path data;
  @TempDir Path runs;
  private Path config;
  private Path log;

  @BeforeAll
  static void writeData() throws IOException {
    TinyRun.data(data);
  }

  @BeforeEach
  void writeConfiguration() throws IOException {
    config = runs.resolve("tiny.json");
    Files.writeString(config, TinyRun.flow(data, STEPS).toJson());
    log = Files.createFile(runs.resolve("log"));
  }

  private Process start(List<String> virtualMachine, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("train", "--config", config.toString(), "--runs", runs.toString()));
    arguments.addAll(List.of("--name", "run"));
    arguments.addAll(List.of(more));
    return CommandRun.start(log, virtualMachine, arguments.toArray(String[]::new));
  }

  private void awaitExit(Process process, int... codes) throws Exception {
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "ended");
    assertTrue(
        java.util.Arrays.stream(codes).anyMatch(c -> c == process.exitValue()),
        process.exitValue() + ": " + Files.readString(log));
  }

  /** Waits until so many lines of metrics are there. */
  private void awaitMetrics(Process process, int lines) throws Exception {
    Path file = runs.resolve("run/metrics.jsonl");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!Files.exists(file) || Files.readAllLines(file).size() < lines) {
      assertTrue(System.nanoTime() < end, "steps are taken");
      assertTrue(process.isAlive(), () -> "alive, with " + lines + " lines to come");
      Thread.sleep(2);
    }
  }

  private byte[] wholeRun() {
    CommandRun.Outcome whole =
        CommandRun.here(
            "train", "--config", config.toString(), "--runs", runs.toString(), "--name", "whole");
    assertEquals(0, whole.exitCode(), whole.err());
    return model("whole");
  }

  private byte[] model(String run) {
    try {
      return Files.readAllBytes(runs.resolve(run).resolve("flow.safetensors"));
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }

  private List<ObjectNode> metrics(String run) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(runs.resolve(run).resolve("metrics.jsonl"))) {
      ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
      lines.add(node.without(List.of("samplesPerSecond", "seconds")));
    }
    return lines;
  }

  @Test
  void afterAKillAtARandomMomentTheWeightsAreThoseOfAnUninterruptedRun() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Process killed = start(List.of(), "--threads", "2");
    awaitMetrics(killed, 1 + random.nextInt(6));
    Thread.sleep(random.nextInt(30));
    killed.destroyForcibly();
    // 128 + 9, or 0 if it was faster.
    awaitExit(killed, 137, 0);
    assertTrue(!Files.exists(runs.resolve("run/flow.safetensors")) || killed.exitValue() == 0);
    Process resumed = start(List.of("-XX:TieredStopAtLevel=1"), "--resume", "--threads", "1");
    awaitExit(resumed, 0);
    assertArrayEquals(wholeRun(), model("run"), "seed of the moment: " + seed);
    assertEquals(metrics("whole"), metrics("run"));
  }

  /** Work that goes on for a while after it was asked to stop, as a compiler's does. */
  static final class LongWork {
    private LongWork() {}

    public static void main(String[] arguments) throws IOException {
      PrintWriter out = new PrintWriter(System.out, true);
      CountDownLatch asked = new CountDownLatch(1);
      new Interruption(asked::countDown, out)
          .during(
              () -> {
                out.println("begun");
                try {
                  asked.await();
                  Thread.sleep(1500);
                } catch (InterruptedException impossible) {
                  throw new AssertionError(impossible);
                }
                out.println("ended");
              });
    }
  }

  @Test
  void ctrlCIsAnsweredAtOnceAlsoWhereTheWorkGoesOn() throws Exception {
    Process working = CommandRun.start(LongWork.class, log, List.of("-XX:TieredStopAtLevel=1"));
    while (!Files.readString(log).contains("begun")) {
      assertTrue(working.isAlive(), () -> "it begins");
      Thread.sleep(2);
    }
    CommandRun.interrupt(working);
    awaitExit(working, 130, 143);
    List<String> said =
        Files.readAllLines(log).stream().filter(line -> !line.startsWith("WARNING")).toList();
    assertEquals(List.of("begun", Interruption.STOPPING, "ended"), said);
  }

  @Test
  void ctrlCSavesACheckpointAndPrintsTheCommandThatResumes() throws Exception {
    Files.writeString(config, TinyRun.flow(data, 1_000_000).toJson());
    Process interrupted = start(List.of("-XX:TieredStopAtLevel=1"), "--threads", "1");
    awaitMetrics(interrupted, 1);
    CommandRun.interrupt(interrupted);
    // 128 + the signal's number: 2 or 15.
    awaitExit(interrupted, 130, 143);
    String said = Files.readString(log);
    String command = "fluxion train --resume --name run --runs " + runs + " --threads 1";
    assertTrue(said.contains("of 1,000,000 steps; all is saved. Go on with:\n  " + command), said);
    int taken =
        Integer.parseInt(
            said.replaceAll("(?s).*Stopped after ([0-9,]+) of.*", "$1").replace(",", ""));
    assertTrue(
        Files.exists(runs.resolve("run/checkpoints/step-%08d.safetensors".formatted(taken))), said);
    assertNotEquals(0, taken);
    // The command itself, as printed.
    String[] words =
        (command + " --steps " + (taken + 1)).substring("fluxion ".length()).split(" ");
    CommandRun.Outcome resumed = CommandRun.here(words);
    assertEquals(0, resumed.exitCode(), resumed.err());
    assertTrue(resumed.out().contains("Trained %,d steps.".formatted(taken + 1)), resumed.out());
  }
}
