package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Which tensors are stored, in which order each is computed, and how it reads the others: against
 * what is said of it, stated a second time and slowly, element by element.
 */
class StoredValuesLawsTest {
  // ---- what is read, element by element ----

  /** Which element of its operand an element of a view is; −1 for one that padding put there. */
  private static long source(Tensor view, long element) {
    Shape shape = view.shape();
    Shape from = view.inputs().get(0).shape();
    long[] at = at(shape, element);
    return switch (view.op()) {
      case Op.Reshape o -> element;
      case Op.Permute o -> {
        long[] there = new long[at.length];
        for (int axis = 0; axis < at.length; axis++) {
          there[o.axes().get(axis)] = at[axis];
        }
        yield element(from, there);
      }
      case Op.Broadcast o ->
          element(from, map(at, axis -> from.extent((int) axis) == 1 ? 0 : at[(int) axis]));
      case Op.Slice o ->
          element(
              from, map(at, a -> o.start().get((int) a) + at[(int) a] * o.stride().get((int) a)));
      case Op.Flip o ->
          element(
              from,
              map(
                  at,
                  a ->
                      o.axes().contains((int) a)
                          ? from.extent((int) a) - 1 - at[(int) a]
                          : at[(int) a]));
      case Op.Pad o -> element(from, map(at, a -> at[(int) a] - o.low().get((int) a)));
      case Op.Unfold o -> {
        Op.Window w = o.window();
        int across = (from.extent(3) + 2 * w.padding() - w.kernelWidth()) / w.stride() + 1;
        long column = at[1] % w.kernelWidth();
        long row = at[1] / w.kernelWidth() % w.kernelHeight();
        long channel = at[1] / w.kernelWidth() / w.kernelHeight();
        yield element(
            from,
            new long[] {
              at[0],
              channel,
              at[2] / across * w.stride() + row - w.padding(),
              at[2] % across * w.stride() + column - w.padding()
            });
      }
      default -> throw new AssertionError(view);
    };
  }

  private static long[] map(long[] at, LongFunction<Long> index) {
    return LongStream.range(0, at.length).map(index::apply).toArray();
  }

  private static long[] at(Shape shape, long element) {
    long[] at = new long[shape.rank()];
    long rest = element;
    for (int axis = at.length - 1; axis >= 0; axis--) {
      at[axis] = rest % shape.extent(axis);
      rest /= shape.extent(axis);
    }
    return at;
  }

  private static long element(Shape shape, long[] at) {
    long element = 0;
    for (int axis = 0; axis < at.length; axis++) {
      if (at[axis] < 0 || at[axis] >= shape.extent(axis)) {
        return -1;
      }
      element = element * shape.extent(axis) + at[axis];
    }
    return element;
  }

  /**
   * All that a root reads, and how often each element follows itself; −1 if they come in another
   * order, or under a condition.
   */
  private static final class Reading {
    final Map<Tensor, Set<Long>> repeats = new LinkedHashMap<>();
    private final StoredValues said;
    private final Tensor root;
    private final Set<List<Object>> seen = new HashSet<>();

    Reading(StoredValues said, Tensor root) {
      this.said = said;
      this.root = root;
      StoredValues.Order order = new StoredValues.Order(root);
      read(order.walked, order.elements(), false);
    }

    private void read(Tensor node, long[] elements, boolean conditional) {
      if (!seen.add(List.of(node, Arrays.toString(elements), conditional))) {
        return;
      }
      if (node != root && said.stored.contains(node)) {
        long times = conditional ? -1 : times(elements, node.shape().elements());
        repeats.computeIfAbsent(node, key -> new HashSet<>()).add(times);
      } else if (StoredValues.isView(node.op())) {
        long[] there = Arrays.stream(elements).map(e -> e < 0 ? -1 : source(node, e)).toArray();
        boolean padded =
            switch (node.op()) {
              case Op.Pad o -> !o.low().equals(o.interior()) || !o.high().equals(o.interior());
              case Op.Unfold o -> o.window().padding() > 0;
              default -> false;
            };
        read(node.inputs().get(0), there, conditional || padded);
      } else {
        node.inputs().forEach(x -> read(x, elements, conditional));
      }
    }

    private static long times(long[] elements, long all) {
      if (elements.length % all != 0) {
        return -1;
      }
      long times = elements.length / all;
      return IntStream.range(0, elements.length).allMatch(p -> elements[p] == p / times)
          ? times
          : -1;
    }

    Map<Tensor, Long> all() {
      Map<Tensor, Long> all = new HashMap<>();
      repeats.forEach((x, each) -> all.put(x, each.size() == 1 ? each.iterator().next() : -1));
      return all;
    }
  }

  // ---- the laws ----

  private static void holds(Graph graph, int most, String what) {
    Map<Tensor, Root> roots = Roots.of(graph, most);
    StoredValues said = new StoredValues(graph, most);
    List<Tensor> expected = said.nodes.stream().filter(said.stored::contains).toList();
    assertEquals(expected, List.copyOf(roots.keySet()), what);
    for (Tensor node : expected) {
      Root root = roots.get(node);
      String which = what + ", " + root;
      assertEquals(node, root.node, which);
      Map<Tensor, Long> read = new HashMap<>();
      root.dependencies.forEach(d -> read.put(d.root().node, d.repeat()));
      assertEquals(read.size(), root.dependencies.size(), which);
      root.dependencies.forEach(d -> assertEquals(roots.get(d.root().node), d.root(), which));
      Map<Tensor, Long> readSaid = new HashMap<>();
      if (said.isGiven(node) || node.op() instanceof Op.Constant) {
        assertEquals(Root.Kind.LEAF, root.kind, which);
      } else if (StoredValues.hasKernel(node.op())) {
        assertEquals(Root.Kind.OPERATION, root.kind, which);
        for (Tensor x : node.inputs()) {
          Tensor source = x;
          while (!said.stored.contains(source)) {
            source = source.inputs().get(0);
          }
          readSaid.put(source, -1L);
        }
      } else {
        StoredValues.Order order = new StoredValues.Order(node);
        assertEquals(order.kind, root.kind, which);
        assertEquals(order.inner, root.inner, which);
        assertEquals(order.folded, root.folded, which);
        assertEquals(order.walked, root.walkedTensor(), which);
        assertEquals(StoredValues.isReduction(node.op()), root.isReduction(), which);
        assertEquals(new StoredValues.Walk(said, node).loops, root.loops, which);
        readSaid.putAll(new Reading(said, node).all());
      }
      assertEquals(root.loops.elements(), root.walked(), which);
      assertEquals(readSaid, read, which);
      root.dependencies.forEach(
          d ->
              assertEquals(
                  d.repeat() == -1 && roots.get(d.root().node).kind == Root.Kind.LEAF,
                  d.isSlice(),
                  which));
    }
  }

  private static void holds(LongFunction<Graph> graphs, int seeds) {
    for (long seed = 0; seed < seeds; seed++) {
      holds(graphs.apply(seed), Integer.MAX_VALUE, "seed " + seed);
    }
  }

  /** With few buffers a kernel, of which a selection needs four. */
  private static void holdsWithFew(LongFunction<Graph> graphs, int seeds) {
    for (long seed = 0; seed < seeds; seed++) {
      int most = PlanOptions.FEWEST_BUFFERS + (int) (seed % 5);
      holds(graphs.apply(seed), most, "seed " + seed + ", " + most + " buffers");
    }
  }

  /** How many buffers the kernel of a root of loops has at most. */
  private static int most(Map<Tensor, Root> roots) {
    return roots.values().stream()
        .filter(root -> root.kind != Root.Kind.OPERATION)
        .mapToInt(root -> root.dependencies.size() + 1)
        .max()
        .orElse(0);
  }

  /** Views, operands of kernels, literals that have to be stored, inputs that are no leaves. */
  @Test
  void ofGraphsOfAllOperations() {
    holds(FusionGraphs::mixed, 1500);
  }

  /**
   * Of 24 operations or 4 transcendentals nothing is stored; of one more, for two readers, it is.
   */
  @Test
  void ofValuesThatOthersRead() {
    holds(ValueGraphs::read, 500);
  }

  /** What rows are repeated of is stored for a transcendental, or for three operations. */
  @Test
  void ofWhatIsBroadcast() {
    holds(ValueGraphs::broadcast, 300);
  }

  /** No kernel computes a value again that takes more than 120 operations, or as many operands. */
  @Test
  void ofKernelsWithManyOperands() {
    holds(ValueGraphs::crowded, 15);
  }

  /** Operands that no loops over a batch reach, or not together, are stored. */
  @Test
  void ofProducts() {
    holds(ValueGraphs::multiplied, 200);
  }

  @Test
  void ofAttention() {
    holds(KernelGraphs::attentive, 100);
  }

  /** Rows are folded innermost; what is kept behind what is folded stays inside. */
  @Test
  void ofReductions() {
    holds(ValueGraphs::reduced, 300);
  }

  /** Of what reads too much, what reads most is stored; operations have what operands they have. */
  @Test
  void whereAKernelHasFewBuffers() {
    holdsWithFew(ValueGraphs::wide, 600);
    holdsWithFew(FusionGraphs::mixed, 300);
    holdsWithFew(KernelGraphs::attentive, 50);
  }

  /** A kernel that just has room is left as it is, and none has more than it has room for. */
  @Test
  void nothingIsCutWithoutNeed() {
    int cut = 0;
    for (long seed = 0; seed < 300; seed++) {
      String what = "seed " + seed;
      Graph graph = ValueGraphs.wide(seed);
      Map<Tensor, Root> whole = Roots.of(graph, Integer.MAX_VALUE);
      int needed = Math.max(PlanOptions.FEWEST_BUFFERS, most(whole));
      assertEquals(whole.keySet(), Roots.of(graph, needed).keySet(), what);
      for (int fewer = PlanOptions.FEWEST_BUFFERS; fewer < needed; fewer++) {
        Map<Tensor, Root> parts = Roots.of(graph, fewer);
        assertTrue(parts.keySet().containsAll(whole.keySet()), what);
        assertTrue(most(parts) <= fewer, what + ": " + most(parts) + " of " + fewer);
        cut++;
      }
    }
    assertTrue(cut > 300, "too few were to be cut: " + cut);
  }

  @Test
  void aRootSaysWhatItIs() {
    Tensor x = Tensor.input("x", Shape.of(2, 3), DType.FLOAT32);
    Tensor sum = x.sum(1);
    Root root = Roots.of(new Graph(List.of(x), List.of(sum)), Integer.MAX_VALUE).get(sum);
    assertTrue(root.toString().matches("ROW sum.*\\[2\\]"), root::toString);
  }
}
