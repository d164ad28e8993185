package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * A plan, run as its kernels are described, computes its graph, whichever passes run; what it says
 * of itself is so; and no kernel computes, stores or walks over what nobody wants.
 */
class PlanLawsTest {
  private static final int SEEDS = 400;
  private static final Map<DType, Integer> SIZES = Map.of(DType.FLOAT64, 4);
  private static final PlanOptions ALL = PlanOptions.ALL.withAttention(SIZES);

  private static void assertComputes(RandomPrograms program, Plan plan, String what) {
    List<HostData> inputs = program.graph.inputs().stream().map(program.values::get).toList();
    List<HostData> expected =
        ReferenceInterpreter.evaluate(program.graph.outputs(), program.values);
    List<HostData> actual = SlowRun.of(plan, inputs);
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).elements(), actual.get(i).elements(), what);
      for (long j = 0; j < expected.get(i).elements(); j++) {
        double wanted = expected.get(i).getDouble(j);
        // Sums in another order: of fewer than a hundred numbers, some rounds of them.
        double tolerance = 1e-11 * (1 + Math.abs(wanted));
        double got = actual.get(i).getDouble(j);
        assertTrue(
            Double.compare(wanted, got) == 0 || Math.abs(wanted - got) < tolerance,
            what + wanted + ", " + got);
      }
    }
  }

  @Test
  void itComputesItsGraph() {
    Set<Class<?>> met = new HashSet<>();
    Set<Kernel.Level> levels = new HashSet<>();
    for (long seed = 0; seed < SEEDS; seed++) {
      RandomPrograms program = new RandomPrograms(seed);
      PlanOptions options =
          seed % 4 == 0 ? PlanOptions.without(program.random.nextInt(PlanOptions.PASSES)) : ALL;
      Plan plan = Plan.of(program.graph, program.donations, options);
      String what = "seed " + seed + ": ";
      assertComputes(program, plan, what);
      describesItself(program, plan, what);
      for (Kernel kernel : plan.kernels()) {
        met.add(kernel.getClass());
        if (kernel instanceof Kernel.LoopKernel loops) {
          wastesNothing(loops, what);
          loops.body().forEach(instruction -> met.add(instruction.getClass()));
          loops.stores().forEach(store -> levels.add(store.level()));
        }
      }
    }
    assertEquals(10, met.size(), met::toString);
    assertEquals(3, levels.size());
  }

  private static Collection<Buffer> buffers(Plan plan) {
    Set<Buffer> all = new LinkedHashSet<>(plan.inputs());
    all.addAll(plan.outputs());
    all.addAll(plan.constants().keySet());
    plan.kernels().forEach(kernel -> all.addAll(kernel.reads()));
    plan.kernels().forEach(kernel -> all.addAll(kernel.writes()));
    plan.moves().forEach(move -> all.add(move.to()));
    return all;
  }

  private static void describesItself(RandomPrograms program, Plan plan, String what) {
    Graph graph = program.graph;
    assertSame(graph, plan.graph());
    assertEquals(graph.inputs().size(), plan.inputs().size());
    assertEquals(graph.outputs().size(), plan.outputs().size());
    Set<Integer> numbers = new HashSet<>();
    for (Buffer buffer : buffers(plan)) {
      assertTrue(numbers.add(buffer.id()), what);
      Buffer.Kind kind = buffer.kind();
      assertEquals(kind == Buffer.Kind.INPUT, plan.inputs().contains(buffer), what);
      assertEquals(kind == Buffer.Kind.CONSTANT, plan.constants().containsKey(buffer), what);
      assertFalse(kind == Buffer.Kind.OUTPUT && !plan.outputs().contains(buffer), what);
      assertFalse(kind == Buffer.Kind.TEMPORARY && plan.outputs().contains(buffer), what);
      if (kind == Buffer.Kind.CONSTANT) {
        assertEquals("constant" + buffer.id(), buffer.name());
      } else if (kind != Buffer.Kind.INPUT && !buffer.name().endsWith(" aside")) {
        assertTrue(buffer.name().matches("[a-z_]*[a-z]1?p?" + buffer.id()), buffer.name());
      }
    }
    for (int i = 0; i < numbers.size(); i++) {
      assertTrue(numbers.contains(i), what + "no buffer has the number " + i);
    }
    for (int i = 0; i < graph.inputs().size(); i++) {
      Tensor input = graph.inputs().get(i);
      Buffer buffer = plan.inputs().get(i);
      assertEquals(input.shape(), buffer.shape(), what);
      assertEquals(input.dtype(), buffer.dtype(), what);
      String name = input.op() instanceof Op.Input known ? known.name() : "input" + buffer.id();
      assertEquals(name, buffer.name());
    }
    for (int i = 0; i < graph.outputs().size(); i++) {
      assertEquals(graph.outputs().get(i).shape(), plan.outputs().get(i).shape(), what);
      assertEquals(graph.outputs().get(i).dtype(), plan.outputs().get(i).dtype(), what);
    }
    assertEquals(Arrays.stream(program.donations).boxed().toList(), plan.carries());
    for (Kernel kernel : plan.kernels()) {
      for (Buffer written : kernel.writes()) {
        boolean wanted =
            plan.outputs().contains(written)
                || plan.kernels().stream()
                    .flatMap(other -> other.reads().stream())
                    .anyMatch(read -> share(plan, read, written));
        assertTrue(wanted, what + "nobody reads " + written);
      }
    }
    // What can be carried is what is wanted; a copy takes the place of what cannot be in place.
    for (int i = 0; i < program.donations.length; i++) {
      if (program.donations[i] >= 0) {
        Buffer output = plan.outputs().get(i);
        Buffer input = plan.inputs().get(program.donations[i]);
        boolean moved =
            plan.moves().stream().anyMatch(move -> move.to().equals(input)) || output.equals(input);
        boolean inPlace = input.equals(plan.donated().get(output));
        assertTrue(moved || inPlace, what);
      }
    }
  }

  private static boolean share(Plan plan, Buffer a, Buffer b) {
    Long first = plan.arena().offsets().get(a);
    Long second = plan.arena().offsets().get(b);
    return a.equals(b)
        || (first != null
            && second != null
            && first < second + b.bytes()
            && second < first + a.bytes());
  }

  /**
   * Each instruction is another, and is used; rows begin where loops do, and are there for some.
   */
  private static void wastesNothing(Kernel.LoopKernel kernel, String what) {
    assertEquals(kernel.body().size(), new HashSet<>(kernel.body()).size(), what);
    Set<Integer> used = new HashSet<>();
    kernel.stores().forEach(store -> used.add(store.value()));
    boolean rows = false;
    boolean columns = false;
    Set<String> named = new HashSet<>(List.of(kernel.name().split("\\+")));
    for (int i = 0; i < kernel.body().size(); i++) {
      switch (kernel.body().get(i)) {
        case Kernel.Compute compute -> used.addAll(compute.operands());
        case Kernel.RowReduce reduce -> {
          used.add(reduce.operand());
          assertEquals(kernel.body().get(reduce.operand()).dtype(), reduce.dtype());
          assertTrue(named.contains(reduce.maximum() ? "reduce_max" : "sum"), what);
          rows = true;
        }
        case Kernel.ColumnReduce reduce -> {
          used.add(reduce.operand());
          assertEquals(kernel.body().get(reduce.operand()).dtype(), reduce.dtype());
          assertTrue(named.contains(reduce.maximum() ? "reduce_max" : "sum"), what);
          columns = true;
        }
        default -> {
          // It has no operands.
        }
      }
    }
    assertEquals(kernel.body().size(), used.size(), what);
    assertFalse(kernel.stores().isEmpty(), what);
    assertEquals(
        kernel.stores().size(),
        kernel.stores().stream().map(Kernel.Store::buffer).distinct().count(),
        what);
    for (Kernel.Store store : kernel.stores()) {
      assertEquals(kernel.body().get(store.value()).dtype(), store.buffer().dtype(), what);
      // A buffer is called as what it holds, unless it holds what others fill.
      String label = store.buffer().name().replace("" + store.buffer().id(), "");
      boolean moved = List.of("reshape", "permute", "concat").contains(label);
      assertTrue(moved || named.contains(label), what);
    }
    assertTrue(kernel.row() > 1 ? rows || columns : kernel.row() == 1, what);
    assertEquals(columns, kernel.folded() > 1, what);
    Loops loops = new Loops(kernel.loops());
    List<Long> begins = new ArrayList<>(List.of(loops.elements()));
    for (long step : loops.steps()) {
      begins.add(step);
    }
    assertTrue(begins.contains(kernel.row()), what);
    assertTrue(begins.contains(kernel.row() * kernel.folded()), what);
    assertTrue(kernel.loops().stream().allMatch(extent -> extent > 1), what);
  }

  // ---- passes ----

  private static long computes(Plan plan, Class<?> instruction) {
    return plan.kernels().stream()
        .filter(Kernel.LoopKernel.class::isInstance)
        .flatMap(kernel -> ((Kernel.LoopKernel) kernel).body().stream())
        .filter(instruction::isInstance)
        .count();
  }

  private static Plan plan(PlanOptions options, Tensor output) {
    List<Tensor> inputs =
        Graph.topological(List.of(output), Set.of()).stream()
            .filter(node -> node.op() instanceof Op.Input)
            .toList();
    return Plan.of(new Graph(inputs, List.of(output)), new int[] {-1}, options);
  }

  /** A pass that is left out does nothing, and the others do what they do. */
  @Test
  void passesAreLeftOutOneByOne() {
    Tensor x = Tensor.input("x", Shape.of(16, 3, 4), DType.FLOAT64);
    Tensor b = Tensor.input("b", Shape.of(16, 4, 2), DType.FLOAT64);
    for (int pass = 0; pass < PlanOptions.PASSES; pass++) {
      PlanOptions options = PlanOptions.without(pass);
      assertEquals(
          new PlanOptions(pass != 0, pass != 1, pass != 2, pass != 3, pass != 4, Map.of()),
          options);
      assertEquals(
          new PlanOptions(pass != 0, pass != 1, pass != 2, pass != 3, pass != 4, SIZES),
          options.withAttention(SIZES));
      assertEquals(pass == 0 ? 2 : 0, computes(plan(options, x.neg().neg()), Kernel.Compute.class));
      Plan summed = plan(options, x.reshape(2, 24, 4).sum(0, 1));
      assertEquals(
          pass == 1 ? 1 : 2,
          computes(summed, Kernel.RowReduce.class) + computes(summed, Kernel.ColumnReduce.class));
      Tensor joined = x.matmul(b).permute(1, 0, 2).reshape(3, 32);
      assertEquals(pass == 2, plan(options, joined).kernels().size() > 1);
      Graph two = new Graph(List.of(x), List.of(x.exp(), x.log()));
      Plan both = Plan.of(two, new int[] {-1, -1}, options);
      assertEquals(pass == 3 ? 2 : 1, both.kernels().size());
    }
  }

  /** Kernels run in the order that takes least memory, or else in that of the clusters. */
  @Test
  void kernelsAreScheduled() {
    int changed = 0;
    for (long seed = 0; seed < SEEDS / 4; seed++) {
      RandomPrograms program = new RandomPrograms(seed);
      PlanOptions off = new PlanOptions(true, true, false, false, false, SIZES);
      PlanOptions on = new PlanOptions(true, true, false, false, true, SIZES);
      List<Kernel> unordered = Plan.of(program.graph, program.donations, off).kernels();
      List<Kernel> expected = Schedule.of(unordered, new Parts());
      List<Kernel> ordered = Plan.of(program.graph, program.donations, on).kernels();
      changed += unordered.equals(expected) ? 0 : 1;
      assertEquals(
          expected.stream().map(Kernel::writes).toList(),
          ordered.stream().map(Kernel::writes).toList());
    }
    assertTrue(changed > SEEDS / 100, "changed: " + changed);
  }

  /** What the passes leave is legal. */
  @Test
  void splitSumsLeavesWhatIsLegal() {
    for (long seed = 0; seed < SEEDS / 4; seed++) {
      Simplify.verify(SplitSums.run(Simplify.run(new RandomPrograms(seed).graph)));
    }
  }

  @Test
  void otherKernelsHaveTheSameMemory() {
    RandomPrograms program = new RandomPrograms(5);
    Plan plan = Plan.of(program.graph, program.donations, ALL);
    Plan none = plan.withKernels(List.of());
    assertNotEquals(plan.kernels(), none.kernels());
    assertEquals(plan, none.withKernels(plan.kernels()));
    assertEquals(plan.arena(), none.arena());
    Plan all = Plan.of(program.graph, program.donations, PlanOptions.ALL);
    assertEquals(
        all.kernels().toString(), Plan.of(program.graph, program.donations).kernels().toString());
  }

  // ---- notes ----

  /** Scores are noted that an attention kernel over the same queries and keys goes without. */
  @Test
  void scoresAreNoted() {
    int noted = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = RandomMoves.random(seed);
      List<Tensor> given = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        given.add(Tensor.input("x" + i, Shape.of(2, 3, 3), DType.FLOAT64));
      }
      int size = random.nextInt(5) == 0 ? 5 : 3;
      List<Tensor> tensors = new ArrayList<>(given);
      for (int i = 0; i < 3 && size > 4; i++) {
        tensors.set(i, Tensor.input("y" + i, Shape.of(2, 3, size), DType.FLOAT64));
      }
      Set<String> expected = new LinkedHashSet<>();
      List<Tensor> outputs = new ArrayList<>();
      Tensor queries = tensors.get(random.nextInt(3));
      Tensor keys = tensors.get(random.nextInt(3));
      boolean fused = random.nextInt(4) > 0;
      if (fused) {
        outputs.add(Attention.over(queries, keys, tensors.get(random.nextInt(3))).output());
      }
      boolean tooLarge = size > 4;
      if (fused && tooLarge) {
        expected.add(
            "attention of head size 5 in float64 is computed by its definition: the device's"
                + " kernels take up to 4");
      }
      for (int i = random.nextInt(3); i > 0; i--) {
        Tensor left = tensors.get(random.nextInt(3));
        Tensor right = tensors.get(random.nextInt(3));
        boolean turned = random.nextInt(3) > 0;
        if (!turned && tooLarge) {
          continue;
        }
        outputs.add(left.matmul(turned ? right.transpose() : right).tanh());
        if (fused && turned && !tooLarge && left == queries && right == keys) {
          expected.add(
              "a derivative of attention beyond first order is computed by its definition, with"
                  + " scores of float64 [2, 3, 3] in memory");
        }
      }
      noted += expected.isEmpty() ? 0 : 1;
      int[] donations = new int[outputs.size()];
      Arrays.fill(donations, -1);
      List<Tensor> inputs = Stream.concat(given.stream(), tensors.stream()).distinct().toList();
      Plan plan = Plan.of(new Graph(inputs, outputs), donations, ALL);
      assertEquals(List.copyOf(expected), plan.notes(), "seed " + seed);
    }
    assertTrue(noted > SEEDS / 10 && noted < SEEDS / 2, "noted: " + noted);
  }
}
