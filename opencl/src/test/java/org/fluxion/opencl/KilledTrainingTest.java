package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed while it compiles, while it keeps what it has compiled, or in the middle
 * of a kernel leaves nothing that is in the next one's way.
 */
class KilledTrainingTest {
  private static final int STEPS = 20;
  private static final String COMPILING = "compiling";
  private static final String RUNNING = "running";

  /** float32 in two orders of adding up, over so many steps. */
  private static final double RELATIVE = 1e-4;

  /** The one by which a device's compiler is tried is compiled in every process. */
  private static final int TRIAL = 1;

  @TempDir private Path folder;

  /** Learns what columns were multiplied by. Its kernels, of which there are few, take long. */
  static final class Training {
    private static final int ROWS = 4096;
    private static final int COLUMNS = 256;
    private static final double RATE = 0.1 / ROWS;

    private Training() {}

    private static Step<Tensor, Tensor> step(Tensor weights, Tensor inputs) {
      Tensor error = inputs.mul(weights).sub(inputs.mul(2));
      Tensor next = weights.sub(inputs.mul(error).sum(0).mul(RATE));
      return new Step<>(next, error.square().sum());
    }

    static double loss(Device device, int steps) {
      Tensor weights = Tensor.zeros(COLUMNS);
      Tensor inputs = RandomKey.of(1).normal(Shape.of(ROWS, COLUMNS), DType.FLOAT32).detach();
      Program<Tensor, Tensor, Tensor> program =
          Program.compile(Training::step, weights, inputs, device);
      double loss = 0;
      try (program;
          Run<Tensor, Tensor, Tensor> run = program.start(weights)) {
        for (int i = 0; i < steps; i++) {
          loss = run.step(inputs).item();
          if (i == 0) {
            System.out.println(RUNNING);
          }
        }
      }
      return loss;
    }

    /** Takes the number of steps. */
    public static void main(String[] arguments) {
      System.out.println(COMPILING);
      Device device = Device.of("opencl");
      System.out.println(loss(device, Integer.parseInt(arguments[0])));
      OpenClDevice opened = ((OpenClBackend.Opened) device).device();
      System.out.println(opened.context().programs().compiled());
    }
  }

  private Child start(int steps) throws IOException {
    // The driver's own cache is not to be damaged for others, nor to make compiling quick.
    Map<String, String> environment =
        Map.of(
            CacheFolder.VARIABLE,
            "" + folder.resolve("cache"),
            "POCL_CACHE_DIR",
            "" + Files.createDirectories(folder.resolve("driver")));
    return Child.start(Training.class, folder, environment, "" + steps);
  }

  private List<Path> kept() throws IOException {
    Path cache = folder.resolve("cache");
    if (!Files.exists(cache)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cache)) {
      return files.sorted().toList();
    }
  }

  private record Outcome(double loss, int compiled) {}

  private Outcome train() throws IOException, InterruptedException {
    List<String> lines = start(STEPS).end();
    // Java may say something of its own before.
    int running = lines.indexOf(RUNNING);
    assertTrue(running >= 0 && lines.size() == running + 3, lines::toString);
    return new Outcome(
        Double.parseDouble(lines.get(running + 1)), Integer.parseInt(lines.get(running + 2)));
  }

  @Test
  void theNextProcessTrainsAsIfNothingHadHappened() throws Exception {
    ProbeTest.assumeADevice();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Child compiling = start(Integer.MAX_VALUE);
    compiling.await(COMPILING);
    Thread.sleep(random.nextInt(1_000));
    compiling.kill();

    Child keeping = start(Integer.MAX_VALUE);
    while (kept().isEmpty()) {
      keeping.requireAlive();
      Thread.sleep(1);
    }
    Thread.sleep(random.nextInt(20));
    keeping.kill();

    Child running = start(Integer.MAX_VALUE);
    running.await(RUNNING);
    Thread.sleep(random.nextInt(50));
    running.kill();

    // As if all that had been some hours ago; and one of the programs is missing.
    Path left = Files.createFile(folder.resolve("cache").resolve("left.part"));
    for (Path file : kept()) {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    }
    Files.delete(
        kept().stream().filter(file -> file.toString().endsWith(".program")).findAny().get());
    Outcome next = train();
    String when = "seed of the moments: " + seed;
    double expected = Training.loss(Device.cpu(2), STEPS);
    assertEquals(expected, next.loss(), RELATIVE * expected, when);
    assertEquals(TRIAL + 1, next.compiled(), when);
    assertTrue(Files.notExists(left), when);
    for (Path file : kept()) {
      assertTrue(file.toString().endsWith(".program"), () -> file + ", " + when);
    }
    assertEquals(new Outcome(next.loss(), TRIAL), train(), when);
  }
}
