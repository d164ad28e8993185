package org.fluxion.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * Where elements come from: for each element of a result, in row-major order, its position in the
 * operand, or −1 for a zero. The transposes read the same lists as targets.
 */
final class Positions {
  private Positions() {}

  private interface SourceIndex {
    /** Writes the operand's index; false for a zero. */
    boolean map(int[] index, int[] source);
  }

  static int[] permute(Shape result, Shape operand, List<Integer> axes) {
    return list(
        result,
        operand,
        (i, source) -> {
          for (int axis = 0; axis < i.length; axis++) {
            source[axes.get(axis)] = i[axis];
          }
          return true;
        });
  }

  static int[] broadcast(Shape result, Shape operand) {
    return list(
        result,
        operand,
        (i, source) -> {
          for (int axis = 0; axis < i.length; axis++) {
            source[axis] = operand.extent(axis) == 1 ? 0 : i[axis];
          }
          return true;
        });
  }

  static int[] pad(Shape result, Shape operand, Op.Pad op) {
    return list(
        result,
        operand,
        (i, source) -> {
          boolean inside = true;
          for (int axis = 0; axis < i.length; axis++) {
            int step = op.interior().get(axis) + 1;
            int from = i[axis] - op.low().get(axis);
            source[axis] = from / step;
            inside &= from >= 0 && from % step == 0 && source[axis] < operand.extent(axis);
          }
          return inside;
        });
  }

  static int[] slice(Shape result, Shape operand, Op.Slice op) {
    return list(
        result,
        operand,
        (i, source) -> {
          for (int axis = 0; axis < i.length; axis++) {
            source[axis] = op.start().get(axis) + i[axis] * op.stride().get(axis);
          }
          return true;
        });
  }

  static int[] flip(Shape result, List<Integer> axes) {
    return list(
        result,
        result,
        (i, source) -> {
          for (int axis = 0; axis < i.length; axis++) {
            source[axis] = axes.contains(axis) ? result.extent(axis) - 1 - i[axis] : i[axis];
          }
          return true;
        });
  }

  /** Of a concatenation, in its operands put one after another. */
  static int[] concat(Shape result, int axis, List<Tensor> operands) {
    int[] sources = new int[(int) result.elements()];
    int inner = (int) result.strides()[result.axis(axis)];
    int row = inner * result.extent(axis);
    int column = 0;
    int from = 0;
    for (Tensor operand : operands) {
      int block = inner * operand.shape().extent(axis);
      for (int i = 0; i < operand.shape().elements(); i++) {
        sources[i / block * row + column + i % block] = from++;
      }
      column += block;
    }
    return sources;
  }

  /** Of window columns, in the images. */
  static int[] unfold(Op.Window w, Shape image) {
    int rows = w.positions(image.extent(2), w.kernelHeight());
    int columns = w.positions(image.extent(3), w.kernelWidth());
    int planes = image.extent(0) * image.extent(1);
    int[] sources = new int[planes * w.kernelHeight() * w.kernelWidth() * rows * columns];
    int column = 0;
    for (int plane = 0; plane < planes; plane++) {
      for (int ky = 0; ky < w.kernelHeight(); ky++) {
        for (int kx = 0; kx < w.kernelWidth(); kx++) {
          for (int oy = 0; oy < rows; oy++) {
            for (int ox = 0; ox < columns; ox++, column++) {
              int y = oy * w.stride() + ky - w.padding();
              int x = ox * w.stride() + kx - w.padding();
              boolean inside = y >= 0 && y < image.extent(2) && x >= 0 && x < image.extent(3);
              sources[column] = inside ? (plane * image.extent(2) + y) * image.extent(3) + x : -1;
            }
          }
        }
      }
    }
    return sources;
  }

  /** Of picked rows [b, k, width], in a table [b, rows, width]. */
  static int[] gather(Values indices, int picks, int rows, int width) {
    int[] sources = new int[indices.size() * width];
    for (int i = 0; i < indices.size(); i++) {
      long row = indices.whole(i);
      boolean inside = row >= 0 && row < rows;
      for (int j = 0; j < width; j++) {
        sources[i * width + j] = inside ? (int) (i / picks * rows + row) * width + j : -1;
      }
    }
    return sources;
  }

  /** Of a reduction's operand, in its result. */
  static int[] reduce(Shape operand, List<Integer> axes) {
    int[] targets = new int[(int) operand.elements()];
    int[] index = new int[operand.rank()];
    for (int i = 0; i < targets.length; i++) {
      for (int axis = 0; axis < index.length; axis++) {
        if (!axes.contains(axis)) {
          targets[i] = targets[i] * operand.extent(axis) + index[axis];
        }
      }
      increment(index, operand);
    }
    return targets;
  }

  /** The index along an axis, per element. */
  static int[] along(Shape shape, int axis) {
    int[] result = new int[(int) shape.elements()];
    long inner = shape.strides()[shape.axis(axis)];
    Arrays.setAll(result, i -> (int) (i / inner % shape.extent(axis)));
    return result;
  }

  private static int[] list(Shape result, Shape operand, SourceIndex map) {
    int[] sources = new int[(int) result.elements()];
    int[] index = new int[result.rank()];
    int[] source = new int[operand.rank()];
    for (int i = 0; i < sources.length; i++) {
      sources[i] = map.map(index, source) ? offset(operand, source) : -1;
      increment(index, result);
    }
    return sources;
  }

  private static void increment(int[] index, Shape shape) {
    for (int axis = index.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape.extent(axis)) {
        return;
      }
      index[axis] = 0;
    }
  }

  private static int offset(Shape shape, int[] index) {
    int offset = 0;
    for (int axis = 0; axis < index.length; axis++) {
      offset = offset * shape.extent(axis) + index[axis];
    }
    return offset;
  }
}
