package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.RandomGraphs;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** Generated loops have the bits of the block interpreter, and so has every vector width. */
class GeneratedLoopsTest {
  private static final int OPERATIONS = 40;

  @Property(tries = 150, seed = "3412")
  void generatedLoopsHaveTheBitsOfTheInterpreter(@ForAll long seed) {
    Graph graph = RandomGraphs.of(seed, OPERATIONS, DType.FLOAT32);
    Plan plan = plan(graph);
    List<HostData> inputs = inputs(graph, seed);
    List<HostData> expected = run(plan, inputs, LoopClasses.Mode.INTERPRETED, new int[2]);
    List<HostData> actual = run(plan, inputs, LoopClasses.Mode.GENERATED, new int[2]);
    assertSameBits(expected, actual, () -> "generated loops: " + plan.kernels());
  }

  /** Where loops and sums are split, the parts are the same whoever computes them. */
  @Property(tries = 4, seed = "4056")
  void neitherThreadsNorGeneratedLoopsChangeABit(@ForAll long seed, @ForAll boolean wide) {
    Graph graph = RandomGraphs.large(seed, 25, wide ? DType.FLOAT64 : DType.FLOAT32);
    Plan plan = plan(graph);
    List<HostData> inputs = inputs(graph, seed);
    List<HostData> expected = null;
    for (LoopClasses.Mode mode : LoopClasses.Mode.values()) {
      for (int threads = 1; threads <= 3; threads++) {
        try (CpuExecutable run = new CpuExecutable(plan, threads, mode)) {
          write(run, inputs);
          run.run();
          List<HostData> actual = outputs(run);
          expected = expected == null ? actual : expected;
          String how = "%d threads, %s: %s".formatted(threads, mode, plan.kernels());
          assertSameBits(expected, actual, () -> how);
        }
      }
    }
  }

  @Test
  void loopsOfLargeGraphsAreSplit() {
    int split = 0;
    for (int seed = 0; seed < 8; seed++) {
      Plan plan = plan(RandomGraphs.large(seed, 25, DType.FLOAT32));
      split += plan.kernels().stream().anyMatch(k -> isLongLoop(k)) ? 1 : 0;
    }
    assertTrue(split >= 6, split + " of 8");
  }

  /** Whether a kernel is a loop of at least two tasks. */
  private static boolean isLongLoop(Kernel kernel) {
    return kernel instanceof Kernel.LoopKernel loop && loop.elements() >= 2 * 16_384;
  }

  /** What is written over an input has the bits of what is written beside it, step after step. */
  @Property(tries = 60, seed = "3460")
  void whatIsWrittenOverAnInputHasTheBitsOfWhatIsNot(@ForAll long seed, @ForAll boolean wide) {
    Graph graph = RandomGraphs.step(seed, OPERATIONS, wide ? DType.FLOAT64 : DType.FLOAT32);
    int[] donations = RandomGraphs.donations(graph, seed);
    Plan beside = plan(graph);
    Plan over = Plan.of(graph, donations);
    for (LoopClasses.Mode mode : LoopClasses.Mode.values()) {
      List<HostData> inputs = new ArrayList<>(inputs(graph, seed));
      try (CpuExecutable run = new CpuExecutable(over, 2, mode)) {
        write(run, inputs);
        for (int step = 0; step < 3; step++) {
          List<HostData> expected = run(beside, inputs, mode, new int[2]);
          run.run();
          String how = "step %d, %s: %s".formatted(step, mode, over);
          assertSameBits(expected, outputs(run), () -> how);
          run.carry();
          for (int output = 0; output < donations.length; output++) {
            if (donations[output] >= 0) {
              inputs.set(donations[output], expected.get(output));
            }
          }
        }
      }
    }
  }

  @Test
  void outputsAreWrittenOverInputs() {
    int donated = 0;
    for (int seed = 0; seed < 30; seed++) {
      Graph graph = RandomGraphs.step(seed, OPERATIONS, DType.FLOAT32);
      donated += Plan.of(graph, RandomGraphs.donations(graph, seed)).donated().size();
    }
    assertTrue(donated >= 15, donated + " of 90 inputs");
  }

  @Test
  void mostLoopsOverFloatsAreGenerated() {
    int[] counts = new int[2];
    for (int seed = 0; seed < 30; seed++) {
      Graph graph = RandomGraphs.of(seed, OPERATIONS, DType.FLOAT32);
      run(plan(graph), inputs(graph, seed), LoopClasses.Mode.GENERATED, counts);
    }
    assertTrue(counts[1] * 3 > counts[0] * (Width.VECTORS ? 1 : 0), Arrays.toString(counts));
  }

  @Test
  void everyVectorWidthHasTheSameBits() throws IOException, InterruptedException {
    int[] widths = {64, 128, 256, 512};
    List<Process> processes = new ArrayList<>();
    for (int width : widths) {
      processes.add(
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "--add-modules",
                  "jdk.incubator.vector",
                  "--enable-native-access=ALL-UNNAMED",
                  "-Dfluxion.vectorBits=" + width,
                  "-cp",
                  System.getProperty("java.class.path"),
                  GeneratedLoopsTest.class.getName())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    }
    List<String> digests = new ArrayList<>();
    for (int i = 0; i < widths.length; i++) {
      digests.add(new String(processes.get(i).getInputStream().readAllBytes()).strip());
      assertEquals(0, processes.get(i).waitFor(), "width " + widths[i]);
    }
    assertTrue(digests.get(0).length() > 100, digests.get(0));
    assertEquals(digests.get(0), digests.get(1), "64 and 128 bits");
    assertEquals(digests.get(0), digests.get(2), "64 and 256 bits");
    assertEquals(digests.get(0), digests.get(3), "64 and 512 bits");
  }

  /**
   * Prints a hash of the results of some graphs, one after the other, and of the elementary
   * functions; products and exact operations are held against their definitions.
   */
  public static void main(String[] arguments) {
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      for (int seed = 0; seed < 20; seed++) {
        Graph graph = RandomGraphs.of(seed, OPERATIONS, dtype);
        List<HostData> outputs =
            run(plan(graph), inputs(graph, seed), LoopClasses.Mode.GENERATED, new int[2]);
        System.out.printf("%s %d %016x%n", dtype, seed, hash(outputs));
      }
    }
    System.out.printf("functions %016x%n", hash(BlockFunctionsTest.everyOperation(1)));
    GemmTest.everyElementIsASumOfChains(1);
  }

  private static long hash(List<HostData> all) {
    long hash = 0;
    for (HostData data : all) {
      for (long i = 0; i < data.elements(); i++) {
        hash = 31 * hash + bits(data, i);
      }
    }
    return hash;
  }

  /** The bits of an element, all NaN being one. */
  private static long bits(HostData data, long i) {
    return data.dtype() == DType.FLOAT64
        ? Double.doubleToLongBits(data.getDouble(i))
        : Float.floatToIntBits((float) data.getDouble(i));
  }

  private static void assertSameBits(
      List<HostData> expected, List<HostData> actual, Supplier<String> how) {
    assertEquals(expected.size(), actual.size());
    for (int output = 0; output < expected.size(); output++) {
      for (long i = 0; i < expected.get(output).elements(); i++) {
        if (bits(expected.get(output), i) != bits(actual.get(output), i)) {
          fail(
              "output %d, element %d: expected %s, got %s; %s"
                  .formatted(
                      output,
                      i,
                      expected.get(output).getDouble(i),
                      actual.get(output).getDouble(i),
                      how.get()));
        }
      }
    }
  }

  private static Plan plan(Graph graph) {
    int[] none = new int[graph.outputs().size()];
    Arrays.fill(none, -1);
    return Plan.of(graph, none);
  }

  private static List<HostData> inputs(Graph graph, long seed) {
    Random random = new Random(seed);
    List<HostData> inputs = new ArrayList<>();
    for (Tensor input : graph.inputs()) {
      HostData data = HostData.allocate(input.dtype(), input.shape().elements());
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, random.nextDouble() * 4 - 2);
      }
      inputs.add(data);
    }
    return inputs;
  }

  private static List<HostData> run(
      Plan plan, List<HostData> inputs, LoopClasses.Mode mode, int[] counts) {
    try (CpuExecutable run = new CpuExecutable(plan, 2, mode)) {
      write(run, inputs);
      run.run();
      int[] loops = run.loops();
      counts[0] += loops[0];
      counts[1] += loops[1];
      return outputs(run);
    }
  }

  private static void write(CpuExecutable run, List<HostData> inputs) {
    for (int i = 0; i < inputs.size(); i++) {
      run.write(i, inputs.get(i));
    }
  }

  private static List<HostData> outputs(CpuExecutable run) {
    List<HostData> outputs = new ArrayList<>();
    for (int o = 0; o < run.plan().outputs().size(); o++) {
      Buffer output = run.plan().outputs().get(o);
      HostData data = HostData.allocate(output.dtype(), output.elements());
      run.read(o, data);
      outputs.add(data);
    }
    return outputs;
  }
}
