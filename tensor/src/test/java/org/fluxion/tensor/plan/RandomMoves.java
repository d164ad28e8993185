package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Streams;

/**
 * Random movements of a few elements, and where the elements have gone: found by numbering them and
 * evaluating the movement as the reference does, without any strides.
 */
final class RandomMoves {
  private static final int MOST = 64;

  private RandomMoves() {}

  /** What laws of views and kernels draw from. */
  static Random random(long seed) {
    return Streams.of(seed, 7);
  }

  static Tensor input(Random random, int rank) {
    int[] extents = new int[rank];
    Arrays.fill(extents, 1);
    for (int i = 0; i < rank; i++) {
      extents[i] = 1 + random.nextInt(4);
    }
    return Tensor.input("x", Shape.of(extents), DType.FLOAT64);
  }

  /** A tensor moved once; of at most 64 elements, and at least one. */
  static Tensor next(Tensor x, Random random) {
    while (true) {
      Tensor moved = any(x, random);
      if (moved.shape().elements() <= MOST && moved.shape().rank() < 7) {
        return moved;
      }
    }
  }

  private static Tensor any(Tensor x, Random random) {
    int rank = x.shape().rank();
    return switch (random.nextInt(10)) {
      case 0 -> apart(x, random);
      case 1 -> together(x, random);
      case 2, 3 -> permute(x, random);
      case 4 -> broadcast(x, random);
      case 5, 6 -> slice(x, random);
      case 7 ->
          rank == 0 ? x : Tensor.apply(new Op.Flip(List.of(random.nextInt(rank))), List.of(x));
      case 8 -> pad(x, random);
      default -> rank == 4 ? unfold(x, random) : reshape(x, random);
    };
  }

  static Tensor permute(Tensor x, Random random) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < x.shape().rank(); i++) {
      order.add(random.nextInt(i + 1), i);
    }
    return Tensor.apply(new Op.Permute(order), List.of(x));
  }

  /** Any axes of as many elements. */
  static Tensor reshape(Tensor x, Random random) {
    List<Integer> extents = new ArrayList<>();
    int left = (int) x.shape().elements();
    while (left > 1) {
      int divisor = 2 + random.nextInt(left - 1);
      if (left % divisor == 0) {
        extents.add(divisor);
        left /= divisor;
      }
    }
    if (extents.isEmpty() || random.nextInt(3) == 0) {
      extents.add(random.nextInt(extents.size() + 1), 1);
    }
    return x.reshape(Shape.of(extents));
  }

  /** One axis becomes two. */
  static Tensor apart(Tensor x, Random random) {
    if (x.shape().rank() == 0) {
      return x.reshape(1);
    }
    int axis = random.nextInt(x.shape().rank());
    int extent = x.shape().extent(axis);
    int divisor = 1 + random.nextInt(extent);
    while (extent % divisor != 0) {
      divisor--;
    }
    List<Integer> extents = extents(x);
    extents.set(axis, divisor);
    extents.add(axis, extent / divisor);
    return x.reshape(Shape.of(extents));
  }

  /** Two axes become one. */
  static Tensor together(Tensor x, Random random) {
    if (x.shape().rank() < 2) {
      return x.reshape(Shape.of((int) x.shape().elements()));
    }
    int axis = random.nextInt(x.shape().rank() - 1);
    List<Integer> extents = extents(x);
    extents.set(axis, extents.get(axis) * extents.remove(axis + 1));
    return x.reshape(Shape.of(extents));
  }

  private static List<Integer> extents(Tensor x) {
    return new ArrayList<>(Arrays.stream(x.shape().extents()).boxed().toList());
  }

  static Tensor broadcast(Tensor x, Random random) {
    List<Integer> narrow = extents(x);
    if (!narrow.contains(1)) {
      narrow.add(random.nextInt(narrow.size() + 1), 1);
    }
    List<Integer> wide = narrow.stream().map(e -> e > 1 ? e : 1 + random.nextInt(3)).toList();
    Tensor operand = narrow.size() == x.shape().rank() ? x : x.reshape(Shape.of(narrow));
    return Tensor.apply(new Op.Broadcast(Shape.of(wide)), List.of(operand));
  }

  static Tensor slice(Tensor x, Random random) {
    List<Integer> start = new ArrayList<>();
    List<Integer> end = new ArrayList<>();
    List<Integer> stride = new ArrayList<>();
    for (int extent : x.shape().extents()) {
      boolean whole = random.nextInt(3) == 0;
      int from = whole ? 0 : random.nextInt(extent);
      start.add(from);
      end.add(whole ? extent : from + 1 + random.nextInt(extent - from));
      stride.add(whole ? 1 : 1 + random.nextInt(3));
    }
    return Tensor.apply(new Op.Slice(start, end, stride), List.of(x));
  }

  static Tensor pad(Tensor x, Random random) {
    List<Integer> low = new ArrayList<>();
    List<Integer> high = new ArrayList<>();
    List<Integer> interior = new ArrayList<>();
    for (int i = 0; i < x.shape().rank(); i++) {
      low.add(Math.max(0, random.nextInt(4) - 1));
      high.add(Math.max(0, random.nextInt(4) - 1));
      interior.add(random.nextInt(12) == 0 ? 1 : 0);
    }
    return Tensor.apply(new Op.Pad(low, high, interior), List.of(x));
  }

  static Tensor unfold(Tensor x, Random random) {
    int height = 1 + random.nextInt(x.shape().extent(2));
    int width = 1 + random.nextInt(x.shape().extent(3));
    Op.Window window =
        new Op.Window(height, width, 1 + random.nextInt(2), Math.max(0, random.nextInt(4) - 2));
    return Tensor.apply(new Op.Unfold(window), List.of(x));
  }

  /**
   * A tensor of a wanted shape that is made of another by some movements: its axes are cut, taken
   * in another order, and each sliced, repeated, turned around or padded perhaps.
   *
   * @param shape what it has to be
   * @param name what the other is called
   * @param random chooses
   */
  static Tensor moved(Shape shape, String name, Random random) {
    List<Integer> fine = new ArrayList<>();
    for (int extent : shape.extents()) {
      int divisor = random.nextBoolean() ? 1 + random.nextInt(extent) : 1;
      while (extent % divisor != 0) {
        divisor--;
      }
      fine.add(divisor);
      fine.add(extent / divisor);
    }
    if (random.nextBoolean()) {
      fine.removeIf(extent -> extent == 1);
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < fine.size(); i++) {
      order.add(random.nextBoolean() ? random.nextInt(i + 1) : i, i);
    }
    // Backwards from the shape: what each axis, in another order, is before it is changed.
    int[] extents = new int[fine.size()];
    int[] low = new int[extents.length];
    int[] start = new int[extents.length];
    int[] stride = new int[extents.length];
    int[] source = new int[extents.length];
    List<Integer> flipped = new ArrayList<>();
    for (int i = 0; i < extents.length; i++) {
      extents[i] = fine.get(order.get(i));
      stride[i] = 1;
      source[i] = extents[i];
      switch (random.nextInt(14)) {
        case 0 -> {
          stride[i] = 1 + random.nextInt(2);
          start[i] = random.nextInt(2);
          source[i] = start[i] + (extents[i] - 1) * stride[i] + 1 + random.nextInt(2);
        }
        case 1 -> source[i] = 1;
        case 2 -> flipped.add(i);
        case 3 -> low[i] = extents[i] > 2 && random.nextInt(3) == 0 ? 1 : 0;
        default -> {
          // As it is.
        }
      }
      source[i] -= low[i];
    }
    Tensor x = Tensor.input(name, Shape.of(source), DType.FLOAT64);
    if (!Arrays.equals(start, new int[start.length]) || random.nextInt(8) == 0) {
      List<Integer> end = new ArrayList<>();
      for (int i = 0; i < extents.length; i++) {
        end.add(source[i] == 1 ? 1 : start[i] + (extents[i] - low[i] - 1) * stride[i] + 1);
      }
      x = Tensor.apply(new Op.Slice(list(start), end, list(stride)), List.of(x));
    } else {
      for (int i = 0; i < extents.length; i++) {
        if (source[i] != 1 && source[i] > extents[i] - low[i]) {
          x = x.slice(i, 0, extents[i] - low[i]);
        }
      }
    }
    if (!flipped.isEmpty()) {
      x = Tensor.apply(new Op.Flip(flipped), List.of(x));
    }
    int[] none = new int[extents.length];
    if (!Arrays.equals(low, none) || random.nextInt(8) == 0) {
      x = Tensor.apply(new Op.Pad(list(low), list(none), list(none)), List.of(x));
    }
    if (!Arrays.equals(x.shape().extents(), extents)) {
      x = Tensor.apply(new Op.Broadcast(Shape.of(extents)), List.of(x));
    }
    List<Integer> back = new ArrayList<>();
    for (int i = 0; i < extents.length; i++) {
      back.add(order.indexOf(i));
    }
    x = Tensor.apply(new Op.Permute(back), List.of(x));
    return x.reshape(shape);
  }

  private static List<Integer> list(int[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  /**
   * Where a tensor's elements come from.
   *
   * @param node a tensor that moves others
   * @param source one of those
   * @return for each of the node's elements, in order, the number of the source's element that it
   *     is; −1 where it is none
   */
  static long[] origins(Tensor node, Tensor source) {
    Map<Tensor, HostData> values = new HashMap<>();
    for (Tensor other : Graph.topological(List.of(node), Set.of(source))) {
      if (other.op() instanceof Op.Input && other != source) {
        values.put(other, HostData.allocate(other.dtype(), other.shape().elements()));
      }
    }
    HostData numbers = HostData.allocate(source.dtype(), source.shape().elements());
    for (long i = 0; i < numbers.elements(); i++) {
      numbers.setDouble(i, i + 1);
    }
    values.put(source, numbers);
    HostData moved = ReferenceInterpreter.evaluate(List.of(node), values).get(0);
    long[] origins = new long[(int) moved.elements()];
    for (int i = 0; i < origins.length; i++) {
      origins[i] = (long) moved.getDouble(i) - 1;
    }
    return origins;
  }

  /**
   * Where a tensor's elements go on one way, whatever else it is an operand of.
   *
   * @param tensor the tensor
   * @param way movements, the first of which it is an operand of, each of the next
   * @return for each of its elements the place in the last one
   */
  static long[] places(Tensor tensor, List<Placement.Link> way) {
    HostData moved = HostData.allocate(DType.FLOAT64, tensor.shape().elements());
    for (long i = 0; i < moved.elements(); i++) {
      moved.setDouble(i, i + 1);
    }
    for (Placement.Link link : way) {
      List<HostData> operands = new ArrayList<>();
      for (int i = 0; i < link.node().inputs().size(); i++) {
        long elements = link.node().inputs().get(i).shape().elements();
        operands.add(i == link.operand() ? moved : HostData.allocate(DType.FLOAT64, elements));
      }
      moved = ReferenceInterpreter.apply(link.node(), operands);
    }
    long[] places = new long[(int) tensor.shape().elements()];
    for (long i = 0; i < moved.elements(); i++) {
      if (moved.getDouble(i) > 0) {
        places[(int) moved.getDouble(i) - 1] = i;
      }
    }
    return places;
  }
}
