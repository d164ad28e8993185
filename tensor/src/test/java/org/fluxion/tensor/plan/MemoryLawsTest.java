package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.fluxion.tensor.conformance.Streams;
import org.junit.jupiter.api.Test;

/**
 * The order of kernels and the memory of what they pass on, against what each is said to be,
 * counted from the beginning: for random kernels whose buffers are parts of each other.
 */
class MemoryLawsTest {
  private static final int SEEDS = 400;

  private static List<RandomKernels> all() {
    return IntStream.range(0, SEEDS).mapToObj(i -> new RandomKernels(i)).toList();
  }

  private static Random random(long seed) {
    return Streams.of(seed, 1);
  }

  // ---- what is said ----

  /** A buffer and those it is a part of, as they were joined. */
  private static List<Buffer> outwards(RandomKernels given, Buffer buffer) {
    for (List<Buffer> whole : given.wholes) {
      if (whole.subList(1, whole.size()).contains(buffer)) {
        List<Buffer> all = new ArrayList<>(List.of(buffer));
        all.addAll(outwards(given, whole.getFirst()));
        return all;
      }
    }
    return List.of(buffer);
  }

  private static Buffer memory(RandomKernels given, Buffer buffer) {
    return outwards(given, buffer).getLast();
  }

  /** Where a buffer begins in the memory that it lies in. */
  private static long place(RandomKernels given, Buffer buffer) {
    for (List<Buffer> whole : given.wholes) {
      int at = whole.indexOf(buffer);
      if (at > 0) {
        long before = whole.subList(1, at).stream().mapToLong(Buffer::elements).sum();
        return before + place(given, whole.getFirst());
      }
    }
    return 0;
  }

  private static Set<Buffer> memories(RandomKernels given, Kernel kernel) {
    Set<Buffer> memories = new LinkedHashSet<>();
    kernel.reads().forEach(b -> memories.add(memory(given, b)));
    kernel.writes().forEach(b -> memories.add(memory(given, b)));
    memories.removeIf(b -> b.kind() != Buffer.Kind.TEMPORARY);
    return memories;
  }

  /** Whether a kernel writes a buffer, or some of it. */
  private static boolean writes(RandomKernels given, Kernel kernel, Buffer buffer) {
    return kernel.writes().stream().anyMatch(b -> outwards(given, b).contains(buffer));
  }

  /** The first kernel that reads what some other has yet to write; −1 if there is none. */
  private static int firstTooEarly(RandomKernels given, List<Kernel> order) {
    for (int i = 0; i < order.size(); i++) {
      for (Buffer read : order.get(i).reads()) {
        boolean outside = read.kind() == Buffer.Kind.INPUT || read.kind() == Buffer.Kind.CONSTANT;
        if (!outside
            && read.elements() > 0
            && order.subList(i, order.size()).stream().anyMatch(k -> writes(given, k, read))) {
          return i;
        }
      }
    }
    return -1;
  }

  // ---- the laws ----

  @Test
  void aPartLiesWhereItWasPut() {
    for (RandomKernels given : all()) {
      Set<Buffer> found = new HashSet<>();
      given.parts.all().forEach(found::add);
      Set<Buffer> expected = new HashSet<>();
      for (List<Buffer> whole : given.wholes) {
        expected.addAll(whole.subList(1, whole.size()));
        for (Buffer each : whole) {
          assertEquals(outwards(given, each), given.parts.containing(each));
          assertEquals(memory(given, each), given.parts.whole(each));
          assertEquals(place(given, each), given.parts.offset(each));
        }
      }
      assertEquals(expected, found);
    }
  }

  /** Of those that are ready the one that frees most, less what it takes; of equals the first. */
  @Test
  void theNextKernelIsTheOneThatFreesMost() {
    for (RandomKernels given : all()) {
      List<Kernel> left = new ArrayList<>(given.kernels);
      List<Kernel> expected = new ArrayList<>();
      while (!left.isEmpty()) {
        Kernel best = null;
        long least = 0;
        for (Kernel kernel : left) {
          boolean ready =
              kernel.reads().stream()
                  .allMatch(read -> left.stream().noneMatch(k -> writes(given, k, read)));
          long growth = growth(given, kernel, left, expected);
          if (ready && (best == null || growth < least)) {
            best = kernel;
            least = growth;
          }
        }
        expected.add(best);
        left.remove(best);
      }
      assertEquals(
          names(expected), names(Schedule.of(given.kernels, given.parts)), given::toString);
    }
  }

  private static List<String> names(List<Kernel> kernels) {
    return kernels.stream().map(Kernel::name).toList();
  }

  private static long growth(
      RandomKernels given, Kernel kernel, List<Kernel> left, List<Kernel> done) {
    long growth = 0;
    for (Buffer memory : memories(given, kernel)) {
      if (done.stream().noneMatch(k -> memories(given, k).contains(memory))) {
        growth += memory.bytes();
      }
      if (left.stream().noneMatch(k -> k != kernel && memories(given, k).contains(memory))) {
        growth -= memory.bytes();
      }
    }
    return growth;
  }

  @Test
  void whatDependsOnItselfHasNoOrder() {
    for (RandomKernels given : all()) {
      List<Kernel> kernels = new ArrayList<>(given.kernels);
      // The first reads what the last one writes.
      Kernel first = kernels.getFirst();
      Buffer last = kernels.getLast().writes().get(0);
      List<Kernel.Instruction> body =
          List.of(new Kernel.Load(new Access(last, 0, new long[] {4, 1}, List.of())));
      List<Kernel.Store> stores =
          first.writes().stream().map(b -> new Kernel.Store(0, b, Kernel.Level.ELEMENT)).toList();
      kernels.set(0, new Kernel.LoopKernel("round", List.of(3L, 4L), 0, 0, body, stores));
      boolean circle = reaches(given, kernels, 0, kernels.size() - 1, new HashSet<>());
      String refused = null;
      try {
        Schedule.of(kernels, given.parts);
      } catch (IllegalStateException e) {
        refused = e.getMessage();
      }
      if (circle) {
        assertEquals("the kernels depend on each other", refused, given::toString);
      } else {
        assertNull(refused, given::toString);
      }
    }
  }

  /** Whether one kernel's results are wanted, by whatever way, by another, or by itself. */
  private static boolean reaches(
      RandomKernels given, List<Kernel> kernels, int from, int to, Set<Integer> seen) {
    if (!seen.add(from)) {
      return false;
    }
    for (int i = 0; i < kernels.size(); i++) {
      Kernel reader = kernels.get(i);
      if (reader.reads().stream().anyMatch(b -> writes(given, kernels.get(from), b))
          && (i == to || reaches(given, kernels, i, to, seen))) {
        return true;
      }
    }
    return from == to
        && kernels.get(from).reads().stream().anyMatch(b -> writes(given, kernels.get(from), b));
  }

  @Test
  void aBufferLivesFromItsFirstUseToItsLast() {
    for (RandomKernels given : all()) {
      List<Kernel> order = given.kernels;
      List<Move> moves = List.of();
      if (!given.inputs.isEmpty() && given.outputs.size() > 1) {
        Buffer aside =
            new Buffer(
                999,
                given.inputs.get(0).dtype(),
                given.inputs.get(0).shape(),
                Buffer.Kind.TEMPORARY,
                "aside");
        moves =
            List.of(new Move(given.outputs.get(0), aside), new Move(aside, given.inputs.get(0)));
      }
      Map<Buffer, int[]> uses = new LinkedHashMap<>();
      for (int i = 0; i < order.size(); i++) {
        for (Buffer memory : memories(given, order.get(i))) {
          uses.computeIfAbsent(memory, key -> new int[] {order.size(), 0})[1] = i;
          uses.get(memory)[0] = Math.min(uses.get(memory)[0], i);
        }
      }
      if (!moves.isEmpty()) {
        uses.put(moves.get(0).to(), new int[] {order.size(), order.size()});
      }
      Arena arena = Arena.of(order, moves, given.parts);
      assertEquals(uses.size(), arena.lifetimes().size());
      long[] live = new long[order.size() + 1];
      for (Lifetime lifetime : arena.lifetimes()) {
        int[] use = uses.get(lifetime.buffer());
        assertEquals(List.of(use[0], use[1]), List.of(lifetime.first(), lifetime.last()));
        long size = 0;
        while (size < Math.max(1, lifetime.buffer().bytes())) {
          size += Arena.ALIGNMENT;
        }
        assertEquals(size, lifetime.size());
        for (int i = use[0]; i <= use[1]; i++) {
          live[i] += size;
        }
      }
      long most = Arrays.stream(live).max().orElse(0);
      assertEquals(most, arena.live());
      // Between two runs there is no kernel; one that needs as much comes first.
      int peak = -1;
      long before = 0;
      for (int i = 0; i < order.size(); i++) {
        if (live[i] > before) {
          peak = i;
          before = live[i];
        }
      }
      assertEquals(peak, arena.peak(), given::toString);
      int at = peak;
      assertEquals(
          uses.entrySet().stream()
              .filter(e -> e.getValue()[0] < at && at < e.getValue()[1])
              .map(Map.Entry::getKey)
              .toList(),
          arena.kept());
      checkPlaces(given, uses, arena);
    }
  }

  private static void checkPlaces(RandomKernels given, Map<Buffer, int[]> uses, Arena arena) {
    Set<Buffer> placed = new HashSet<>(uses.keySet());
    for (Buffer part : given.parts.all()) {
      if (uses.containsKey(memory(given, part))) {
        placed.add(part);
        long start = place(given, part) * part.dtype().bytes();
        assertEquals(arena.offsets().get(memory(given, part)) + start, arena.offsets().get(part));
      }
    }
    assertEquals(placed, arena.offsets().keySet());
    assertEquals(-1, clash(uses, arena.offsets(), arena.bytes()));
    assertTrue(arena.bytes() >= arena.live());
    assertEquals(Slabs.of(arena.lifetimes(), 256), arena.slabs(256));
    assertEquals(Slabs.apart(arena.lifetimes()), arena.apart());
    // No more than where the last of them ends.
    assertEquals(
        arena.lifetimes().stream()
            .mapToLong(l -> arena.offsets().get(l.buffer()) + l.size())
            .max()
            .orElse(0),
        arena.bytes());
  }

  /** The first kernel at which two that live lie in each other's place, or one beyond the end. */
  private static int clash(Map<Buffer, int[]> uses, Map<Buffer, Long> offsets, long bytes) {
    int first = Integer.MAX_VALUE;
    for (Buffer one : uses.keySet()) {
      long start = offsets.get(one);
      int[] use = uses.get(one);
      if (one.bytes() == 0) {
        continue;
      }
      if (start + one.bytes() > bytes) {
        first = Math.min(first, use[0]);
      }
      for (Buffer other : uses.keySet()) {
        int[] its = uses.get(other);
        if (other != one
            && other.bytes() > 0
            && Math.max(use[0], its[0]) <= Math.min(use[1], its[1])
            && Math.max(start, offsets.get(other))
                < Math.min(start + one.bytes(), offsets.get(other) + other.bytes())) {
          first = Math.min(first, Math.max(use[0], its[0]));
        }
      }
    }
    return first == Integer.MAX_VALUE ? -1 : first;
  }

  /** A plan is said to hold if and only if it does, and the error names the kernel. */
  @Test
  void anOrderHoldsIfNothingIsReadTooEarly() {
    int broken = 0;
    for (RandomKernels given : all()) {
      List<Kernel> order = new ArrayList<>(given.kernels);
      check(given, order, Arena.of(order, List.of(), given.parts), firstTooEarly(given, order));
      Random random = random(given.seed);
      for (int i = 0; i < 3; i++) {
        Collections.swap(order, random.nextInt(order.size()), random.nextInt(order.size()));
        int first = firstTooEarly(given, order);
        broken += first >= 0 ? 1 : 0;
        check(given, order, Arena.of(order, List.of(), given.parts), first);
      }
    }
    assertTrue(broken > SEEDS / 4);
  }

  private static void check(RandomKernels given, List<Kernel> order, Arena arena, int tooEarly) {
    String refused = refusal(given, order, arena);
    if (tooEarly < 0) {
      assertNull(refused, given::toString);
    } else {
      String kernel = "plan: kernel %d, %s, ".formatted(tooEarly, order.get(tooEarly).name());
      assertTrue(
          refused != null && refused.startsWith(kernel) && refused.endsWith("before it is written"),
          () -> "%s: %s of\n%s".formatted(kernel, refused, given));
    }
  }

  private static String refusal(RandomKernels given, List<Kernel> order, Arena arena) {
    try {
      assertTrue(Verification.holds(order, given.parts, arena));
      return null;
    } catch (IllegalStateException e) {
      return e.getMessage();
    }
  }

  @Test
  void memoryHoldsIfNothingLiesInAnothersPlace() {
    int broken = 0;
    for (RandomKernels given : all()) {
      List<Kernel> order = given.kernels;
      Arena arena = Arena.of(order, List.of(), given.parts);
      Map<Buffer, int[]> uses = new LinkedHashMap<>();
      arena.lifetimes().forEach(l -> uses.put(l.buffer(), new int[] {l.first(), l.last()}));
      List<Buffer> some = uses.keySet().stream().filter(b -> b.bytes() > 0).toList();
      Random random = random(given.seed);
      for (int i = 0; i < 4 && !some.isEmpty(); i++) {
        Map<Buffer, Long> offsets = new HashMap<>(arena.offsets());
        Buffer moved = some.get(random.nextInt(some.size()));
        Buffer other = some.get(random.nextInt(some.size()));
        // Just before another, just behind it, in its last byte, or anywhere.
        long at = offsets.get(other);
        List<Long> places =
            List.of(
                at - moved.bytes(),
                at + other.bytes(),
                at + other.bytes() - 1,
                at - moved.bytes() + 1,
                at,
                (long) random.nextInt((int) arena.bytes() + 1));
        long place = Math.max(0, places.get(random.nextInt(places.size())));
        offsets.put(moved, place);
        if (uses.keySet().stream().anyMatch(b -> b.bytes() == 0)) {
          // What is empty lies anywhere.
          continue;
        }
        int first = clash(uses, offsets, arena.bytes());
        broken += first >= 0 ? 1 : 0;
        Arena changed =
            new Arena(
                offsets,
                arena.bytes(),
                arena.live(),
                arena.peak(),
                arena.kept(),
                arena.lifetimes());
        String refused = refusal(given, order, changed);
        if (first < 0) {
          assertNull(refused, given::toString);
        } else {
          String kernel = "plan: kernel %d, %s: ".formatted(first, order.get(first).name());
          assertTrue(
              refused != null && refused.startsWith(kernel) && refused.endsWith("is in use"),
              () -> "%s: %s of\n%s".formatted(kernel, refused, given));
        }
      }
    }
    assertTrue(broken > SEEDS / 4);
  }

  /**
   * An output replaces an input that no kernel reads afterwards, and in order while it is written.
   */
  @Test
  void anOutputReplacesWhatIsNotReadAfterwards() {
    int inPlace = 0;
    int refused = 0;
    for (RandomKernels given : all()) {
      if (given.inputs.isEmpty() || given.outputs.isEmpty()) {
        continue;
      }
      Random random = random(given.seed);
      List<Buffer> outputs = new ArrayList<>(given.outputs);
      if (random.nextInt(4) == 0) {
        outputs.add(random.nextInt(outputs.size() + 1), given.inputs.get(0));
      }
      outputs.add(outputs.get(random.nextInt(outputs.size())));
      int[] donations = new int[outputs.size()];
      Arrays.setAll(donations, i -> random.nextInt(given.inputs.size() + 1) - 1);
      Map<Buffer, Buffer> expected = new LinkedHashMap<>();
      for (int i = 0; i < donations.length; i++) {
        Buffer output = outputs.get(i);
        Buffer input = donations[i] < 0 ? null : given.inputs.get(donations[i]);
        if (input == null
            || output.kind() != Buffer.Kind.OUTPUT
            || expected.containsKey(output)
            || expected.containsValue(input)
            || outputs.contains(input)) {
          continue;
        }
        if (isFree(given.kernels, input, output)) {
          expected.put(output, input);
          inPlace++;
        } else {
          refused++;
        }
      }
      assertEquals(
          expected,
          Donation.of(given.kernels, given.inputs, outputs, donations),
          () -> given + "\n" + outputs + Arrays.toString(donations));
    }
    assertTrue(inPlace > SEEDS / 20 && refused > SEEDS / 20);
  }

  private static boolean isFree(List<Kernel> order, Buffer input, Buffer output) {
    boolean written = false;
    for (Kernel kernel : order) {
      boolean writes = kernel.writes().contains(output);
      if (kernel.reads().contains(input)) {
        if (written || (writes && !readsInOrder(kernel, input, output))) {
          return false;
        }
      }
      written |= writes;
    }
    return true;
  }

  /** Counted out: at each step of its loops it reads the very element that it then writes. */
  private static boolean readsInOrder(Kernel kernel, Buffer input, Buffer output) {
    if (!(kernel instanceof Kernel.LoopKernel loops)) {
      return false;
    }
    for (Kernel.Store store : loops.stores()) {
      boolean loaded =
          loops.body().get(store.value()) instanceof Kernel.Load load
              && load.access().buffer().equals(input);
      if (store.buffer().equals(output) ? store.level() != Kernel.Level.ELEMENT : loaded) {
        return false;
      }
    }
    for (Kernel.Instruction instruction : loops.body()) {
      if (instruction instanceof Kernel.Load load && load.access().buffer().equals(input)) {
        Access access = load.access();
        for (int row = 0; row < 3; row++) {
          for (int column = 0; column < 4; column++) {
            long read = access.offset() + row * access.strides()[0] + column * access.strides()[1];
            if (read != row * 4 + column || !access.bounds().isEmpty()) {
              return false;
            }
          }
        }
      }
    }
    return true;
  }

  /** Each input is what it is to become, though inputs trade places; nothing is copied in vain. */
  @Test
  void movesLoseNoValue() {
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = random(seed);
      List<Buffer> inputs = new ArrayList<>();
      List<Buffer> outputs = new ArrayList<>();
      int count = 1 + random.nextInt(5);
      for (int i = 0; i < count; i++) {
        inputs.add(buffer(i, Buffer.Kind.INPUT, random.nextInt(6) == 0 ? 0 : 3));
      }
      List<Integer> targets = new ArrayList<>(IntStream.range(0, count).boxed().toList());
      Collections.shuffle(targets, random);
      List<Integer> carries = new ArrayList<>();
      Map<Buffer, Buffer> donated = new HashMap<>();
      for (int i = 0; i < count; i++) {
        Buffer to = inputs.get(targets.get(i));
        int elements = (int) to.elements();
        Buffer output = buffer(10 + i, Buffer.Kind.OUTPUT, elements);
        Buffer from = inputs.get(random.nextInt(count));
        if (random.nextInt(3) > 0 && from.elements() == elements) {
          output = from;
        } else if (random.nextInt(4) == 0) {
          donated.put(output, to);
        }
        outputs.add(output);
        carries.add(random.nextInt(6) == 0 ? -1 : targets.get(i));
      }
      int[] next = {100};
      List<Move> moves = Move.between(inputs, outputs, donated, carries, () -> next[0]++);
      Map<Buffer, String> values = new HashMap<>();
      inputs.forEach(b -> values.put(b, "value of " + b));
      for (Buffer output : outputs) {
        values.put(
            donated.getOrDefault(output, output),
            "value of " + donated.getOrDefault(output, output));
      }
      Map<Buffer, String> wanted = new HashMap<>(values);
      int needed = 0;
      Set<Buffer> overwritten = new HashSet<>();
      Set<Buffer> sources = new TreeSet<>((a, b) -> a.id() - b.id());
      for (int i = 0; i < count; i++) {
        if (carries.get(i) >= 0) {
          Buffer from = donated.getOrDefault(outputs.get(i), outputs.get(i));
          Buffer to = inputs.get(carries.get(i));
          wanted.put(to, values.get(from));
          if (from != to && to.elements() > 0) {
            needed++;
            overwritten.add(to);
            sources.add(from);
          }
        }
      }
      Set<Buffer> written = new HashSet<>();
      for (Move move : moves) {
        values.put(move.to(), values.get(move.from()));
        assertTrue(written.add(move.to()), "written twice");
        assertEquals(move.from().elements(), move.to().elements());
      }
      String what = "seed " + seed + ": " + moves;
      inputs.stream()
          .filter(b -> b.elements() > 0)
          .forEach(b -> assertEquals(wanted.get(b), values.get(b), what));
      sources.retainAll(overwritten);
      assertEquals(needed + sources.size(), moves.size(), what);
      for (Move move : moves) {
        boolean aside = move.to().id() >= 100;
        assertEquals(aside ? Buffer.Kind.TEMPORARY : Buffer.Kind.INPUT, move.to().kind());
      }
    }
  }

  private static Buffer buffer(int id, Buffer.Kind kind, int elements) {
    return new Buffer(
        id,
        org.fluxion.tensor.DType.FLOAT32,
        org.fluxion.tensor.Shape.of(elements),
        kind,
        "b" + id);
  }

  /** Loops are known by where they begin: what divides both kinds is the common refinement. */
  @Test
  void loopsAreRefinedByWhereTheyBegin() {
    int none = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = random(seed);
      long[] axes = random.longs(random.nextInt(4), 1, 5).toArray();
      Loops loops = Loops.of(axes);
      assertTrue(loops.extents().stream().allMatch(e -> e > 1));
      long product = Arrays.stream(axes).reduce(1, (a, b) -> a * b);
      assertEquals(product, loops.elements());
      assertEquals(loops.extents().size(), loops.count());
      for (int i = 0; i < loops.count(); i++) {
        long step =
            loops.extents().subList(i + 1, loops.count()).stream().reduce(1L, (a, b) -> a * b);
        assertEquals(step, loops.steps()[i]);
      }
      TreeSet<Long> cuts = cuts(loops);
      Loops other = Loops.of(shuffled(axes, product, random));
      TreeSet<Long> both = cuts(other);
      both.addAll(cuts);
      boolean divides = true;
      long last = 1;
      for (long cut : both) {
        divides &= cut % last == 0;
        last = cut;
      }
      Loops refined = Loops.refine(loops, other);
      none += divides ? 0 : 1;
      if (divides) {
        assertEquals(both, cuts(refined));
        assertEquals(product, refined.elements());
        assertEquals(both.size(), refined.count());
      } else {
        assertNull(refined);
      }
      for (int i = 0; i < loops.count(); i++) {
        if (loops.extents().get(i) == 4) {
          TreeSet<Long> finer = new TreeSet<>(cuts);
          finer.add(loops.steps()[i] * 2);
          assertEquals(finer, cuts(loops.split(i, 2)));
        }
      }
    }
    assertTrue(none > SEEDS / 50);
  }

  /** Other axes of as many elements. */
  private static long[] shuffled(long[] axes, long product, Random random) {
    if (random.nextBoolean()) {
      List<Long> list = new ArrayList<>(Arrays.stream(axes).boxed().toList());
      Collections.shuffle(list, random);
      return list.stream().mapToLong(i -> i).toArray();
    }
    List<Long> list = new ArrayList<>();
    long left = product;
    while (left > 1) {
      long rest = left;
      long[] divisors =
          IntStream.rangeClosed(2, (int) rest).filter(d -> rest % d == 0).asLongStream().toArray();
      long divisor = divisors[random.nextInt(divisors.length)];
      list.add(divisor);
      left /= divisor;
    }
    return list.stream().mapToLong(i -> i).toArray();
  }

  /** The elements that lie between two beginnings of each loop. */
  private static TreeSet<Long> cuts(Loops loops) {
    TreeSet<Long> cuts = new TreeSet<>();
    long product = 1;
    for (long extent : loops.extents().reversed()) {
      product *= extent;
      cuts.add(product);
    }
    return cuts;
  }
}
