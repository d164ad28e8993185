package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;

/** Launches in pieces compute the bits of launches at once, and none is longer than it may be. */
class WatchdogTest {
  /** So short a time that every launch is cut as often as it can be. */
  private static final Watchdog TINY = new Watchdog(1, 1, 1e-3);

  private static final List<Tensor> INPUTS = new ArrayList<>();

  private static Tensor input(DType dtype, int... extents) {
    Tensor input = Tensor.input("x" + INPUTS.size(), Shape.of(extents), dtype);
    INPUTS.add(input);
    return input;
  }

  private static Plan product(int m, int n, int k, DType dtype) {
    Tensor a = Tensor.input("a", Shape.of(m, k), dtype);
    Tensor b = Tensor.input("b", Shape.of(k, n), dtype);
    return Plan.of(new Graph(List.of(a, b), List.of(a.matmul(b))), new int[] {-1});
  }

  /** From 0 to all work-groups, each in one piece, and no piece longer than is allowed. */
  @Property(seed = "6365")
  void piecesAreAllOfALaunchAndShort(
      @ForAll @IntRange(min = 1, max = 500) int m,
      @ForAll @IntRange(min = 1, max = 500) int n,
      @ForAll boolean doubles,
      @ForAll @LongRange(min = 1, max = 1L << 40) long groups,
      @ForAll @DoubleRange(min = 1000, max = 1e12) double rate,
      @ForAll @IntRange(min = 1, max = 10_000_000) int micros) {
    double seconds = micros / 1e6;
    Kernel kernel = product(m, n, 8, doubles ? DType.FLOAT64 : DType.FLOAT32).kernels().get(0);
    List<Long> pieces = new Watchdog(rate, rate, seconds).pieces(kernel, groups);
    assertEquals(0, pieces.get(0));
    assertEquals(groups, pieces.get(pieces.size() - 1));
    double longest = 0;
    for (int i = 1; i < pieces.size(); i++) {
      long size = pieces.get(i) - pieces.get(i - 1);
      assertTrue(size > 0, pieces::toString);
      longest = Math.max(longest, size);
    }
    int count = pieces.size() - 1;
    double all = (kernel.flops() * (doubles ? 64 : 1) + kernel.bytes()) / rate;
    // Pieces differ by one work-group at most; there are as many as needed, but for the bounds.
    double piece = all / groups * (longest - 1);
    assertTrue(piece <= seconds * (1 + 1e-9) || count == 10_000, piece + " s, " + count);
    assertTrue(count == 1 || all / (count - 1) > seconds * (1 - 1e-9), all + " s, " + count);
  }

  @Example
  void processorsAreNotWatched() {
    Kernel huge = product(1 << 15, 1 << 15, 1 << 15, DType.FLOAT32).kernels().get(0);
    assertEquals(List.of(0L, 100L), Watchdog.NONE.pieces(huge, 100));
    ProbeTest.assumeADevice();
    for (OpenClDevice device : Probe.devices()) {
      int pieces = Watchdog.of(device).pieces(huge, 1 << 20).size() - 1;
      assertEquals(device.kind().equals("cpu"), pieces == 1, device.model() + ": " + pieces);
    }
  }

  /** Loops of every sort, products, attention and every other operation. */
  private static List<Tensor> everything() {
    INPUTS.clear();
    Tensor x = input(DType.FLOAT32, 700, 96);
    Tensor w = input(DType.FLOAT32, 96, 80);
    Tensor batch = input(DType.FLOAT32, 6, 70, 24);
    Tensor indices = input(DType.INT32, 6, 40);
    Tensor long_ = input(DType.FLOAT32, 70, 600);
    Tensor key = input(DType.INT32, 4);
    Tensor images = input(DType.FLOAT32, 80, 2 * 9, 8 * 8);
    Tensor product = x.matmul(w);
    Attention attention = Attention.over(batch, batch.exp(), batch.sin());
    return List.of(
        x.exp().add(1.0),
        product.softmax(-1),
        product.softmax(-1).sum(0),
        x.permute(1, 0).sum(0),
        x.sum(),
        batch.matmul(batch.permute(0, 2, 1)),
        attention.output(),
        Tensor.apply(new Op.Gather(), List.of(batch, indices)),
        Tensor.apply(
            new Op.ScatterAdd(50),
            List.of(Tensor.apply(new Op.Gather(), List.of(batch, indices)), indices)),
        Tensor.apply(new Op.Fold(new Op.Window(3, 3, 1, 1), 8, 8), List.of(images)),
        images.argMax(1),
        batch.argSort(-1),
        long_.argSort(-1),
        new RandomKey(key).bits(Shape.of(40_001)),
        Tensor.concat(1, x, product).sin(),
        Tensor.apply(new Op.Pad(List.of(0, 3), List.of(1, 5), List.of(1, 0)), List.of(x)));
  }

  private static Plan plan() {
    List<Tensor> outputs = everything();
    int[] none = new int[outputs.size()];
    Arrays.fill(none, -1);
    return Plan.of(
        new Graph(INPUTS, outputs), none, PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 64)));
  }

  private static HostData value(Tensor input, int seed) {
    Tensor drawn = RandomKey.of(seed).normal(input.shape(), DType.FLOAT32);
    return (input.dtype() == DType.INT32 ? drawn.mul(20.0).cast(DType.INT32) : drawn).value();
  }

  private static List<byte[]> run(
      Plan plan, Watchdog watchdog, Family family, Map<String, Integer> told) {
    OpenClDevice device = Probe.devices().get(0);
    Limits own = Limits.of(device);
    Limits limits = new Limits(own.memory(), own.allocation(), own.transfer(), watchdog);
    try (Context context = new Context(device, limits);
        Executable run =
            new OpenClExecutable(
                plan,
                context,
                family,
                Optional.of(
                    (r, kernel, part, start, nanos) ->
                        told.merge(plan.kernels().get(kernel).name(), 1, Integer::sum)))) {
      for (int i = 0; i < INPUTS.size(); i++) {
        run.write(i, value(INPUTS.get(i), i));
      }
      run.run();
      List<byte[]> results = new ArrayList<>();
      for (int o = 0; o < plan.outputs().size(); o++) {
        HostData data =
            HostData.allocate(plan.outputs().get(o).dtype(), plan.outputs().get(o).elements());
        run.read(o, data);
        results.add(data.segment().toArray(ValueLayout.JAVA_BYTE));
      }
      return results;
    }
  }

  private static void sameBits(Family family) {
    ProbeTest.assumeADevice();
    Plan plan = plan();
    Map<String, Integer> once = new TreeMap<>();
    Map<String, Integer> often = new TreeMap<>();
    List<byte[]> whole = run(plan, Watchdog.NONE, family, once);
    List<byte[]> pieces = run(plan, TINY, family, often);
    for (int o = 0; o < whole.size(); o++) {
      assertArrayEquals(whole.get(o), pieces.get(o), plan.graph().outputs().get(o).op().label());
    }
    assertEquals(once.keySet(), often.keySet());
    once.forEach((name, count) -> assertTrue(often.get(name) >= count, name));
    for (String name :
        List.of(
            "matmul",
            "reduce_max+sum+mul",
            "attention_output",
            "gather",
            "scatter_add",
            "fold",
            "arg_max",
            "arg_sort",
            "random_bits",
            "concat",
            "pad")) {
      assertTrue(once.containsKey(name), () -> name + " is not in " + once);
      assertTrue(often.get(name) > once.get(name), () -> name + ": " + once + often);
    }
  }

  @Example
  void piecesComputeTheSameBitsOnProcessors() {
    sameBits(Family.processor(2));
  }

  @Example
  void piecesComputeTheSameBitsOnCards() {
    sameBits(Family.card(2));
  }
}
