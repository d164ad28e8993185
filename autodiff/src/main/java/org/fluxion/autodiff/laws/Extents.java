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
   */
  record Cut(int from, int to) {
    Tensor of(Tensor value) {
      return cut(value, from, to);
    }

    Shape of(Shape shape) {
      return replaced(shape, from, to);
    }
  }

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
                    .mapToObj(to -> new Cut(from, to)));
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
    Tensor cut = value;
    for (int axis = 0; axis < value.shape().rank(); axis++) {
      if (value.shape().extent(axis) == from) {
        cut = cut.slice(axis, 0, to);
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
