package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * Where a kernel stands in a tensor: for each axis an offset plus a stride per loop, and conditions
 * from padding. Movement operations are nothing but changes of this map, so they cost nothing.
 */
final class IndexMap {
  /** A loop has to be cut in two before a position can be written as strides. */
  static final class SplitNeeded extends Exception {
    private static final long serialVersionUID = 1;
    final int loop;
    final long inner;

    SplitNeeded(int loop, long inner) {
      super(null, null, false, false);
      this.loop = loop;
      this.inner = inner;
    }
  }

  /**
   * No cut of the loops makes the position a sum of strides: the operand has to be stored first.
   */
  static final class NotAffine extends Exception {
    private static final long serialVersionUID = 1;

    NotAffine() {
      super(null, null, false, false);
    }
  }

  final Loops loops;
  final long[] offsets;
  final long[][] strides;
  final List<Access.Bound> bounds;

  private IndexMap(Loops loops, long[] offsets, long[][] strides, List<Access.Bound> bounds) {
    this.loops = loops;
    this.offsets = offsets;
    this.strides = strides;
    this.bounds = bounds;
  }

  /**
   * The map of a tensor that is walked in order, its elements counted by some of the loops.
   *
   * @param shape the tensor's shape
   * @param loops all loops
   * @param steps the elements that each loop steps over; 0 for loops that leave the tensor in place
   */
  static IndexMap of(Shape shape, Loops loops, long[] steps) throws SplitNeeded, NotAffine {
    IndexMap flat = new IndexMap(loops, new long[] {0}, new long[][] {steps.clone()}, List.of());
    return flat.cut(shape);
  }

  /** This map of a tensor whose axes were taken in some order, for the axes in their own order. */
  IndexMap unpermuted(List<Integer> axes) {
    long[] offset = new long[axes.size()];
    long[][] stride = new long[axes.size()][];
    for (int i = 0; i < axes.size(); i++) {
      offset[axes.get(i)] = offsets[i];
      stride[axes.get(i)] = strides[i];
    }
    return new IndexMap(loops, offset, stride, bounds);
  }

  /** The position in row-major order, as an access to a buffer that holds the whole tensor. */
  Access access(Buffer buffer, Shape shape) {
    long[] steps = shape.strides();
    long offset = 0;
    long[] total = new long[loops.count()];
    for (int axis = 0; axis < offsets.length; axis++) {
      offset += offsets[axis] * steps[axis];
      for (int loop = 0; loop < total.length; loop++) {
        total[loop] += strides[axis][loop] * steps[axis];
      }
    }
    return new Access(buffer, offset, total, bounds);
  }

  /** The operand's map, given the result's, of an operation that only moves elements. */
  IndexMap operand(Tensor node) throws SplitNeeded, NotAffine {
    Shape source = node.inputs().get(0).shape();
    return switch (node.op()) {
      case Op.Reshape o -> flat(node.shape()).cut(source);
      case Op.Permute o -> unpermuted(o.axes());
      case Op.Broadcast o -> {
        long[] offset = offsets.clone();
        long[][] stride = strides.clone();
        for (int axis = 0; axis < offset.length; axis++) {
          if (source.extent(axis) == 1) {
            offset[axis] = 0;
            stride[axis] = new long[loops.count()];
          }
        }
        yield new IndexMap(loops, offset, stride, bounds);
      }
      case Op.Slice o -> {
        long[] offset = new long[offsets.length];
        long[][] stride = new long[offsets.length][];
        for (int axis = 0; axis < offset.length; axis++) {
          int step = o.stride().get(axis);
          offset[axis] = o.start().get(axis) + offsets[axis] * step;
          stride[axis] = scaled(strides[axis], step);
        }
        yield new IndexMap(loops, offset, stride, bounds);
      }
      case Op.Flip o -> {
        long[] offset = offsets.clone();
        long[][] stride = strides.clone();
        for (int axis : o.axes()) {
          offset[axis] = source.extent(axis) - 1 - offsets[axis];
          stride[axis] = scaled(strides[axis], -1);
        }
        yield new IndexMap(loops, offset, stride, bounds);
      }
      case Op.Pad o -> pad(o, source);
      case Op.Unfold o -> unfold(node, o.window(), source);
      default -> throw new IllegalStateException("not a movement: " + node.op().label());
    };
  }

  /**
   * The result's map, given an operand's, of an operation that only moves elements and keeps all.
   *
   * @param node the operation's node
   * @param number which of its operands this is the map of
   */
  IndexMap result(Tensor node, int number) throws SplitNeeded, NotAffine {
    return switch (node.op()) {
      case Op.Reshape o -> flat(node.inputs().get(number).shape()).cut(node.shape());
      case Op.Permute o -> {
        long[] offset = new long[offsets.length];
        long[][] stride = new long[offsets.length][];
        for (int axis = 0; axis < offset.length; axis++) {
          offset[axis] = offsets[o.axes().get(axis)];
          stride[axis] = strides[o.axes().get(axis)];
        }
        yield new IndexMap(loops, offset, stride, bounds);
      }
      case Op.Concat o -> {
        long[] offset = offsets.clone();
        for (Tensor before : node.inputs().subList(0, number)) {
          offset[o.axis()] += before.shape().extent(o.axis());
        }
        yield new IndexMap(loops, offset, strides, bounds);
      }
      default -> throw new NotAffine();
    };
  }

  private IndexMap pad(Op.Pad op, Shape source) throws NotAffine {
    long[] offset = offsets.clone();
    List<Access.Bound> conditions = new ArrayList<>(bounds);
    for (int axis = 0; axis < offset.length; axis++) {
      if (op.interior().get(axis) != 0) {
        throw new NotAffine();
      }
      if (op.low().get(axis) != 0 || op.high().get(axis) != 0) {
        offset[axis] -= op.low().get(axis);
        conditions.add(new Access.Bound(offset[axis], strides[axis], source.extent(axis)));
      }
    }
    return new IndexMap(loops, offset, strides, List.copyOf(conditions));
  }

  /** [n, c·kh·kw, oh·ow] read from [n, c, h, w]: row = oh·stride + kh − padding, and so columns. */
  private IndexMap unfold(Tensor node, Op.Window w, Shape image) throws SplitNeeded, NotAffine {
    int rows = w.positions(image.extent(2), w.kernelHeight());
    int columns = w.positions(image.extent(3), w.kernelWidth());
    Shape parts =
        Shape.of(
            image.extent(0), image.extent(1), w.kernelHeight(), w.kernelWidth(), rows, columns);
    IndexMap fine = flat(node.shape()).cut(parts);
    long[] offset = {
      fine.offsets[0],
      fine.offsets[1],
      fine.offsets[4] * w.stride() + fine.offsets[2] - w.padding(),
      fine.offsets[5] * w.stride() + fine.offsets[3] - w.padding()
    };
    long[][] stride = {
      fine.strides[0],
      fine.strides[1],
      sum(scaled(fine.strides[4], w.stride()), fine.strides[2]),
      sum(scaled(fine.strides[5], w.stride()), fine.strides[3])
    };
    List<Access.Bound> conditions = new ArrayList<>(bounds);
    if (w.padding() > 0) {
      conditions.add(new Access.Bound(offset[2], stride[2], image.extent(2)));
      conditions.add(new Access.Bound(offset[3], stride[3], image.extent(3)));
    }
    return new IndexMap(loops, offset, stride, List.copyOf(conditions));
  }

  private static long[] scaled(long[] strides, long factor) {
    return Arrays.stream(strides).map(s -> s * factor).toArray();
  }

  private static long[] sum(long[] a, long[] b) {
    long[] result = a.clone();
    for (int i = 0; i < a.length; i++) {
      result[i] += b[i];
    }
    return result;
  }

  /** One axis that counts the elements in row-major order. */
  private IndexMap flat(Shape shape) {
    Access whole = access(null, shape);
    return new IndexMap(loops, new long[] {whole.offset()}, new long[][] {whole.strides()}, bounds);
  }

  /** A single axis cut into those of a shape, innermost first. */
  private IndexMap cut(Shape shape) throws SplitNeeded, NotAffine {
    int rank = shape.rank();
    long[] steps = shape.strides();
    long[] offset = new long[rank];
    long[][] stride = new long[rank][loops.count()];
    long[] rest = strides[0].clone();
    long restOffset = offsets[0];
    if (restOffset < 0) {
      throw new NotAffine();
    }
    for (int axis = rank - 1; axis >= 0; axis--) {
      long step = steps[axis];
      long extent = shape.extent(axis);
      long above = step * extent;
      long reach = 0;
      for (int loop = 0; loop < rest.length; loop++) {
        long s = rest[loop];
        if (s < 0) {
          throw new NotAffine();
        }
        if (s % above == 0) {
          continue;
        }
        if (s * (loops.extents().get(loop) - 1) >= above) {
          // The loop crosses into the next axis; an inner loop that ends at the border is cut off.
          long inner = above / s;
          if (above % s != 0 || loops.extents().get(loop) % inner != 0) {
            throw new NotAffine();
          }
          throw new SplitNeeded(loop, inner);
        }
        stride[axis][loop] = s / step;
        reach += s / step * (loops.extents().get(loop) - 1);
        rest[loop] = 0;
      }
      long here = restOffset % above / step;
      if (here + reach >= extent) {
        throw new NotAffine();
      }
      offset[axis] = here;
      restOffset -= here * step;
    }
    if (restOffset != 0 || Arrays.stream(rest).anyMatch(s -> s != 0)) {
      throw new NotAffine();
    }
    return new IndexMap(loops, offset, stride, bounds);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof IndexMap m
        && Arrays.equals(offsets, m.offsets)
        && Arrays.deepEquals(strides, m.strides)
        && bounds.equals(m.bounds);
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(offsets), Arrays.deepHashCode(strides), bounds);
  }
}
