package org.fluxion.tensor.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.laws.TypeLaw.Typed;

/**
 * An operation with types of its operands, and others that differ from it in a little: an extent,
 * an axis, a dtype, an operand, an attribute. Most of them are just not legal any more.
 */
record Variation(Op op, List<Typed> operands) {
  Variation {
    operands = List.copyOf(operands);
  }

  /** The same with one change. */
  Variation varied(Random random) {
    Op changed = random.nextInt(2) == 0 ? varied(op, random) : op;
    if (operands.isEmpty() || !changed.equals(op)) {
      return new Variation(changed, operands);
    }
    List<Typed> all = new ArrayList<>(operands);
    boolean anyNumber = op instanceof Op.Concat || op instanceof Op.Attention;
    if (anyNumber && random.nextInt(8) == 0) {
      if (random.nextBoolean()) {
        all.removeLast();
      } else {
        all.add(all.get(random.nextInt(all.size())));
      }
      return new Variation(op, all);
    }
    int i = random.nextInt(all.size());
    Typed from = all.get(i);
    all.set(
        i,
        random.nextInt(4) == 0
            ? new Typed(from.shape(), dtype(random))
            : new Typed(shape(from.shape(), random), from.dtype()));
    return new Variation(op, all);
  }

  /** The same with one change that is made in every operand. */
  Variation allVaried(Random random) {
    if (operands.isEmpty()) {
      return this;
    }
    Shape any = operands.get(random.nextInt(operands.size())).shape();
    int extent = any.rank() == 0 ? 1 : any.extent(random.nextInt(any.rank()));
    int change = random.nextInt(3);
    return new Variation(
        op,
        operands.stream()
            .map(
                each -> {
                  List<Integer> extents =
                      new ArrayList<>(Arrays.stream(each.shape().extents()).boxed().toList());
                  switch (change) {
                    case 0 -> extents.replaceAll(e -> e == extent ? 0 : e);
                    case 1 -> extents.add(0, 1);
                    default -> extents.subList(0, Math.min(1, extents.size())).clear();
                  }
                  return new Typed(Shape.of(extents), each.dtype());
                })
            .toList());
  }

  private static DType dtype(Random random) {
    return DType.values()[random.nextInt(DType.values().length)];
  }

  private static Shape shape(Shape shape, Random random) {
    List<Integer> extents = new ArrayList<>(Arrays.stream(shape.extents()).boxed().toList());
    int place = random.nextInt(extents.size() + 1);
    boolean exists = place < extents.size();
    switch (random.nextInt(exists ? 6 : 2)) {
      case 0 -> extents.add(place, 1);
      case 1 -> extents.add(place, 2);
      case 2 -> extents.remove(place);
      case 3 -> extents.set(place, 0);
      case 4 -> extents.set(place, extents.get(place) + 1);
      default -> Collections.swap(extents, place, random.nextInt(extents.size()));
    }
    return Shape.of(extents);
  }

  private static List<Integer> list(List<Integer> list, Random random) {
    List<Integer> changed = new ArrayList<>(list);
    int place = random.nextInt(changed.size() + 1);
    if (place == changed.size()) {
      changed.add(random.nextInt(4) - 1);
      return changed;
    }
    int value = changed.get(place);
    switch (random.nextInt(7)) {
      case 0 -> changed.remove(place);
      case 1 -> changed.add(value);
      case 2 -> changed.set(place, value + 1);
      case 3 -> changed.set(place, value - 1);
      case 4 -> changed.set(place, -1);
      case 5 -> changed.set(place, Integer.MAX_VALUE);
      default -> Collections.shuffle(changed, random);
    }
    return changed;
  }

  private static int near(int value, Random random) {
    return random.nextBoolean() ? value + 1 : value - 1;
  }

  private static Op varied(Op op, Random random) {
    return switch (op) {
      case Op.Iota o ->
          random.nextBoolean()
              ? new Op.Iota(o.shape(), near(o.axis(), random), o.dtype())
              : new Op.Iota(shape(o.shape(), random), o.axis(), o.dtype());
      case Op.Sum o -> new Op.Sum(list(o.axes(), random));
      case Op.ReduceMax o -> new Op.ReduceMax(list(o.axes(), random));
      case Op.ArgMax o -> new Op.ArgMax(near(o.axis(), random));
      case Op.Reshape o -> new Op.Reshape(shape(o.shape(), random));
      case Op.Permute o -> new Op.Permute(list(o.axes(), random));
      case Op.Broadcast o -> new Op.Broadcast(shape(o.shape(), random));
      case Op.Pad o ->
          switch (random.nextInt(3)) {
            case 0 -> new Op.Pad(list(o.low(), random), o.high(), o.interior());
            case 1 -> new Op.Pad(o.low(), list(o.high(), random), o.interior());
            default -> new Op.Pad(o.low(), o.high(), list(o.interior(), random));
          };
      case Op.Slice o ->
          switch (random.nextInt(4)) {
            case 0 -> new Op.Slice(list(o.start(), random), o.end(), o.stride());
            case 1 -> new Op.Slice(o.start(), list(o.end(), random), o.stride());
            // Nothing is taken.
            case 2 -> new Op.Slice(o.start(), o.start(), o.stride());
            default -> new Op.Slice(o.start(), o.end(), list(o.stride(), random));
          };
      case Op.Concat o -> new Op.Concat(near(o.axis(), random));
      case Op.Flip o -> new Op.Flip(list(o.axes(), random));
      case Op.Unfold o -> new Op.Unfold(window(o.window(), random));
      case Op.Fold o ->
          switch (random.nextInt(3)) {
            case 0 -> new Op.Fold(window(o.window(), random), o.height(), o.width());
            case 1 -> new Op.Fold(o.window(), near(o.height(), random), o.width());
            default -> new Op.Fold(o.window(), o.height(), near(o.width(), random));
          };
      case Op.ScatterAdd o -> new Op.ScatterAdd(near(o.rows(), random));
      default -> op;
    };
  }

  private static Op.Window window(Op.Window w, Random random) {
    int height = w.kernelHeight();
    int width = w.kernelWidth();
    return switch (random.nextInt(8)) {
      case 0 -> new Op.Window(height + 1, width, w.stride(), w.padding());
      case 1 -> new Op.Window(height, width + 1, w.stride(), w.padding());
      case 2 -> new Op.Window(height, width, w.stride() + 1, w.padding());
      case 3 -> new Op.Window(height, width, w.stride(), w.padding() + 1);
      // Of larger areas, rows and pictures than an axis has places.
      case 4 -> new Op.Window(1 << 16, 1 << 15, w.stride(), w.padding());
      case 5 -> new Op.Window(1 << 15, 1 << 15, w.stride(), w.padding());
      case 6 -> new Op.Window(height, width, 1, 50_000);
      default -> new Op.Window(20, 20, w.stride(), w.padding());
    };
  }

  /** A longest axis for each operand, where it may have one. */
  Variation atLength(int length) {
    List<Typed> all = new ArrayList<>();
    for (Typed each : operands) {
      int axis = op instanceof Op.Concat concat ? concat.axis() : 0;
      Shape ones = Shape.of(IntStream.generate(() -> 1).limit(each.shape().rank()).toArray());
      all.add(new Typed(ones.with(axis, length), each.dtype()));
    }
    return new Variation(op, all);
  }

  @Override
  public String toString() {
    return "%s of %s".formatted(op, operands);
  }
}
