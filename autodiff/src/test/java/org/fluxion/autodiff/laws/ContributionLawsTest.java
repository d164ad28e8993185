package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The gradient of what is read in parts is the sum of the parts' gradients, each at its place;
 * parts that lie side by side along one axis are joined and not added up; what only stores values
 * is added up in float32 and rounded once.
 */
class ContributionLawsTest {
  private static final int SEEDS = 250;

  /**
   * Sums of these are exact in float32, and round in what only stores values; scaled in float64.
   */
  private static final float[] WEIGHTS = {1, 0.25f, -3, 256, 2048, -255, 0.5f};

  /** A part: where it begins and ends, per axis, and in which steps. */
  private record Part(List<Integer> start, List<Integer> end, List<Integer> stride) {
    static Part of(Shape whole, int along, Random random) {
      List<Integer> start = new ArrayList<>();
      List<Integer> end = new ArrayList<>();
      List<Integer> stride = new ArrayList<>();
      for (int axis = 0; axis < whole.rank(); axis++) {
        boolean cut = axis == along || random.nextInt(12) == 0;
        int extent = whole.extent(axis);
        int from = cut ? random.nextInt(extent) : 0;
        start.add(from);
        end.add(cut ? from + 1 + random.nextInt(extent - from) : extent);
        stride.add(random.nextInt(10) == 0 ? 2 : 1);
      }
      return new Part(start, end, stride);
    }

    /** Whether element i of an axis is in it. */
    boolean has(int axis, int i) {
      return i >= start.get(axis)
          && i < end.get(axis)
          && (i - start.get(axis)) % stride.get(axis) == 0;
    }

    List<Integer> all(int axis, Shape whole) {
      return IntStream.range(0, whole.extent(axis)).filter(i -> has(axis, i)).boxed().toList();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT64", "FLOAT16", "BFLOAT16"})
  void partsAreJoinedOrAddedUp(DType dtype) {
    int joined = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      // The first numbers of neighbouring seeds are alike.
      Random random = new Random(seed * 0x9E3779B97F4A7C15L);
      int[] extents = new int[1 + random.nextInt(3)];
      Arrays.setAll(extents, i -> 1 + random.nextInt(6));
      Shape whole = Shape.of(extents);
      int along = random.nextInt(extents.length);
      List<Part> parts = new ArrayList<>();
      if (random.nextBoolean()) {
        parts.addAll(sideBySide(whole, along, random));
      }
      for (int i = random.nextInt(parts.isEmpty() ? 4 : 2); parts.isEmpty() || i > 0; i--) {
        parts.add(Part.of(whole, along, random));
      }
      Collections.shuffle(parts, random);
      joined += check(dtype, whole, parts, "seed " + seed, random) ? 1 : 0;
    }
    assertFalse(joined < SEEDS / 20, "too few were joined: " + joined);
  }

  /** Parts that lie side by side along rows, where one or both leave out a column at either end. */
  @Test
  void partsThatLeaveOutAnEndAreAddedUp() {
    Shape whole = Shape.of(5, 3);
    List<Integer> steps = List.of(1, 1);
    for (int first = 0; first < 2; first++) {
      for (int both = 0; both < 2; both++) {
        List<Integer> end = List.of(2, 2 + first);
        Part upper = new Part(List.of(0, first), end, steps);
        Part lower =
            both == 0
                ? new Part(List.of(2, 0), List.of(5, 3), steps)
                : new Part(List.of(2, first), List.of(5, 2 + first), steps);
        for (List<Part> parts : List.of(List.of(upper, lower), List.of(lower, upper))) {
          assertFalse(check(DType.FLOAT64, whole, parts, "leaves out", new Random(first)));
        }
      }
    }
  }

  /** Parts that touch or leave something out, in one axis. */
  private static List<Part> sideBySide(Shape whole, int along, Random random) {
    List<Part> parts = new ArrayList<>();
    int extent = whole.extent(along);
    for (int from = random.nextInt(2); from < extent; ) {
      int to = from + 1 + random.nextInt(extent - from);
      if (random.nextInt(4) > 0) {
        List<Integer> start = new ArrayList<>(Collections.nCopies(whole.rank(), 0));
        List<Integer> end = new ArrayList<>(Arrays.stream(whole.extents()).boxed().toList());
        start.set(along, from);
        end.set(along, to);
        int across = (along + 1) % whole.rank();
        if (across != along && whole.extent(across) > 1 && random.nextInt(6) == 0) {
          // Not whole in another axis: without what is first there, or what is last.
          boolean first = random.nextBoolean();
          start.set(across, first ? 1 : 0);
          end.set(across, whole.extent(across) - (first ? 0 : 1));
        }
        parts.add(new Part(start, end, Collections.nCopies(whole.rank(), 1)));
      }
      from = to;
    }
    return parts;
  }

  private static boolean check(
      DType dtype, Shape whole, List<Part> parts, String what, Random random) {
    Tensor x = Tensor.full(1, whole, DType.FLOAT32).cast(dtype);
    List<Tensor> weights = new ArrayList<>();
    DType wide = dtype.isStorageOnly() ? DType.FLOAT32 : dtype;
    HostData sums = HostData.allocate(wide, whole.elements());
    for (Part part : parts) {
      List<List<Integer>> places =
          IntStream.range(0, whole.rank()).mapToObj(axis -> part.all(axis, whole)).toList();
      Shape shape = Shape.of(places.stream().map(List::size).toList());
      HostData weight = HostData.allocate(wide, shape.elements());
      HostData stored = HostData.allocate(dtype, 1);
      double scale = dtype == DType.FLOAT64 ? 1 + 0x1p-30 : 1;
      for (int i = 0; i < weight.elements(); i++) {
        weight.setDouble(i, WEIGHTS[random.nextInt(WEIGHTS.length)] * scale);
        stored.setDouble(0, weight.getDouble(i));
        // Where the element lies in the whole.
        int rest = i;
        long place = 0;
        for (int axis = whole.rank() - 1; axis >= 0; axis--) {
          place += places.get(axis).get(rest % shape.extent(axis)) * whole.strides()[axis];
          rest /= shape.extent(axis);
        }
        sums.setDouble(place, sums.getDouble(place) + stored.getDouble(0));
      }
      weights.add(Tensor.of(weight, shape));
    }
    Tensor gradient =
        Autodiff.grad(
            t -> {
              Tensor sum = Tensor.scalar(0, wide);
              for (int i = 0; i < parts.size(); i++) {
                Part part = parts.get(i);
                Op.Slice slice = new Op.Slice(part.start(), part.end(), part.stride());
                Tensor read = Tensor.apply(slice, List.of(t)).cast(wide);
                sum = sum.add(read.mul(weights.get(i)).sum());
              }
              return sum;
            },
            x);
    assertEquals(dtype, gradient.dtype(), what);
    assertArrayEquals(
        Tensor.of(sums, whole).cast(dtype).toDoubleArray(), gradient.toDoubleArray(), what);
    List<Op> ops =
        new Graph(List.of(), List.of(gradient)).nodes().stream().map(Tensor::op).toList();
    // Only what cannot be added up is cast.
    assertTrue(dtype.isStorageOnly() || ops.stream().noneMatch(op -> op instanceof Op.Cast), what);
    boolean join = lieSideBySide(whole, parts);
    long added = ops.stream().filter(op -> op instanceof Op.Add).count();
    assertEquals(join ? 0 : parts.size() - 1, added, what + ": " + parts);
    assertEquals(join, ops.stream().anyMatch(op -> op instanceof Op.Concat), what + ": " + parts);
    if (join) {
      assertFalse(
          gradient.inputs().stream().anyMatch(each -> each.shape().elements() == 0),
          what + " joins nothing");
    }
    return join;
  }

  /** Whether all are whole but along one axis, where none begins before another ends. */
  private static boolean lieSideBySide(Shape whole, List<Part> parts) {
    List<Integer> cut =
        IntStream.range(0, whole.rank())
            .filter(
                axis ->
                    parts.stream().anyMatch(p -> p.all(axis, whole).size() < whole.extent(axis)))
            .boxed()
            .toList();
    if (parts.size() < 2 || cut.size() != 1) {
      return false;
    }
    int axis = cut.get(0);
    int[] used = new int[whole.extent(axis)];
    for (Part part : parts) {
      List<Integer> places = part.all(axis, whole);
      if (places.getLast() - places.getFirst() >= places.size()
          || IntStream.range(0, whole.rank()).anyMatch(i -> part.stride().get(i) > 1)) {
        return false;
      }
      places.forEach(i -> used[i]++);
    }
    return Arrays.stream(used).allMatch(n -> n < 2);
  }
}
