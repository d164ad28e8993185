package org.fluxion.tensor.cpu;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.plan.Kernel;

/** Runs the operations that are neither loops over elements nor products. */
final class OperationRunner implements CpuKernel {
  private static final long TASK_ELEMENTS = 16_384;

  private final Kernel.OperationKernel kernel;
  private final Op op;
  private final DType dtype;
  private final int bytes;
  private final Shape shape;
  private final Shape operand;
  private final int tasks;
  private final ColumnReduction add;

  OperationRunner(Kernel.OperationKernel kernel) {
    this.kernel = kernel;
    this.op = kernel.op();
    this.shape = kernel.shape();
    this.operand = kernel.shapes().get(0);
    this.dtype = kernel.operands().get(0).dtype();
    this.bytes = kernel.result().dtype().bytes();
    this.tasks = (int) Math.clamp(shape.elements() / TASK_ELEMENTS, 1, Math.min(16, parts()));
    this.add = op instanceof Op.ScatterAdd ? Reductions.columnSum(dtype) : null;
  }

  /** The independent pieces of work, of which each task takes a range. */
  private long parts() {
    return switch (op) {
      case Op.Gather o -> kernel.shapes().get(1).elements();
      case Op.ScatterAdd o -> operand.extent(0);
      case Op.Fold o -> (long) shape.extent(0) * shape.extent(1);
      case Op.ArgMax o -> shape.elements();
      case Op.ArgSort o -> shape.elements() / Math.max(1, shape.extent(-1));
      case Op.RandomBits o -> Math.max(1, shape.elements() / 4096);
      case Op.Concat o -> 1;
      case Op.Pad o -> 1;
      default -> throw new IllegalStateException("no kernel of its own: " + op.label());
    };
  }

  @Override
  public int phases() {
    return 1;
  }

  @Override
  public int tasks(int phase) {
    return tasks;
  }

  @Override
  public long sharedBytes() {
    return 0;
  }

  @Override
  public long scratchBytes() {
    return op instanceof Op.ArgSort ? 16L * shape.extent(-1) : 0;
  }

  @Override
  public void run(int phase, int task, long[] addresses, long shared, Frame frame) {
    long parts = Math.max(1, parts());
    long from = parts * task / tasks;
    long to = parts * (task + 1) / tasks;
    long out = addresses[kernel.result().id()];
    long in = addresses[kernel.operands().get(0).id()];
    switch (op) {
      case Op.Gather o -> gather(in, addresses[kernel.operands().get(1).id()], out, from, to);
      case Op.ScatterAdd o ->
          scatterAdd(in, addresses[kernel.operands().get(1).id()], out, from, to);
      case Op.Fold o -> fold(o, in, out, from, to);
      case Op.ArgMax o -> argMax(o.axis(), in, out, from, to);
      case Op.ArgSort o ->
          Sorting.argSort(dtype, in, out, shape.extent(-1), from, to, frame.scratch);
      case Op.RandomBits o -> {
        long first = from * 4096;
        long last = to == parts ? shape.elements() : to * 4096;
        for (long i = first; i < last; i += 4096) {
          int n = (int) Math.min(4096, last - i);
          RandomBlocks.randomBits(out + i * 4, in, o.offset(), i, n);
        }
      }
      case Op.Concat o -> concat(o.axis(), addresses, out);
      case Op.Pad o -> pad(o, in, out);
      default -> throw new IllegalStateException("no kernel of its own: " + op.label());
    }
  }

  private long index(int operandNumber, long address, long i) {
    return kernel.operands().get(operandNumber).dtype() == DType.INT64
        ? Memory.getLong(address + i * 8)
        : Memory.getInt(address + i * 4);
  }

  private void gather(long in, long indices, long out, long from, long to) {
    int rows = operand.extent(1);
    int picks = shape.extent(1);
    long width = (long) shape.extent(2) * bytes;
    for (long i = from; i < to; i++) {
      long row = index(1, indices, i);
      if (row >= 0 && row < rows) {
        Memory.copy(out + i * width, in + (i / picks * rows + row) * width, width);
      } else {
        Copies.fillBits(bytes, out + i * width, 0, shape.extent(2));
      }
    }
  }

  private void scatterAdd(long in, long indices, long out, long from, long to) {
    int rows = shape.extent(1);
    int picks = kernel.shapes().get(1).extent(1);
    int columns = shape.extent(2);
    long width = (long) columns * bytes;
    for (long b = from; b < to; b++) {
      for (long row = 0; row < rows; row++) {
        Copies.fillBits(bytes, out + (b * rows + row) * width, 0, columns);
      }
      for (long i = b * picks; i < (b + 1) * picks; i++) {
        long row = index(1, indices, i);
        if (row >= 0 && row < rows) {
          add.apply(in + i * width, 1, columns, out + (b * rows + row) * width);
        }
      }
    }
  }

  private double get(long address, long i) {
    return switch (dtype) {
      case FLOAT32 -> Memory.getFloat(address + i * 4);
      case FLOAT64 -> Memory.getDouble(address + i * 8);
      case INT32 -> Memory.getInt(address + i * 4);
      case INT64 -> Memory.getLong(address + i * 8);
      default -> throw new IllegalStateException("no arithmetic on " + dtype);
    };
  }

  private void fold(Op.Fold o, long in, long out, long from, long to) {
    Op.Window w = o.window();
    int rows = w.positions(o.height(), w.kernelHeight());
    int columns = w.positions(o.width(), w.kernelWidth());
    int area = w.kernelHeight() * w.kernelWidth();
    long plane = (long) o.height() * o.width();
    for (long p = from; p < to; p++) {
      Copies.fillBits(bytes, out + p * plane * bytes, 0, (int) plane);
      for (int k = 0; k < area; k++) {
        int ky = k / w.kernelWidth();
        int kx = k % w.kernelWidth();
        for (int oy = 0; oy < rows; oy++) {
          int y = oy * w.stride() + ky - w.padding();
          for (int ox = 0; ox < columns && y >= 0 && y < o.height(); ox++) {
            int x = ox * w.stride() + kx - w.padding();
            if (x >= 0 && x < o.width()) {
              long source = ((p * area + k) * rows + oy) * columns + ox;
              accumulate(out, p * plane + (long) y * o.width() + x, in, source);
            }
          }
        }
      }
    }
  }

  private void accumulate(long out, long target, long in, long source) {
    switch (dtype) {
      case FLOAT32 -> {
        long at = out + target * 4;
        Memory.putFloat(at, Memory.getFloat(at) + Memory.getFloat(in + source * 4));
      }
      case FLOAT64 -> {
        long at = out + target * 8;
        Memory.putDouble(at, Memory.getDouble(at) + Memory.getDouble(in + source * 8));
      }
      case INT32 -> {
        long at = out + target * 4;
        Memory.putInt(at, Memory.getInt(at) + Memory.getInt(in + source * 4));
      }
      case INT64 -> {
        long at = out + target * 8;
        Memory.putLong(at, Memory.getLong(at) + Memory.getLong(in + source * 8));
      }
      default -> throw new IllegalStateException("no arithmetic on " + dtype);
    }
  }

  private boolean above(long address, long i, long j) {
    if (dtype == DType.INT64) {
      return Memory.getLong(address + i * 8) > Memory.getLong(address + j * 8);
    }
    double a = get(address, i);
    double b = get(address, j);
    // Comparing as Double puts NaN above everything, as maximum does.
    return Double.compare(a, b) > 0 && a != b;
  }

  private void argMax(int axis, long in, long out, long from, long to) {
    int extent = operand.extent(axis);
    long inner = operand.strides()[operand.axis(axis)];
    for (long i = from; i < to; i++) {
      long base = i / inner * inner * extent + i % inner;
      int best = 0;
      for (int j = 1; j < extent; j++) {
        if (above(in, base + j * inner, base + best * inner)) {
          best = j;
        }
      }
      Memory.putInt(out + i * 4, best);
    }
  }

  private void concat(int axis, long[] addresses, long out) {
    long inner = shape.strides()[shape.axis(axis)];
    long row = inner * shape.extent(axis) * bytes;
    long start = 0;
    List<Shape> shapes = kernel.shapes();
    for (int k = 0; k < shapes.size(); k++) {
      long block = inner * shapes.get(k).extent(axis) * bytes;
      long from = addresses[kernel.operands().get(k).id()];
      long rows = block == 0 ? 0 : shapes.get(k).elements() * bytes / block;
      for (long r = 0; r < rows; r++) {
        Memory.copy(out + start + r * row, from + r * block, block);
      }
      start += block;
    }
  }

  private void pad(Op.Pad o, long in, long out) {
    long total = shape.elements();
    for (long done = 0; done < total; done += LoopLowering.BLOCK) {
      int n = (int) Math.min(LoopLowering.BLOCK, total - done);
      Copies.fillBits(bytes, out + done * bytes, 0, n);
    }
    long[] steps = shape.strides();
    long elements = operand.elements();
    for (long i = 0; i < elements; i++) {
      long rest = i;
      long target = 0;
      boolean inside = true;
      for (int axis = operand.rank() - 1; axis >= 0; axis--) {
        long at = rest % operand.extent(axis) * (o.interior().get(axis) + 1) + o.low().get(axis);
        rest /= operand.extent(axis);
        inside &= at >= 0 && at < shape.extent(axis);
        target += at * steps[axis];
      }
      if (inside) {
        Copies.copyStrided(bytes, out + target * bytes, 1, in + i * bytes, 1, 1);
      }
    }
  }
}
