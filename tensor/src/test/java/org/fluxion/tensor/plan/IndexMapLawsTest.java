package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * An index map against each element's way on foot: through any chain of movements it says where
 * each point of the loops stands, in the fewest loops, and it is refused exactly when no cut of the
 * loops makes each of them walk forwards along one axis.
 */
class IndexMapLawsTest {
  private static final int SEEDS = 3000;
  private static final Buffer BUFFER =
      new Buffer(7, DType.FLOAT64, Shape.of(1), Buffer.Kind.INPUT, "x");

  // ---- one element, on foot ----

  /** What happens to one element on its way; the lists grow in the order of the movements. */
  private static final class Way {
    /** Coordinates wherever a position had to be written as such; each loop walks along one. */
    final List<long[]> cuts = new ArrayList<>();

    /** Whether each condition that padding makes holds. */
    final List<Boolean> inside = new ArrayList<>();

    long[] at;
    boolean lost;

    Way(long position, Shape shape) {
      at = cut(position, shape);
    }

    private long[] cut(long position, Shape shape) {
      lost |= position < 0 || position >= shape.elements();
      long[] coordinates = new long[shape.rank()];
      long rest = position;
      for (int axis = shape.rank() - 1; axis >= 0; axis--) {
        coordinates[axis] = Math.floorMod(rest, (long) shape.extent(axis));
        rest = Math.floorDiv(rest, (long) shape.extent(axis));
      }
      cuts.add(coordinates);
      return coordinates;
    }

    long position(Shape shape) {
      long position = 0;
      for (int axis = 0; axis < at.length; axis++) {
        position = position * shape.extent(axis) + at[axis];
      }
      return position;
    }

    private void within(long coordinate, int extent) {
      inside.add(coordinate >= 0 && coordinate < extent);
    }

    /** From the result of a movement to its operand. */
    void down(Tensor node) {
      Shape source = node.inputs().get(0).shape();
      switch (node.op()) {
        case Op.Reshape o -> at = cut(position(node.shape()), source);
        case Op.Permute o -> {
          long[] to = new long[at.length];
          for (int i = 0; i < at.length; i++) {
            to[o.axes().get(i)] = at[i];
          }
          at = to;
        }
        case Op.Broadcast o -> {
          at = at.clone();
          for (int i = 0; i < at.length; i++) {
            at[i] = source.extent(i) == 1 ? 0 : at[i];
          }
        }
        case Op.Slice o -> {
          at = at.clone();
          for (int i = 0; i < at.length; i++) {
            at[i] = o.start().get(i) + at[i] * o.stride().get(i);
          }
        }
        case Op.Flip o -> {
          at = at.clone();
          o.axes().forEach(axis -> at[axis] = source.extent(axis) - 1 - at[axis]);
        }
        case Op.Pad o -> {
          at = at.clone();
          for (int i = 0; i < at.length; i++) {
            lost |= o.interior().get(i) > 0;
            at[i] -= o.low().get(i);
            if (o.low().get(i) + o.high().get(i) > 0) {
              within(at[i], source.extent(i));
            }
          }
        }
        case Op.Unfold o -> {
          Op.Window w = o.window();
          int high = (source.extent(2) + 2 * w.padding() - w.kernelHeight()) / w.stride() + 1;
          int wide = (source.extent(3) + 2 * w.padding() - w.kernelWidth()) / w.stride() + 1;
          long[] part =
              cut(
                  position(node.shape()),
                  Shape.of(
                      source.extent(0),
                      source.extent(1),
                      w.kernelHeight(),
                      w.kernelWidth(),
                      high,
                      wide));
          long row = part[2] + part[4] * w.stride() - w.padding();
          long column = part[3] + part[5] * w.stride() - w.padding();
          at = new long[] {part[0], part[1], row, column};
          if (w.padding() > 0) {
            within(row, source.extent(2));
            within(column, source.extent(3));
          }
        }
        default -> throw new AssertionError(node.op());
      }
    }

    /** From an operand of a movement to its result. */
    void up(Tensor node, int number) {
      switch (node.op()) {
        case Op.Reshape o -> at = cut(position(node.inputs().get(number).shape()), node.shape());
        case Op.Permute o -> at = o.axes().stream().mapToLong(axis -> at[axis]).toArray();
        case Op.Concat o -> {
          at = at.clone();
          for (int i = 0; i < number; i++) {
            at[o.axis()] += node.inputs().get(i).shape().extent(o.axis());
          }
        }
        default -> lost = true;
      }
    }
  }

  /** Every way to cut some loops, themselves first. */
  private static List<Loops> cuts(List<Long> extents) {
    if (extents.isEmpty()) {
      return List.of(new Loops(List.of()));
    }
    List<Loops> all = new ArrayList<>();
    for (Loops rest : cuts(extents.subList(1, extents.size()))) {
      for (List<Long> first : factors(extents.get(0))) {
        List<Long> joined = new ArrayList<>(first);
        joined.addAll(rest.extents());
        all.add(new Loops(joined));
      }
    }
    return all;
  }

  private static List<List<Long>> factors(long product) {
    List<List<Long>> all = new ArrayList<>();
    for (long first = 2; first < product; first++) {
      if (product % first == 0) {
        for (List<Long> rest : factors(product / first)) {
          List<Long> joined = new ArrayList<>(List.of(first));
          joined.addAll(rest);
          all.add(joined);
        }
      }
    }
    all.add(List.of(product));
    return all;
  }

  /** Whether each loop walks forwards along one axis, in all coordinates that were written down. */
  private static boolean fits(Loops loops, List<Way> ways) {
    for (int cut = 0; cut < ways.get(0).cuts.size(); cut++) {
      long[] first = ways.get(0).cuts.get(cut);
      long[][] strides = new long[first.length][loops.count()];
      for (int loop = 0; loop < loops.count(); loop++) {
        long[] second = ways.get((int) loops.steps()[loop]).cuts.get(cut);
        int changed = 0;
        for (int axis = 0; axis < first.length; axis++) {
          strides[axis][loop] = second[axis] - first[axis];
          changed += strides[axis][loop] == 0 ? 0 : 1;
          if (strides[axis][loop] < 0) {
            return false;
          }
        }
        if (changed > 1) {
          return false;
        }
      }
      for (int point = 0; point < ways.size(); point++) {
        long[] index = Walk.indices(loops, point);
        for (int axis = 0; axis < first.length; axis++) {
          if (ways.get(point).cuts.get(cut)[axis] != Walk.sum(first[axis], strides[axis], index)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** The fewest loops that fit, or −1. */
  private static int fewest(Loops loops, List<Way> ways) {
    return ways.stream().anyMatch(way -> way.lost)
        ? -1
        : cuts(loops.extents()).stream()
            .filter(finer -> fits(finer, ways))
            .mapToInt(Loops::count)
            .min()
            .orElse(-1);
  }

  // ---- the map ----

  /** Loops over a shape's elements, each several times in place, cut anyhow. */
  private static Loops loops(Shape shape, long repeat, Random random) {
    List<Long> extents = new ArrayList<>();
    if (random.nextInt(3) == 0) {
      extents.add(shape.elements());
    } else {
      Arrays.stream(shape.extents()).forEach(e -> extents.add((long) e));
    }
    extents.add(repeat);
    extents.removeIf(e -> e == 1);
    return new Loops(extents);
  }

  private static void assertWalks(
      IndexMap map, Shape shape, Loops loops, List<Way> ways, String what) {
    int fewest = fewest(loops, ways);
    if (fewest < 0) {
      assertNull(map, what);
      return;
    }
    assertNotNull(map, what);
    assertEquals(fewest, map.loops.count(), what);
    Access access = map.access(BUFFER, shape);
    assertEquals(BUFFER, access.buffer());
    for (int point = 0; point < ways.size(); point++) {
      Way way = ways.get(point);
      long[] index = Walk.indices(map.loops, point);
      for (int axis = 0; axis < shape.rank(); axis++) {
        assertEquals(way.at[axis], Walk.sum(map.offsets[axis], map.strides[axis], index), what);
      }
      assertEquals(way.position(shape), Walk.sum(access.offset(), access.strides(), index), what);
      List<Boolean> inside = new ArrayList<>();
      for (Access.Bound bound : access.bounds()) {
        long value = Walk.sum(bound.offset(), bound.strides(), index);
        inside.add(value >= 0 && value < bound.extent());
      }
      assertEquals(way.inside, inside, what);
    }
  }

  // ---- the laws ----

  @Test
  void anOperandIsReadWhereItsElementsAre() {
    int refused = 0;
    int cut = 0;
    int bounded = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = RandomMoves.random(seed);
      Tensor source = RandomMoves.input(random, random.nextInt(5));
      Tensor last = source;
      for (int i = random.nextInt(4); i >= 0; i--) {
        last = RandomMoves.next(last, random);
      }
      Tensor node = last;
      List<Tensor> way = new ArrayList<>();
      for (Tensor each = node; each != source; each = each.inputs().get(0)) {
        way.add(each);
      }
      long repeat = random.nextInt(4) == 0 ? 3 : 1;
      Loops loops = loops(node.shape(), repeat, random);
      long[] origins = RandomMoves.origins(node, source);
      List<Way> ways = new ArrayList<>();
      for (long point = 0; point < loops.elements(); point++) {
        Way each = new Way(point / repeat, node.shape());
        way.forEach(each::down);
        boolean inside = !each.inside.contains(false);
        if (!each.lost) {
          assertEquals(
              origins[(int) (point / repeat)], inside ? each.position(source.shape()) : -1);
        }
        ways.add(each);
      }
      List<Walk.Step> steps = way.stream().map(n -> (Walk.Step) map -> map.operand(n)).toList();
      IndexMap map = Walk.of(node.shape(), loops, repeat, steps);
      assertWalks(map, source.shape(), loops, ways, "seed %d, %s".formatted(seed, way));
      refused += map == null ? 1 : 0;
      cut += map != null && map.loops.count() > loops.count() ? 1 : 0;
      bounded += map != null && !map.bounds.isEmpty() ? 1 : 0;
    }
    String counts = "%d refused, %d cut, %d bounded".formatted(refused, cut, bounded);
    assertTrue(
        refused > SEEDS / 20 && refused < SEEDS / 2 && cut > SEEDS / 20 && bounded > SEEDS / 20,
        counts);
  }

  @Test
  void aResultIsWrittenWhereItsElementsGo() {
    int refused = 0;
    for (long seed = 0; seed < SEEDS / 2; seed++) {
      Random random = RandomMoves.random(seed);
      Tensor first = RandomMoves.input(random, 1 + random.nextInt(4));
      List<Walk.Step> steps = new ArrayList<>();
      long repeat = random.nextInt(4) == 0 ? 2 : 1;
      Loops loops = loops(first.shape(), repeat, random);
      List<Way> ways = new ArrayList<>();
      for (long point = 0; point < loops.elements(); point++) {
        ways.add(new Way(point / repeat, first.shape()));
      }
      Tensor node = first;
      for (int i = random.nextInt(4); i >= 0; i--) {
        Tensor operand = node;
        int number = 0;
        switch (random.nextInt(8)) {
          case 0 -> node = RandomMoves.reshape(node, random);
          case 1 -> node = RandomMoves.apart(node, random);
          case 2 -> node = RandomMoves.together(node, random);
          case 3, 4 -> node = RandomMoves.permute(node, random);
          case 5 -> node = node.shape().rank() == 0 ? node.reshape(1) : node.neg();
          default -> {
            int axis = random.nextInt(node.shape().rank());
            number = random.nextInt(3);
            List<Tensor> parts = new ArrayList<>();
            for (int part = 0; part < 3; part++) {
              Shape shape = node.shape().with(axis, 1 + random.nextInt(3));
              parts.add(part == number ? node : Tensor.input("part" + part, shape, DType.FLOAT64));
            }
            node = Tensor.apply(new Op.Concat(axis), parts);
          }
        }
        Tensor result = node;
        int which = number;
        if (result != operand) {
          steps.add(map -> map.result(result, which));
          ways.forEach(way -> way.up(result, which));
        }
      }
      if (ways.stream().noneMatch(way -> way.lost)) {
        long[] origins = RandomMoves.origins(node, first);
        for (int point = 0; point < ways.size(); point++) {
          assertEquals(point / repeat, origins[(int) ways.get(point).position(node.shape())]);
        }
      }
      IndexMap map = Walk.of(first.shape(), loops, repeat, steps);
      assertWalks(map, node.shape(), loops, ways, "seed %d, %s".formatted(seed, node));
      refused += map == null ? 1 : 0;
    }
    assertTrue(refused > SEEDS / 40 && refused < SEEDS / 4, "refused: " + refused);
  }

  @Test
  void axesAreTakenBackInTheirOwnOrder() throws Exception {
    Loops loops = Loops.of(2, 3, 4);
    IndexMap map =
        IndexMap.of(Shape.of(2, 3, 4), loops, loops.steps()).unpermuted(List.of(2, 0, 1));
    assertEquals("[0, 0, 0]", Arrays.toString(map.offsets));
    assertEquals("[[0, 1, 0], [0, 0, 1], [1, 0, 0]]", Arrays.deepToString(map.strides));
  }

  @Test
  void whatMovesNothingHasNoOperandsMap() throws Exception {
    Tensor x = Tensor.input("x", Shape.of(3), DType.FLOAT64);
    IndexMap map = IndexMap.of(x.shape(), Loops.of(3), new long[] {1});
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> map.operand(x.neg()));
    assertEquals("not a movement: neg", refused.getMessage());
    assertThrows(IndexMap.NotAffine.class, () -> map.result(x.neg(), 0));
  }

  /** Two maps are one if they say the same; of those that do not, few share a hash code. */
  @Test
  void mapsAreEqualIfTheySayTheSame() {
    Map<String, IndexMap> known = new HashMap<>();
    Set<Integer> codes = new HashSet<>();
    for (long seed = 0; seed < 1000; seed++) {
      Random random = RandomMoves.random(seed);
      Tensor source = RandomMoves.input(random, 1 + random.nextInt(2));
      Tensor node = random.nextBoolean() ? RandomMoves.pad(source, random) : source;
      Tensor last = random.nextBoolean() ? RandomMoves.slice(node, random) : node;
      List<Walk.Step> steps = new ArrayList<>();
      for (Tensor each = last; each != source; each = each.inputs().get(0)) {
        Tensor moved = each;
        steps.add(map -> map.operand(moved));
      }
      IndexMap map = Walk.of(last.shape(), loops(last.shape(), 1, random), 1, steps);
      if (map == null || map.loops.count() == 0) {
        continue;
      }
      String text = text(map);
      IndexMap same = known.putIfAbsent(text, map);
      for (Map.Entry<String, IndexMap> other : known.entrySet()) {
        assertEquals(other.getKey().equals(text), map.equals(other.getValue()), text);
      }
      assertEquals(map.hashCode(), (same == null ? map : same).hashCode());
      assertNotEquals(map, (Object) text);
      codes.add(map.hashCode());
    }
    assertTrue(known.size() > 50, "different: " + known.size());
    assertTrue(codes.size() > known.size() / 2, codes.size() + " of " + known.size());
  }

  private static String text(IndexMap map) {
    StringBuilder text =
        new StringBuilder(Arrays.toString(map.offsets) + Arrays.deepToString(map.strides));
    for (Access.Bound bound : map.bounds) {
      text.append(bound.offset()).append(Arrays.toString(bound.strides())).append(bound.extent());
    }
    return text.toString();
  }
}
