package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The listing of a plan, read back line by line: every number in it is the plan's, rounded. */
class ExplanationLawsTest {
  private static final int SEEDS = 250;
  private static final String NUMBER = "(\\d+\\.\\d+)";

  /** A plan of kernels that nobody runs, over buffers of some megabytes. */
  private static Plan plan(Random random) {
    List<Buffer> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Buffer.Kind kind =
          i < 2
              ? Buffer.Kind.INPUT
              : i < 4 ? Buffer.Kind.OUTPUT : i < 6 ? Buffer.Kind.CONSTANT : Buffer.Kind.TEMPORARY;
      DType dtype = random.nextBoolean() ? DType.FLOAT32 : DType.FLOAT64;
      int rows = List.of(1, 700, 1234).get(random.nextInt(3));
      int columns = random.nextInt(3) == 0 ? 500 : 1 + random.nextInt(2000);
      String name = random.nextInt(3) == 0 ? "a" : "b2c";
      all.add(new Buffer(i, dtype, Shape.of(rows, columns), kind, name + i));
    }
    List<Kernel> kernels = new ArrayList<>();
    for (int i = random.nextInt(7); i >= 0; i--) {
      kernels.add(kernel(all, random));
    }
    List<Buffer> outputs = new ArrayList<>(all.subList(2, 4));
    outputs.add(all.get(random.nextInt(6)));
    Map<Buffer, Buffer> donated = new HashMap<>();
    if (random.nextBoolean()) {
      donated.put(all.get(2), all.get(0));
    }
    Map<Buffer, HostData> constants = new HashMap<>();
    all.subList(4, 4 + random.nextInt(3))
        .forEach(buffer -> constants.put(buffer, HostData.allocate(buffer.dtype(), 1)));
    return new Plan(
        new Graph(List.of(), List.of()),
        kernels,
        all.subList(0, 2),
        outputs,
        constants,
        Arena.of(kernels, List.of(), new Parts()),
        donated,
        List.of(-1, -1, -1),
        List.of(),
        List.of());
  }

  private static Kernel kernel(List<Buffer> all, Random random) {
    Buffer read = all.get(random.nextInt(all.size()));
    Buffer written = all.get(6 + random.nextInt(6));
    Access access = new Access(read, 0, new long[] {1, 1, 1}, List.of());
    Access result = new Access(written, 0, new long[] {1, 1, 1}, List.of());
    int size = 1 + random.nextInt(999);
    List<Long> batch = List.of(1L + random.nextInt(3));
    return switch (random.nextInt(4)) {
      case 0 -> new Kernel.MatmulKernel("matmul", batch, size, 700, 300, access, access, result);
      case 1 ->
          new Kernel.AttentionKernel(
              List.of(new Op.AttentionLogSumExp(1, false)),
              batch,
              size,
              200,
              30,
              0,
              Map.of(Kernel.Role.QUERIES, access, Kernel.Role.KEYS, access),
              List.of(result));
      case 2 ->
          new Kernel.OperationKernel(
              new Op.Gather(), List.of(read), List.of(read.shape()), written, written.shape());
      default -> {
        String name = "e".repeat(1 + random.nextInt(60));
        List<Kernel.Instruction> body =
            List.of(
                new Kernel.Load(new Access(read, 0, new long[] {1, 1}, List.of())),
                new Kernel.Compute(new Op.Neg(), List.of(0), read.dtype()));
        yield new Kernel.LoopKernel(
            name,
            List.of((long) size, 777L),
            1,
            1,
            body,
            List.of(new Kernel.Store(1, written, Kernel.Level.ELEMENT)));
      }
    };
  }

  /** What has measured a plan, or has only counted. */
  private record Measured(Plan plan, Optional<long[]> nanos, long runs, List<String> variants)
      implements Executable {
    @Override
    public String variant(int kernel) {
      return variants.get(kernel);
    }

    @Override
    public long bytes() {
      throw new AssertionError();
    }

    @Override
    public void write(int input, HostData data) {
      throw new AssertionError();
    }

    @Override
    public void run() {
      throw new AssertionError();
    }

    @Override
    public void read(int output, HostData data) {
      throw new AssertionError();
    }

    @Override
    public void readInput(int input, HostData data) {
      throw new AssertionError();
    }

    @Override
    public void carry() {
      throw new AssertionError();
    }

    @Override
    public void close() {
      throw new AssertionError();
    }
  }

  private static Measured measured(Plan plan, Random random) {
    int kernels = plan.kernels().size();
    long[] nanos = random.longs(kernels, 0, random.nextBoolean() ? 3 : 90_000_000).toArray();
    List<String> variants =
        IntStream.range(0, kernels)
            .mapToObj(kernel -> random.nextBoolean() ? "" : "tile of " + kernel)
            .toList();
    Optional<long[]> clock = random.nextInt(3) == 0 ? Optional.empty() : Optional.of(nanos);
    return new Measured(plan, clock, random.nextInt(4), variants);
  }

  private static Matcher match(String expression, String line) {
    Matcher matcher = Pattern.compile(expression).matcher(line);
    assertTrue(matcher.matches(), () -> "'" + line + "' is not " + expression);
    return matcher;
  }

  /** A number as it was printed, which has so many decimals, is the number to half of its last. */
  private static void assertRounded(double exact, String printed, int decimals) {
    assertEquals(decimals, printed.length() - printed.indexOf('.') - 1, printed);
    double half = 0.5 * Math.pow(10, -decimals);
    double tolerance = half + 1e-12 * Math.abs(exact);
    assertEquals(exact, Double.parseDouble(printed), tolerance);
  }

  private static long bytes(Iterable<Buffer> buffers) {
    long bytes = 0;
    for (Buffer buffer : buffers) {
      bytes += buffer.bytes();
    }
    return bytes;
  }

  /** Inputs, outputs that have memory of their own, constants, and the arena. */
  private static long planned(Plan plan) {
    Set<Buffer> own = new HashSet<>(plan.inputs());
    own.addAll(plan.outputs());
    own.addAll(plan.constants().keySet());
    own.removeAll(plan.donated().keySet());
    return bytes(own) + plan.arena().bytes();
  }

  /** What a plan knows of, the largest first, in the order in which it knows them. */
  private static String largest(Plan plan) {
    Set<Buffer> all = new LinkedHashSet<>(plan.inputs());
    all.addAll(plan.outputs());
    all.addAll(plan.constants().keySet());
    plan.kernels().forEach(kernel -> all.addAll(kernel.writes()));
    List<String> descriptions = new ArrayList<>();
    while (descriptions.size() < 5 && !all.isEmpty()) {
      long most = all.stream().mapToLong(Buffer::bytes).max().orElseThrow();
      Buffer largest = all.stream().filter(b -> b.bytes() == most).findFirst().orElseThrow();
      descriptions.add(largest.describe());
      all.remove(largest);
    }
    return String.join(", ", descriptions);
  }

  /** What is kept, as many lines as there are kinds of it, and each less than the one before. */
  private static void assertKept(Plan plan, List<String> lines) {
    List<Buffer> kept = plan.arena().kept();
    assertEquals(bytes(kept), Explanation.keptBytes(plan));
    if (kept.isEmpty()) {
      assertTrue(lines.isEmpty(), lines::toString);
      return;
    }
    Matcher head =
        match(
            "kept through the peak, kernel (\\d+): " + NUMBER + " MB in (\\d+) buffers",
            lines.get(0));
    assertEquals(plan.arena().peak(), Integer.parseInt(head.group(1)));
    assertRounded(bytes(kept) / 1e6, head.group(2), 1);
    assertEquals(kept.size(), Integer.parseInt(head.group(3)));
    Map<String, List<Buffer>> kinds = new HashMap<>();
    for (Buffer buffer : kept) {
      String name = buffer.name();
      while (Character.isDigit(name.charAt(name.length() - 1))) {
        name = name.substring(0, name.length() - 1);
      }
      String kind = name + " " + buffer.dtype() + " × " + buffer.elements();
      kinds.computeIfAbsent(kind, key -> new ArrayList<>()).add(buffer);
    }
    assertEquals(kinds.size(), lines.size() - 1);
    long last = Long.MAX_VALUE;
    String lastKind = "";
    for (String line : lines.subList(1, lines.size())) {
      Matcher group = match(" *" + NUMBER + " MB +(\\d+) of (.*)", line);
      List<Buffer> buffers = kinds.remove(group.group(3));
      assertEquals(buffers.size(), Integer.parseInt(group.group(2)));
      assertRounded(bytes(buffers) / 1e6, group.group(1), 3);
      long now = bytes(buffers);
      assertTrue(
          now < last || (now == last && lastKind.compareTo(group.group(3)) < 0), lines::toString);
      last = now;
      lastKind = group.group(3);
    }
  }

  @Test
  void everyNumberIsThePlans() {
    int kept = 0;
    int timed = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = RandomMoves.random(seed);
      Plan plan = plan(random);
      Measured measured = random.nextInt(3) == 0 ? null : measured(plan, random);
      // What has not run has taken no time.
      boolean times = measured != null && measured.runs() > 0 && measured.nanos().isPresent();
      String text = Explanation.of(plan, measured);
      assertTrue(text.endsWith("\n"));
      List<String> lines = new ArrayList<>(text.lines().toList());
      String columns = times ? " +µs +GB/s +GFLOP/s" : "";
      match(" +# +kernel +MB moved +MFLOP" + columns, lines.removeFirst());
      long bytes = 0;
      long flops = 0;
      long time = 0;
      Set<String> structures = new HashSet<>();
      double runs = measured == null ? 1 : measured.runs();
      for (int i = 0; i < plan.kernels().size(); i++) {
        Kernel kernel = plan.kernels().get(i);
        bytes += kernel.bytes();
        flops += kernel.flops();
        structures.add(kernel.structure());
        String rates = times ? (" +" + NUMBER).repeat(3) : "()()()";
        Matcher line =
            match(
                " *(\\d+)  (.{44}) +" + NUMBER + " +" + NUMBER + rates + "(|  \\S.*)",
                lines.removeFirst());
        assertEquals(i, Integer.parseInt(line.group(1)));
        assertEquals(Explanation.describe(kernel), line.group(2).strip());
        assertRounded(kernel.bytes() / 1e6, line.group(3), 3);
        assertRounded(kernel.flops() / 1e6, line.group(4), 3);
        if (times) {
          time += measured.nanos().get()[i];
          // No clock tells less than a nanosecond.
          double nanos = Math.max(1, measured.nanos().get()[i] / runs);
          assertRounded(nanos / 1000, line.group(5), 1);
          assertRounded(kernel.bytes() / nanos, line.group(6), 2);
          assertRounded(kernel.flops() / nanos, line.group(7), 2);
        }
        assertEquals(measured == null ? "" : measured.variant(i), line.group(8).strip());
      }
      Matcher total =
          match(
              "(\\d+) kernels, (\\d+) distinct; "
                  + NUMBER
                  + " MB moved, "
                  + NUMBER
                  + " GFLOP; planned memory "
                  + NUMBER
                  + " MB, of it arena "
                  + NUMBER
                  + " MB \\(live at most "
                  + NUMBER
                  + " MB\\)",
              lines.removeFirst());
      assertEquals(plan.kernels().size(), Integer.parseInt(total.group(1)));
      assertEquals(structures.size(), Integer.parseInt(total.group(2)));
      assertRounded(bytes / 1e6, total.group(3), 1);
      assertRounded(flops / 1e9, total.group(4), 3);
      assertEquals(planned(plan), Explanation.plannedBytes(plan));
      assertRounded(planned(plan) / 1e6, total.group(5), 1);
      assertRounded(plan.arena().bytes() / 1e6, total.group(6), 1);
      assertRounded(plan.arena().live() / 1e6, total.group(7), 1);
      assertEquals(largest(plan), Explanation.largest(plan));
      assertEquals("largest: " + largest(plan), lines.removeFirst());
      if (times) {
        Matcher whole = match(NUMBER + " ms a run", lines.removeFirst());
        assertRounded(time / runs / 1e6, whole.group(1), 3);
      }
      kept += plan.arena().kept().size() > 1 ? 1 : 0;
      timed += times ? 1 : 0;
      assertKept(plan, lines);
    }
    assertTrue(kept > SEEDS / 20 && timed > SEEDS / 5, kept + ", " + timed);
  }

  /** Its kind and its sizes, cut off with a sign where it would not fit its column. */
  @Test
  void kernelsAreDescribedInTheirColumn() {
    int cut = 0;
    int whole = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = RandomMoves.random(seed);
      for (Kernel kernel : plan(random).kernels()) {
        String full =
            switch (kernel) {
              case Kernel.MatmulKernel m -> {
                String sizes = m.m() + "×" + m.k() + "×" + m.n();
                long batch = m.batch().get(0);
                yield batch > 1 ? "matmul " + batch + " × " + sizes : "matmul " + sizes;
              }
              case Kernel.AttentionKernel a ->
                  "%s %d × %d×%d×%d"
                      .formatted(a.name(), a.batch().get(0), a.queries(), a.headSize(), a.keys());
              case Kernel.LoopKernel l -> l.name() + " " + l.loops();
              case Kernel.OperationKernel o -> o.name() + " " + o.shape();
            };
        String description = Explanation.describe(kernel);
        whole += full.length() == 44 ? 1 : 0;
        if (full.length() <= 44) {
          assertEquals(full, description);
        } else {
          cut++;
          assertEquals(44, description.length());
          assertTrue(description.endsWith("…") && full.startsWith(description.substring(0, 43)));
        }
      }
    }
    assertTrue(cut > 10 && whole > 1, cut + ", " + whole);
  }

  @Test
  void notesAreLines() {
    assertEquals("", Explanation.notes(List.of()));
    assertEquals("note: one\nnote: two\n", Explanation.notes(List.of("one", "two")));
  }
}
