package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Which roots are computed where they are wanted, said a second time: what a stored tensor moves is
 * placed in it if all of it can be. A product can whose rows and columns keep their strides there,
 * if nothing else reads it; anything else that lies there in order can.
 */
class PlacementLawsTest {
  private static final int SEEDS = 700;

  /** Products and others, moved and joined, some of them read by others as well. */
  private static final class Grown {
    final Random random;
    final List<Tensor> pool = new ArrayList<>();
    final Graph graph;

    Grown(long seed) {
      random = RandomMoves.random(seed);
      Tensor a = Tensor.input("a", Shape.of(2, 3, 4), DType.FLOAT64);
      Tensor b = Tensor.input("b", Shape.of(2, 4, 2), DType.FLOAT64);
      Set<Tensor> unread = new LinkedHashSet<>();
      for (int i = 1 + random.nextInt(4); i >= 0; i--) {
        unread.add(leaf(a, b, i));
      }
      pool.addAll(unread);
      for (int i = 1 + random.nextInt(6); i >= 0; i--) {
        List<Tensor> from = random.nextInt(8) == 0 ? pool : List.copyOf(unread);
        Tensor next = next(from.get(random.nextInt(from.size())), unread);
        if (next.shape().elements() <= 48) {
          pool.add(next);
          unread.add(next);
          unread.removeAll(next.inputs());
        }
      }
      List<Tensor> outputs = new ArrayList<>(unread);
      if (random.nextInt(4) == 0) {
        outputs.add(pool.get(random.nextInt(pool.size())));
      }
      if (random.nextInt(3) > 0) {
        // Stored, and no output; of two readers perhaps, so that it is itself placed as a whole.
        Tensor last = outputs.get(0);
        Tensor other = random.nextBoolean() ? last.neg() : leaf(a, b, 9).sum();
        int[] ones = new int[last.shape().rank()];
        Arrays.fill(ones, 1);
        boolean alike = other.shape().equals(last.shape());
        Tensor second = alike ? other : other.reshape(Shape.of(ones)).broadcastTo(last.shape());
        int axis = random.nextInt(4) == 0 ? last.shape().rank() - 1 : 0;
        outputs.set(0, Tensor.concat(axis, last, second).abs());
      }
      graph = new Graph(List.of(a, b), outputs);
    }

    private Tensor leaf(Tensor a, Tensor b, int number) {
      return switch (random.nextInt(10)) {
        case 0 -> a.mul(number + 2).slice(2, 0, 2);
        case 1 -> a.slice(2, 0, 2).sum(random.nextInt(3)).add(number);
        case 2 -> Tensor.of(new double[12], 2, 3, 2);
        case 3 -> a.slice(2, 0, 2);
        case 4 -> b;
        default -> a.add(number).matmul(b);
      };
    }

    private Tensor joined(Tensor x, Tensor... others) {
      List<Tensor> parts = new ArrayList<>(List.of(others));
      parts.add(random.nextInt(parts.size() + 1), x);
      return Tensor.concat(random.nextInt(x.shape().rank()), parts);
    }

    private Tensor next(Tensor x, Set<Tensor> unread) {
      if (x.shape().rank() == 0) {
        return x.reshape(1, 1);
      }
      List<Tensor> alike =
          (random.nextInt(8) == 0 ? pool : unread)
              .stream().filter(y -> y != x && y.shape().equals(x.shape())).toList();
      return switch (random.nextInt(9)) {
        case 0 -> RandomMoves.reshape(x, random);
        case 1 -> RandomMoves.apart(x, random);
        case 2 -> RandomMoves.together(x, random);
        case 3, 4 -> RandomMoves.permute(x, random);
        case 5 -> random.nextBoolean() ? x.neg() : x.add(1).sum(x.shape().rank() - 1);
        default -> alike.isEmpty() ? x.reshape(x.shape()) : joined(x, alike.toArray(Tensor[]::new));
      };
    }
  }

  /** What is expected, found from the last root to the first. */
  private static final class Expected {
    final Graph graph;
    final Map<Tensor, Root> roots;
    final List<Tensor> read = new ArrayList<>();
    final Map<Tensor, Tensor> targets = new HashMap<>();
    final Map<Tensor, List<Placement.Link>> ways = new HashMap<>();
    final Map<Tensor, Long> offsets = new HashMap<>();
    final Map<Tensor, List<Tensor>> filled = new HashMap<>();
    final Set<Tensor> vanished = new HashSet<>();

    private record Part(Tensor tensor, List<Placement.Link> way, long offset) {}

    Expected(Graph graph, Map<Tensor, Root> roots) {
      this.graph = graph;
      this.roots = roots;
      graph.nodes().forEach(node -> read.addAll(node.inputs()));
      read.addAll(graph.outputs());
      List<Tensor> order = graph.nodes().reversed();
      for (Tensor target : order) {
        if (roots.containsKey(target) && isMover(target) && !vanished.contains(target)) {
          place(target);
        }
      }
      vanished.retainAll(roots.keySet());
    }

    private static boolean isMover(Tensor node) {
      return node.op() instanceof Op.Reshape
          || node.op() instanceof Op.Permute
          || node.op() instanceof Op.Concat;
    }

    private long readers(Tensor tensor) {
      return read.stream().filter(each -> each == tensor).count();
    }

    private void place(Tensor target) {
      Set<Tensor> between = new HashSet<>();
      List<Part> parts = parts(target, target, List.of(), between);
      if (parts != null && parts.stream().map(Part::tensor).distinct().count() == parts.size()) {
        vanished.addAll(between);
        filled.put(target, parts.stream().map(Part::tensor).toList());
        for (Part part : parts) {
          targets.put(part.tensor, target);
          ways.put(part.tensor, part.way);
          offsets.put(part.tensor, part.offset);
        }
      }
    }

    /** What fills a tensor, or null if something cannot be placed. */
    private List<Part> parts(
        Tensor target, Tensor node, List<Placement.Link> above, Set<Tensor> between) {
      List<Part> all = new ArrayList<>();
      for (int i = 0; i < node.inputs().size(); i++) {
        Tensor operand = node.inputs().get(i);
        List<Placement.Link> way = new ArrayList<>(above);
        way.add(0, new Placement.Link(node, i));
        Set<Tensor> passed = new HashSet<>(Set.of(operand));
        List<Part> below =
            isMover(operand) && readers(operand) == 1 ? parts(target, operand, way, passed) : null;
        if (below != null) {
          all.addAll(below);
          between.addAll(passed);
        } else {
          Part part = part(target, operand, way);
          if (part == null) {
            return null;
          }
          all.add(part);
        }
      }
      return all;
    }

    private Part part(Tensor target, Tensor operand, List<Placement.Link> way) {
      boolean computed = roots.containsKey(operand) && !(operand.op() instanceof Op.Leaf);
      if (!computed || targets.containsKey(operand) || graph.outputs().contains(operand)) {
        return null;
      }
      if (operand.op() instanceof Op.Matmul && readers(operand) == 1) {
        Loops batch = MatrixViewsLawsTest.common(operand.inputs(), roots.keySet());
        if (MatrixViewsLawsTest.written(operand, way, batch) != null) {
          return new Part(operand, way, 0);
        }
      }
      Tensor memory = target;
      while (targets.containsKey(memory)) {
        memory = targets.get(memory);
      }
      boolean whole = operand.shape().elements() == memory.shape().elements();
      long offset = inOrder(operand, way);
      return offset >= 0 && (whole || !graph.outputs().contains(memory))
          ? new Part(operand, List.of(), offset)
          : null;
    }

    private static long inOrder(Tensor tensor, List<Placement.Link> way) {
      List<Walk.Step> steps = new ArrayList<>();
      way.forEach(link -> steps.add(map -> map.result(link.node(), link.operand())));
      Loops loops = Loops.of(Arrays.stream(tensor.shape().extents()).asLongStream().toArray());
      long[] places = RandomMoves.places(tensor, way);
      boolean consecutive =
          IntStream.range(0, places.length).allMatch(i -> places[i] == places[0] + i);
      return consecutive && Walk.of(tensor.shape(), loops, 1, steps) != null ? places[0] : -1;
    }
  }

  @Test
  void whatCanBeComputedInItsPlaceIs() {
    int[] counts = new int[5];
    for (long seed = 0; seed < SEEDS; seed++) {
      Graph graph = new Grown(seed).graph;
      String what = "seed " + seed + ": ";
      Map<Tensor, Root> roots = Roots.of(graph, Integer.MAX_VALUE);
      Map<Tensor, List<Root.Dependency>> before = new HashMap<>();
      roots.forEach((tensor, root) -> before.put(tensor, root.dependencies));
      Expected expected = new Expected(graph, Roots.of(graph, Integer.MAX_VALUE));
      Set<Tensor> left = new HashSet<>(roots.keySet());
      left.removeAll(expected.vanished);
      Placement.run(graph, roots);
      assertEquals(left, roots.keySet(), what);
      for (Root root : roots.values()) {
        Tensor tensor = root.node;
        Tensor target = expected.targets.get(tensor);
        assertEquals(target, root.target == null ? null : root.target.node, what + tensor);
        assertEquals(expected.ways.getOrDefault(tensor, List.of()), root.way, what + tensor);
        assertEquals(expected.offsets.getOrDefault(tensor, 0L), root.offset, what + tensor);
        assertEquals(expected.filled.containsKey(tensor), root.placed, what + tensor);
        if (root.placed) {
          assertEquals(
              expected.filled.get(tensor),
              root.dependencies.stream().map(dependency -> dependency.root().node).toList());
          assertTrue(root.dependencies.stream().allMatch(d -> d.repeat() == Root.Dependency.OTHER));
        } else {
          assertEquals(before.get(tensor), root.dependencies, what);
        }
        counts[0] += target != null && root.way.isEmpty() ? 1 : 0;
        counts[1] += root.way.isEmpty() ? 0 : 1;
        counts[2] += root.offset > 0 ? 1 : 0;
        counts[3] += root.target != null && root.target.target != null ? 1 : 0;
      }
      counts[4] += expected.vanished.isEmpty() ? 0 : 1;
    }
    assertTrue(
        Arrays.stream(counts).allMatch(count -> count > SEEDS / 100), Arrays.toString(counts));
  }
}
