package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** Generated loops have the bits of the block interpreter, and so has every vector width. */
class GeneratedLoopsTest {
  private static final int OPERATIONS = 40;

  @Property(tries = 150)
  void generatedLoopsHaveTheBitsOfTheInterpreter(@ForAll long seed) {
    Graph graph = RandomGraphs.of(seed, OPERATIONS, DType.FLOAT32);
    Plan plan = plan(graph);
    List<HostData> inputs = inputs(graph, seed);
    List<HostData> expected = run(plan, inputs, LoopClasses.Mode.INTERPRETED, new int[2]);
    List<HostData> actual = run(plan, inputs, LoopClasses.Mode.GENERATED, new int[2]);
    for (int output = 0; output < expected.size(); output++) {
      for (long i = 0; i < expected.get(output).elements(); i++) {
        assertEquals(
            bits(expected.get(output), i),
            bits(actual.get(output), i),
            "output %d, element %d: interpreted %s, generated %s; %s"
                .formatted(
                    output,
                    i,
                    expected.get(output).getDouble(i),
                    actual.get(output).getDouble(i),
                    plan.kernels()));
      }
    }
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
    List<String> digests = new ArrayList<>();
    for (int width : new int[] {64, 128, 256, 512}) {
      Process process =
          new ProcessBuilder(
                  System.getProperty("java.home") + "/bin/java",
                  "--add-modules",
                  "jdk.incubator.vector",
                  "--enable-native-access=ALL-UNNAMED",
                  "-Dfluxion.vectorBits=" + width,
                  "-cp",
                  System.getProperty("java.class.path"),
                  GeneratedLoopsTest.class.getName())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      digests.add(new String(process.getInputStream().readAllBytes()).strip());
      assertEquals(0, process.waitFor(), "width " + width);
    }
    assertTrue(digests.get(0).length() > 100, digests.get(0));
    assertEquals(digests.get(0), digests.get(1), "64 and 128 bits");
    assertEquals(digests.get(0), digests.get(2), "64 and 256 bits");
    assertEquals(digests.get(0), digests.get(3), "64 and 512 bits");
  }

  /** Prints a hash of the results of some graphs, one after the other. */
  public static void main(String[] arguments) {
    for (int seed = 0; seed < 40; seed++) {
      Graph graph = RandomGraphs.of(seed, OPERATIONS, DType.FLOAT32);
      int hash = 0;
      for (HostData output :
          run(plan(graph), inputs(graph, seed), LoopClasses.Mode.GENERATED, new int[2])) {
        for (long i = 0; i < output.elements(); i++) {
          hash = 31 * hash + bits(output, i);
        }
      }
      System.out.printf("%d %08x%n", seed, hash);
    }
  }

  /** The bits of an element, all NaN being one. */
  private static int bits(HostData data, long i) {
    return Float.floatToIntBits((float) data.getDouble(i));
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
    List<HostData> outputs = new ArrayList<>();
    try (CpuExecutable run = new CpuExecutable(plan, 2, mode)) {
      for (int i = 0; i < inputs.size(); i++) {
        run.write(i, inputs.get(i));
      }
      run.run();
      for (int o = 0; o < plan.outputs().size(); o++) {
        HostData data =
            HostData.allocate(plan.outputs().get(o).dtype(), plan.outputs().get(o).elements());
        run.read(o, data);
        outputs.add(data);
      }
      int[] loops = run.loops();
      counts[0] += loops[0];
      counts[1] += loops[1];
    }
    return outputs;
  }
}
