package org.fluxion.tensor;

import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * Indices whose values are known when a graph is built, checked then. Those that only a run knows
 * are not: a program has no way to stop at an element, and what it does instead is part of each
 * function's contract.
 */
final class KnownIndices {
  private KnownIndices() {}

  /**
   * Checks indices if they are constants, computed already, or those moved about.
   *
   * @param operation the function that reads by them
   * @param what what it calls one of them
   * @param indices integers
   * @param count how many elements there are to read
   * @param source what is read, for the error
   * @throws TensorException if one is known to be outside
   */
  static void requireInside(
      String operation, String what, Tensor indices, int count, String source) {
    Tensor origin = indices;
    while (origin.known() == null && movesAll(origin.op())) {
      origin = origin.inputs().get(0);
    }
    if (origin.known() == null || firstOutside(origin.known(), count) < 0) {
      return;
    }
    // Moving about is little work, and gives the place that the caller knows.
    HostData data = indices.value();
    long place = firstOutside(data, count);
    if (place < 0) {
      return;
    }
    throw new TensorException(
        "%s: %s %d%s is outside %s; %s"
            .formatted(
                operation,
                what,
                data.getLong(place),
                indices.shape().rank() == 0 ? "" : " at " + position(indices.shape(), place),
                source,
                count == 0 ? "there is none to read" : "expected 0 to " + (count - 1)));
  }

  /** Whether an operation's result has the elements of its operand and no others. */
  private static boolean movesAll(Op op) {
    return switch (op) {
      case Op.Reshape o -> true;
      case Op.Broadcast o -> true;
      case Op.Permute o -> true;
      case Op.Flip o -> true;
      default -> false;
    };
  }

  private static long firstOutside(HostData data, int count) {
    return LongStream.range(0, data.elements())
        .filter(i -> data.getLong(i) < 0 || data.getLong(i) >= count)
        .findFirst()
        .orElse(-1);
  }

  private static String position(Shape shape, long place) {
    int[] position = new int[shape.rank()];
    long rest = place;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      position[axis] = (int) (rest % shape.extent(axis));
      rest /= shape.extent(axis);
    }
    return Arrays.toString(position);
  }
}
