package org.fluxion.tensor.cpu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.cpu.VectorBody.Level;
import org.fluxion.tensor.cpu.VectorBody.Sink;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * A loop kernel as rows of vectors: the loops in which every operand steps by a fixed stride, and
 * the body in vector operations. Operands that lie otherwise (transposed, padded) are copied to
 * scratch memory first, a block at a time.
 */
final class VectorLowering {
  /** Rows are cut into this many elements, the virtual lanes of a sum. */
  static final int LANES = ScalarReductions.LANES;

  /** The kernel has something that only the block interpreter can do. */
  private static final class Unsupported extends Exception {
    private static final long serialVersionUID = 1;

    Unsupported() {
      super(null, null, false, false);
    }
  }

  /**
   * An operand of the loop.
   *
   * @param buffer where it lies; null for a literal
   * @param offset the first element, or the literal's number
   * @param strides elements per step of each outer loop
   * @param copy reads it to scratch memory, or null
   * @param accumulator the number of the column reduction, or −1
   */
  record Operand(Buffer buffer, long offset, long[] strides, StridedRead copy, int accumulator) {}

  final Kernel.LoopKernel kernel;
  final VectorBody body = new VectorBody();
  final List<Operand> operands = new ArrayList<>();

  /** The bits of constants. */
  final List<Integer> literals = new ArrayList<>();

  /** The merged loops around the row, outermost first. */
  long[] outer;

  /** The elements of a row. */
  long columns;

  private final Set<Buffer> inPlace;
  private final VectorElementary elementary = new VectorElementary(body);
  private final int[] number;
  private final Set<Access> copied = new HashSet<>();
  private int[] loopOf;
  private int rowLoops;

  private VectorLowering(Kernel.LoopKernel kernel, Set<Buffer> inPlace) {
    this.kernel = kernel;
    this.inPlace = inPlace;
    this.number = new int[kernel.body().size()];
  }

  /** The kernel in vectors, or null if it has to be interpreted. */
  static VectorLowering of(Kernel.LoopKernel kernel, Set<Buffer> inPlace) {
    VectorLowering lowering = new VectorLowering(kernel, inPlace);
    try {
      if (kernel.row() == 1 && kernel.folded() > 1) {
        return null;
      }
      lowering.cut();
      lowering.lower();
    } catch (Unsupported unsupported) {
      return null;
    }
    return lowering;
  }

  /** Whether the kernel is elementwise and its rows may be cut anywhere. */
  boolean isFlat() {
    return outer.length == 0 && kernel.row() == 1;
  }

  /** Whether something is copied to scratch memory first. */
  boolean copies() {
    return !copied.isEmpty();
  }

  private List<Access> accesses() {
    return kernel.body().stream()
        .filter(Kernel.Load.class::isInstance)
        .map(i -> ((Kernel.Load) i).access())
        .distinct()
        .toList();
  }

  /** Chooses the row: the innermost loops through which operands run on, or the kernel's own. */
  private void cut() throws Unsupported {
    List<Long> loops = kernel.loops();
    List<Access> accesses = accesses();
    accesses.stream().filter(a -> !a.bounds().isEmpty()).forEach(copied::add);
    if (kernel.row() > 1) {
      columns = 1;
      while (columns < kernel.row()) {
        rowLoops++;
        columns *= loops.get(loops.size() - rowLoops);
      }
      accesses.stream().filter(a -> rowStride(a, rowLoops) < 0).forEach(copied::add);
      if (columns % LANES != 0) {
        throw new Unsupported();
      }
    } else {
      rowLoops = Math.min(1, loops.size());
      accesses.stream().filter(a -> rowStride(a, rowLoops) < 0).forEach(copied::add);
      columns = loops.isEmpty() ? 1 : loops.getLast();
      while (rowLoops < loops.size()) {
        int longer = rowLoops + 1;
        List<Access> broken =
            accesses.stream().filter(a -> !copied.contains(a) && rowStride(a, longer) < 0).toList();
        if (!broken.isEmpty() && columns % LANES == 0) {
          break;
        }
        copied.addAll(broken);
        rowLoops = longer;
        columns *= loops.get(loops.size() - rowLoops);
      }
      if (columns % LANES != 0 && rowLoops < loops.size()) {
        throw new Unsupported();
      }
    }
    merge(accesses);
  }

  /** The stride within a row of so many loops: 0 or 1, or −1 if it is neither. */
  private int rowStride(Access access, int loops) {
    long[] strides = access.strides();
    long step = 1;
    boolean none = true;
    boolean unit = true;
    for (int i = 1; i <= loops; i++) {
      long stride = strides[strides.length - i];
      none &= stride == 0;
      unit &= stride == step;
      step *= kernel.loops().get(strides.length - i);
    }
    return unit ? 1 : none ? 0 : -1;
  }

  /** Walks neighbouring outer loops as one where every operand runs on. */
  private void merge(List<Access> accesses) {
    List<Long> loops = kernel.loops();
    int count = loops.size() - rowLoops;
    List<Long> merged = new ArrayList<>();
    loopOf = new int[count];
    for (int loop = 0; loop < count; loop++) {
      long extent = loops.get(loop);
      boolean continues = loop > 0;
      for (Access access : accesses) {
        if (continues && !copied.contains(access)) {
          long[] strides = access.strides();
          continues = strides[loop - 1] == strides[loop] * extent;
        }
      }
      if (continues) {
        merged.set(merged.size() - 1, merged.getLast() * extent);
      } else {
        merged.add(extent);
      }
      loopOf[loop] = merged.size() - 1;
    }
    outer = merged.stream().mapToLong(Long::longValue).toArray();
  }

  private void lower() throws Unsupported {
    List<Kernel.Instruction> instructions = kernel.body();
    for (int i = 0; i < number.length; i++) {
      number[i] = lower(instructions.get(i));
    }
    int accumulators = 0;
    for (int i = 0; i < number.length; i++) {
      // Numbered as the interpreter numbers them.
      if (instructions.get(i) instanceof Kernel.ColumnReduce reduce) {
        for (Kernel.Store store : kernel.stores()) {
          if (store.value() == i) {
            body.result(number[i], reduce.maximum() ? Sink.COLUMN_MAX : Sink.COLUMN_SUM);
            operands.add(
                new Operand(store.buffer(), 0, new long[outer.length], null, accumulators++));
          }
        }
      }
    }
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() == Kernel.Level.COLUMN) {
        continue;
      }
      require(store.buffer().dtype() == DType.FLOAT32);
      require(body.type(number[store.value()]) == VectorOp.Type.FLOAT);
      boolean rows = store.level() == Kernel.Level.ROW;
      body.result(
          number[store.value()],
          rows ? Sink.ROWS : inPlace.contains(store.buffer()) ? Sink.IN_PLACE : Sink.ELEMENTS);
      long[] strides = new long[outer.length];
      long step = rows ? 1 : columns;
      for (int loop = outer.length - 1; loop >= 0; loop--) {
        strides[loop] = step;
        step *= outer[loop];
      }
      operands.add(new Operand(store.buffer(), 0, strides, null, -1));
    }
  }

  private static void require(boolean supported) throws Unsupported {
    if (!supported) {
      throw new Unsupported();
    }
  }

  private int lower(Kernel.Instruction instruction) throws Unsupported {
    return switch (instruction) {
      case Kernel.Load load -> load(load.access());
      case Kernel.Literal literal -> {
        boolean floats = literal.dtype() == DType.FLOAT32;
        require(floats || literal.dtype() == DType.INT32);
        operands.add(new Operand(null, literals.size(), new long[outer.length], null, -1));
        literals.add(
            floats
                ? Float.floatToRawIntBits((float) literal.value().getDouble(0))
                : (int) literal.value().getLong(0));
        yield body.load(floats ? VectorOp.LOAD : VectorOp.LOAD_INT, Level.UNIFORM);
      }
      case Kernel.Index index -> throw new Unsupported();
      case Kernel.RowReduce reduce -> {
        require(reduce.dtype() == DType.FLOAT32);
        int operand = number[reduce.operand()];
        yield body.add(reduce.maximum() ? VectorOp.ROW_MAX : VectorOp.ROW_SUM, operand);
      }
      case Kernel.ColumnReduce reduce -> {
        require(reduce.dtype() == DType.FLOAT32);
        yield number[reduce.operand()];
      }
      case Kernel.Compute compute -> compute(compute);
    };
  }

  private int load(Access access) throws Unsupported {
    DType dtype = access.buffer().dtype();
    require(dtype == DType.FLOAT32 || dtype == DType.INT32);
    VectorOp op = dtype == DType.FLOAT32 ? VectorOp.LOAD : VectorOp.LOAD_INT;
    long[] strides = new long[outer.length];
    if (copied.contains(access)) {
      StridedRead read = new StridedRead(dtype, kernel.loops(), access);
      for (int loop = outer.length - 1; loop >= 0; loop--) {
        strides[loop] = loop == outer.length - 1 ? columns : 0;
      }
      operands.add(new Operand(access.buffer(), 0, strides, read, -1));
      return body.load(op, Level.ELEMENT);
    }
    boolean rows = false;
    for (int loop = 0; loop < loopOf.length; loop++) {
      // The innermost of merged loops has the stride of all.
      strides[loopOf[loop]] = access.strides()[loop];
      rows |= access.strides()[loop] != 0;
    }
    operands.add(new Operand(access.buffer(), access.offset(), strides, null, -1));
    boolean elements = rowLoops > 0 && rowStride(access, rowLoops) == 1 && columns > 1;
    return body.load(op, elements ? Level.ELEMENT : rows ? Level.ROW : Level.UNIFORM);
  }

  private int compute(Kernel.Compute compute) throws Unsupported {
    List<Integer> operands = compute.operands();
    int a = number[operands.get(0)];
    int b = operands.size() > 1 ? number[operands.get(1)] : -1;
    if (compute.op() instanceof Op.Select) {
      int c = number[operands.get(2)];
      floats(b, c);
      require(body.type(a) == VectorOp.Type.MASK);
      return body.add(VectorOp.BLEND, c, b, a);
    }
    if (body.type(a) == VectorOp.Type.MASK) {
      return switch (compute.op()) {
        case Op.Not o -> body.add(VectorOp.NOT, a);
        case Op.And o -> body.add(VectorOp.AND, a, b);
        case Op.Or o -> body.add(VectorOp.OR, a, b);
        case Op.Cast cast when cast.dtype() == DType.FLOAT32 ->
            body.add(VectorOp.BLEND, body.constant(0f), body.constant(1f), a);
        default -> throw new Unsupported();
      };
    }
    if (body.type(a) == VectorOp.Type.INT) {
      return switch (compute.op()) {
        case Op.Add o -> body.add(VectorOp.INT_ADD, a, b);
        case Op.Sub o -> body.add(VectorOp.INT_SUB, a, b);
        case Op.Mul o -> body.add(VectorOp.INT_MUL, a, b);
        case Op.And o -> body.add(VectorOp.INT_AND, a, b);
        case Op.Or o -> body.add(VectorOp.INT_OR, a, b);
        case Op.Equal o -> body.add(VectorOp.INT_EQUAL, a, b);
        case Op.Less o -> body.add(VectorOp.INT_LESS, a, b);
        case Op.LessEqual o -> body.add(VectorOp.INT_LESS_EQUAL, a, b);
        case Op.Cast cast when cast.dtype() == DType.FLOAT32 -> body.add(VectorOp.TO_FLOAT, a);
        default -> throw new Unsupported();
      };
    }
    floats(a, b < 0 ? a : b);
    return switch (compute.op()) {
      case Op.Neg o -> body.add(VectorOp.NEG, a);
      case Op.Abs o -> body.add(VectorOp.ABS, a);
      case Op.Sqrt o -> body.add(VectorOp.SQRT, a);
      case Op.Add o -> body.add(VectorOp.ADD, a, b);
      case Op.Sub o -> body.add(VectorOp.SUB, a, b);
      case Op.Mul o -> body.add(VectorOp.MUL, a, b);
      case Op.Div o -> body.add(VectorOp.DIV, a, b);
      case Op.Max o -> body.add(VectorOp.MAX, a, b);
      case Op.Min o -> body.add(VectorOp.MIN, a, b);
      case Op.Equal o -> body.add(VectorOp.EQUAL, a, b);
      case Op.Less o -> body.add(VectorOp.LESS, a, b);
      case Op.LessEqual o -> body.add(VectorOp.LESS_EQUAL, a, b);
      case Op.Exp o -> elementary.exp(a);
      case Op.Expm1 o -> elementary.expm1(a);
      case Op.Log o -> elementary.log(a);
      case Op.Log1p o -> elementary.log1p(a);
      case Op.Tanh o -> elementary.tanh(a);
      case Op.Sigmoid o -> elementary.sigmoid(a);
      case Op.Erf o -> elementary.erf(a);
      case Op.Sign o -> elementary.sign(a);
      case Op.Floor o -> elementary.floor(a);
      case Op.Cast cast when cast.dtype() == DType.FLOAT32 -> a;
      default -> throw new Unsupported();
    };
  }

  private void floats(int a, int b) throws Unsupported {
    require(body.type(a) == VectorOp.Type.FLOAT && body.type(b) == VectorOp.Type.FLOAT);
  }
}
