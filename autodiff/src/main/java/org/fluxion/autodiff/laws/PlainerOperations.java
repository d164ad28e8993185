package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.RandomProgram.Line;
import org.fluxion.tensor.Op;

/** A line's operation with less to it: fewer operands or axes, no padding, no stride, no mask. */
final class PlainerOperations {
  private PlainerOperations() {}

  static Stream<Line> of(Line line) {
    List<Integer> operands = line.operands();
    return switch (line.op()) {
      case Op.Concat o when operands.size() > 1 ->
          IntStream.range(0, operands.size()).mapToObj(i -> new Line(o, without(operands, i)));
      case Op.Sum o -> fewer(o.axes()).map(axes -> new Line(new Op.Sum(axes), operands));
      case Op.ReduceMax o ->
          fewer(o.axes()).map(axes -> new Line(new Op.ReduceMax(axes), operands));
      case Op.Flip o -> fewer(o.axes()).map(axes -> new Line(new Op.Flip(axes), operands));
      case Op.Pad o ->
          Stream.of(
                  new Op.Pad(zeros(o.low()), zeros(o.high()), zeros(o.interior())),
                  new Op.Pad(zeros(o.low()), o.high(), o.interior()),
                  new Op.Pad(o.low(), zeros(o.high()), o.interior()),
                  new Op.Pad(o.low(), o.high(), zeros(o.interior())))
              .filter(pad -> !pad.equals(o))
              .map(pad -> new Line(pad, operands));
      case Op.Slice o ->
          Stream.of(
                  new Op.Slice(zeros(o.start()), o.end(), o.stride()),
                  new Op.Slice(zeros(o.start()), lengths(o), o.stride()),
                  new Op.Slice(o.start(), o.end(), Collections.nCopies(o.stride().size(), 1)))
              .filter(slice -> !slice.equals(o))
              .map(slice -> new Line(slice, operands));
      case Op.Attention o when operands.size() > o.operands() ->
          Stream.of(new Line(line.op(), without(operands, operands.size() - 1)));
      default -> Stream.empty();
    };
  }

  private static Stream<List<Integer>> fewer(List<Integer> axes) {
    return axes.size() < 2
        ? Stream.empty()
        : IntStream.range(0, axes.size()).mapToObj(i -> without(axes, i));
  }

  private static List<Integer> without(List<Integer> numbers, int place) {
    List<Integer> fewer = new ArrayList<>(numbers);
    fewer.remove(place);
    return fewer;
  }

  private static List<Integer> zeros(List<Integer> numbers) {
    return Collections.nCopies(numbers.size(), 0);
  }

  /** The ends of as much from the beginning. */
  private static List<Integer> lengths(Op.Slice slice) {
    return IntStream.range(0, slice.end().size())
        .mapToObj(axis -> slice.end().get(axis) - slice.start().get(axis))
        .toList();
  }
}
