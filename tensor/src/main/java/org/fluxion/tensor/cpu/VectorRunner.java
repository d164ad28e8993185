package org.fluxion.tensor.cpu;

import java.util.Set;
import org.fluxion.tensor.cpu.CpuKernel.Frame;
import org.fluxion.tensor.cpu.VectorBody.Level;
import org.fluxion.tensor.cpu.VectorLowering.Operand;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/** Runs ranges of a loop kernel's rows or elements by its generated loop, once that is fast. */
final class VectorRunner {
  /** Fewer elements are not worth a class of their own. */
  private static final long LEAST_ELEMENTS = 4_096;

  /** A loop is asked for after so many elements. */
  private static final long COLD_ELEMENTS = 1 << 20;

  private final VectorLowering lowering;
  private final LoopClasses.Entry entry;
  private final Operand[] operands;
  private final boolean[] elements;
  private final boolean[] results;
  private final boolean copies;
  private final boolean flat;
  private final long columns;
  private final long size;
  private final long literals;
  private final long[] copyOffsets;
  private final long scratchBytes;
  private final int blockRows;
  private LoopCode code;
  private long seen;

  private VectorRunner(
      VectorLowering lowering,
      VectorPhases plan,
      LoopClasses.Entry entry,
      long literals,
      LoopCode code) {
    this.lowering = lowering;
    this.code = code;
    this.entry = entry;
    this.operands = lowering.operands.toArray(Operand[]::new);
    this.copies = lowering.copies();
    this.flat = lowering.isFlat();
    this.columns = lowering.columns;
    this.size = lowering.kernel.elements();
    this.literals = literals;
    this.elements = new boolean[operands.length];
    this.results = new boolean[operands.length];
    for (VectorBody.Node node : lowering.body.nodes) {
      if (node.op().isLoad() && node.level() == Level.ELEMENT) {
        elements[(Integer) node.attribute()] = true;
      }
    }
    for (VectorBody.Result result : lowering.body.results) {
      elements[result.operand()] = VectorPhases.isStore(result.sink());
      results[result.operand()] = true;
    }
    this.blockRows = (int) Math.max(1, LoopLowering.BLOCK / columns);
    long rowBytes = flat ? 0 : 4 * columns;
    long own = LoopClass.scratchBytes(plan, rowBytes);
    this.copyOffsets = new long[operands.length];
    long offset = (own + 63) / 64 * 64;
    long block = flat ? LoopLowering.BLOCK : blockRows * columns;
    for (int i = 0; i < operands.length; i++) {
      copyOffsets[i] = offset;
      // A flat loop's last elements are run in scratch memory too.
      long most = operands[i].copy() != null ? block : flat ? VectorLowering.LANES : 0;
      offset += (4 * most + 63) / 64 * 64 + (most > 0 ? 64 : 0);
    }
    this.scratchBytes = offset;
  }

  /** What runs a kernel, or null if it is one for the block interpreter. */
  static VectorRunner of(
      Kernel.LoopKernel kernel,
      Set<Buffer> inPlace,
      LoopClasses.Mode mode,
      java.lang.foreign.Arena memory) {
    if (!Width.VECTORS
        || mode == LoopClasses.Mode.INTERPRETED
        || mode == LoopClasses.Mode.AUTOMATIC && kernel.elements() < LEAST_ELEMENTS) {
      return null;
    }
    VectorLowering lowering = VectorLowering.of(kernel, inPlace);
    if (lowering == null) {
      return null;
    }
    VectorPhases plan = new VectorPhases(lowering.body);
    LoopClasses.Entry entry = LoopClasses.of(plan);
    if (entry == null) {
      return null;
    }
    long literals = 0;
    if (!lowering.literals.isEmpty()) {
      literals = memory.allocate(4L * lowering.literals.size(), 64).address();
      for (int i = 0; i < lowering.literals.size(); i++) {
        Memory.putInt(literals + 4L * i, lowering.literals.get(i));
      }
    }
    LoopCode code = mode == LoopClasses.Mode.GENERATED ? LoopClass.define(plan) : null;
    return new VectorRunner(lowering, plan, entry, literals, code);
  }

  long scratchBytes() {
    return scratchBytes;
  }

  int argumentCount() {
    return LoopCode.OPERANDS + LoopCode.OPERAND * operands.length;
  }

  /** The loop to run this time, or null to interpret; asked once for each run of the kernel. */
  LoopCode begin() {
    if (code == null) {
      code = entry.ready();
      seen += size;
      if (code == null && seen > COLD_ELEMENTS) {
        entry.ask();
      }
    }
    return code;
  }

  /** What the tasks of an elementwise or row kernel share out: blocks of elements, or rows. */
  long units() {
    return flat ? Math.ceilDiv(columns, VectorLowering.LANES) : size / columns;
  }

  /** Where the column reductions of a range of rows accumulate. */
  interface Accumulators {
    long address(int number);
  }

  /** Runs units first to last of a kernel without column reductions. */
  void run(LoopCode code, long first, long last, long[] addresses, Frame frame) {
    if (flat) {
      long from = first * VectorLowering.LANES;
      long to = Math.min(columns, last * VectorLowering.LANES);
      long whole = from + (to - from) / VectorLowering.LANES * VectorLowering.LANES;
      long step = copies ? LoopLowering.BLOCK : whole - from;
      for (long at = from; at < whole; at += step) {
        pieces(code, at, Math.min(step, whole - at), addresses, frame);
      }
      if (whole < to) {
        rest(code, whole, (int) (to - whole), addresses, frame);
      }
    } else {
      rows(code, first, last, addresses, frame, null);
    }
  }

  private long address(int operand, long[] addresses) {
    Operand o = operands[operand];
    return o.buffer() == null
        ? literals + 4 * o.offset()
        : addresses[o.buffer().id()] + 4 * o.offset();
  }

  private static int at(int operand) {
    return LoopCode.OPERANDS + LoopCode.OPERAND * operand;
  }

  private void sizes(long[] arguments, long planes, long rows, long elementsOfRow, Frame frame) {
    arguments[0] = planes;
    arguments[1] = rows;
    arguments[2] = 4 * elementsOfRow;
    arguments[3] = frame.scratch;
  }

  /** Elements of a flat loop, as one row. */
  private void pieces(LoopCode code, long start, long n, long[] addresses, Frame frame) {
    long[] arguments = frame.arguments;
    sizes(arguments, 1, 1, n, frame);
    for (int i = 0; i < operands.length; i++) {
      if (operands[i].copy() != null) {
        arguments[at(i)] = copy(i, start, (int) n, addresses, frame);
      } else {
        arguments[at(i)] = address(i, addresses) + (elements[i] ? 4 * start : 0);
      }
    }
    code.run(arguments);
  }

  private long copy(int operand, long start, int n, long[] addresses, Frame frame) {
    Operand o = operands[operand];
    long to = frame.scratch + copyOffsets[operand];
    o.copy().read(to, addresses[o.buffer().id()], start, n, frame.indices);
    return to;
  }

  /** The last elements, fewer than the virtual lanes: run on a copy of that length. */
  private void rest(LoopCode code, long start, int n, long[] addresses, Frame frame) {
    long[] arguments = frame.arguments;
    sizes(arguments, 1, 1, VectorLowering.LANES, frame);
    for (int i = 0; i < operands.length; i++) {
      if (operands[i].copy() != null) {
        arguments[at(i)] = copy(i, start, n, addresses, frame);
      } else if (elements[i]) {
        arguments[at(i)] = frame.scratch + copyOffsets[i];
        if (!results[i]) {
          Memory.copy(arguments[at(i)], address(i, addresses) + 4 * start, 4L * n);
        }
      } else {
        arguments[at(i)] = address(i, addresses);
      }
    }
    code.run(arguments);
    for (int i = 0; i < operands.length; i++) {
      if (results[i] && elements[i]) {
        Memory.copy(address(i, addresses) + 4 * start, frame.scratch + copyOffsets[i], 4L * n);
      }
    }
  }

  /** Rows first to last, in planes as whole as can be. */
  void rows(
      LoopCode code,
      long first,
      long last,
      long[] addresses,
      Frame frame,
      Accumulators accumulators) {
    long[] outer = lowering.outer;
    int depth = outer.length;
    long inner = depth > 0 ? outer[depth - 1] : 1;
    long planes = depth > 1 ? outer[depth - 2] : 1;
    long[] arguments = frame.arguments;
    for (long row = first; row < last; ) {
      long left = last - row;
      long column = row % inner;
      long rows = Math.min(left, inner - column);
      long count = 1;
      if (copies) {
        rows = Math.min(rows, blockRows);
      } else if (column == 0 && left >= inner) {
        count = Math.min(left / inner, planes - row / inner % planes);
      }
      sizes(arguments, count, rows, columns, frame);
      for (int i = 0; i < operands.length; i++) {
        Operand o = operands[i];
        int at = at(i);
        if (o.copy() != null) {
          arguments[at] = copy(i, row * columns, (int) (rows * columns), addresses, frame);
        } else if (o.accumulator() >= 0) {
          arguments[at] = accumulators.address(o.accumulator());
        } else {
          long position = 0;
          long rest = row;
          for (int loop = depth - 1; loop >= 0; loop--) {
            position += rest % outer[loop] * o.strides()[loop];
            rest /= outer[loop];
          }
          arguments[at] = address(i, addresses) + 4 * position;
        }
        arguments[at + 1] = depth > 1 ? 4 * o.strides()[depth - 2] : 0;
        arguments[at + 2] = depth > 0 ? 4 * o.strides()[depth - 1] : 0;
      }
      code.run(arguments);
      row += count * rows;
    }
  }
}
