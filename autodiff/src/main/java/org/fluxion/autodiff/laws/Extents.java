package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** An extent made smaller wherever it occurs, in inputs and in what operations know of shapes. */
final class Extents {
  /**
   * An extent, and a shorter one in its place.
   *
   * @param from the extent
   * @param to the shorter one, of an element at least
   * @param tails of which axes the last elements stay, and not the first: a bit each, the last axis
   *     being the lowest, so that shapes that broadcast are cut alike
   */
  record Cut(int from, int to, int tails) {
    Tensor of(Tensor value) {
      return cut(value, from, to, tails);
    }

    Shape of(Shape shape) {
      return replaced(shape, from, to);
    }
  }

  /** Of more axes than these not all ways to cut them are tried. */
  private static final int MOST_AXES = 4;

  private Extents() {}

  /** What may be cut of some shapes, to one element first. Axes of one extent belong together. */
  static Stream<Cut> shorter(List<Shape> shapes) {
    return shapes.stream()
        .flatMap(shape -> IntStream.of(shape.extents()).boxed())
        .filter(extent -> extent > 1)
        .distinct()
        .flatMap(
            from ->
                IntStream.of(1, from / 2, from - 1)
                    .filter(to -> to >= 1 && to < from)
                    .distinct()
                    .mapToObj(to -> new Cut(from, to, 0)));
  }

  /** The same, but the last elements of an axis stay, or of several: what fails may be there. */
  static Stream<Cut> shorterAtTheFront(List<Shape> shapes) {
    return shorter(shapes)
        .flatMap(
            cut -> {
              int axes = axes(shapes, cut.from());
              return IntStream.rangeClosed(1, axes)
                  .filter(tails -> (tails & axes) == tails)
                  .mapToObj(tails -> new Cut(cut.from(), cut.to(), tails));
            });
  }

  /** Which axes are of an extent, a bit each as above; of the last few. */
  private static int axes(List<Shape> shapes, int extent) {
    return shapes.stream()
        .flatMapToInt(
            shape ->
                IntStream.range(0, Math.min(shape.rank(), MOST_AXES))
                    .filter(i -> shape.extent(shape.rank() - 1 - i) == extent))
        .map(i -> 1 << i)
        .reduce(0, (a, b) -> a | b);
  }

  static Stream<RandomProgram> shorter(RandomProgram program) {
    List<Integer> extents =
        program.values().stream()
            .flatMap(v -> IntStream.of(v.shape().extents()).boxed())
            .filter(extent -> extent > 1)
            .distinct()
            .sorted((a, b) -> b - a)
            .toList();
    return extents.stream()
        .flatMap(
            from ->
                IntStream.of(1, 2, from / 2, from - from / 4, from - 1)
                    .filter(to -> to >= 1 && to < from)
                    .distinct()
                    .mapToObj(to -> replaced(program, from, to)))
        .flatMap(Optional::stream);
  }

  private static Optional<RandomProgram> replaced(RandomProgram program, int from, int to) {
    List<Tensor> values = program.values().stream().map(value -> cut(value, from, to)).toList();
    List<Line> lines =
        program.lines().stream()
            .map(line -> new Line(replaced(line.op(), from, to), line.operands()))
            .toList();
    RandomProgram shorter = new RandomProgram(values, lines, program.outputs());
    return Optional.of(shorter).filter(RandomProgram::fits);
  }

  static Tensor cut(Tensor value, int from, int to) {
    return cut(value, from, to, 0);
  }

  private static Tensor cut(Tensor value, int from, int to, int tails) {
    Tensor cut = value;
    int rank = value.shape().rank();
    for (int axis = 0; axis < rank; axis++) {
      if (value.shape().extent(axis) == from) {
        boolean isTail = (tails >> rank - 1 - axis & 1) == 1;
        cut = isTail ? cut.slice(axis, from - to, from) : cut.slice(axis, 0, to);
      }
    }
    return cut.detach();
  }

  private static Shape replaced(Shape shape, int from, int to) {
    return Shape.of(IntStream.of(shape.extents()).map(e -> e == from ? to : e).toArray());
  }

  private static Op replaced(Op op, int from, int to) {
    return switch (op) {
      case Op.Broadcast o -> new Op.Broadcast(replaced(o.shape(), from, to));
      case Op.Reshape o -> new Op.Reshape(replaced(o.shape(), from, to));
      case Op.Iota o -> new Op.Iota(replaced(o.shape(), from, to), o.axis(), o.dtype());
      case Op.RandomBits o -> new Op.RandomBits(replaced(o.shape(), from, to), o.offset());
      case Op.Constant o -> {
        Tensor cut = cut(Tensor.of(o.data(), o.shape()), from, to);
        yield new Op.Constant(cut.value(), cut.shape());
      }
      case Op.ScatterAdd o -> new Op.ScatterAdd(o.rows() == from ? to : o.rows());
      case Op.Slice o -> {
        List<Integer> end = o.end().stream().map(e -> e == from ? to : e).toList();
        yield new Op.Slice(o.start(), end, o.stride());
      }
      case Op.Fold o ->
          new Op.Fold(
              o.window(), o.height() == from ? to : o.height(), o.width() == from ? to : o.width());
      default -> op;
    };
  }
}
