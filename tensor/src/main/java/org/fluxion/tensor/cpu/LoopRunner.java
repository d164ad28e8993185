package org.fluxion.tensor.cpu;

import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.cpu.LoopLowering.Level;
import org.fluxion.tensor.cpu.LoopLowering.Place;
import org.fluxion.tensor.cpu.LoopLowering.Step;
import org.fluxion.tensor.cpu.LoopLowering.Value;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Runs a loop kernel block by block: each step of the body is one call over a block that stays in
 * the cache. Column reductions whose groups are few fold fixed parts of the rows at the same time,
 * and the parts in a second phase.
 */
final class LoopRunner implements CpuKernel {
  private static final int MOST_TASKS = 32;
  private static final long TASK_ELEMENTS = 16_384;

  private final LoopLowering code;
  private final Value[] values;
  private final Step[] prologue;
  private final Step[] steps;
  private final int[] aliases;
  private final long literals;
  private final long groups;
  private final int parts;
  private final long partRows;
  private final int tasks;
  private final VectorRunner vectors;
  private LoopCode generated;

  /**
   * Lowers a kernel.
   *
   * @param kernel the kernel
   * @param inPlace the buffers it writes whose memory it also reads
   * @param mode when it may run as a generated loop
   * @param memory what the literals are allocated in
   */
  LoopRunner(
      Kernel.LoopKernel kernel,
      Set<Buffer> inPlace,
      LoopClasses.Mode mode,
      java.lang.foreign.Arena memory) {
    this.code = new LoopLowering(kernel, inPlace);
    this.vectors = VectorRunner.of(kernel, inPlace, mode, memory);
    this.values = code.values.toArray(Value[]::new);
    this.prologue = code.prologue.toArray(Step[]::new);
    this.steps = code.steps.toArray(Step[]::new);
    this.aliases = new int[values.length];
    for (int v = 0; v < values.length; v++) {
      aliases[v] = code.alias.getOrDefault(v, v);
    }
    this.literals =
        code.literals.isEmpty() ? 0 : memory.allocate(code.literals.size() * 8L, 64).address();
    for (int i = 0; i < code.literals.size(); i++) {
      for (int b = 0; b < 8; b++) {
        Memory.putByte(literals + i * 8L + b, code.literals.get(i)[b]);
      }
    }
    long folded = kernel.folded();
    if (code.columnStores.isEmpty()) {
      groups = 1;
      parts = 1;
      partRows = code.rows;
      tasks = (int) Math.clamp(kernel.elements() / TASK_ELEMENTS, 1, Math.min(MOST_TASKS, units()));
    } else {
      groups = code.rows / folded;
      long blocks = Math.ceilDiv(folded, code.rowsPerBlock);
      long worth = Math.max(1, kernel.elements() / TASK_ELEMENTS);
      long wanted =
          groups >= 8 ? 1 : Math.min(Math.ceilDiv(16, groups), Math.ceilDiv(worth, groups));
      long perPart = Math.ceilDiv(blocks, Math.clamp(wanted, 1, blocks)) * code.rowsPerBlock;
      partRows = perPart;
      parts = (int) Math.ceilDiv(folded, perPart);
      tasks = parts > 1 ? (int) (groups * parts) : (int) Math.min(groups, Math.min(16, worth));
    }
  }

  private long units() {
    return code.pieces
        ? code.rows * Math.ceilDiv(code.columns, LoopLowering.BLOCK)
        : Math.ceilDiv(code.rows, code.rowsPerBlock);
  }

  @Override
  public int phases() {
    return parts > 1 ? 2 : 1;
  }

  @Override
  public int tasks(int phase) {
    return phase == 0 ? tasks : code.columnStores.size();
  }

  @Override
  public long sharedBytes() {
    return parts > 1 ? partOffset(code.columnStores.size()) : 0;
  }

  /** Where the partial results of a store begin. */
  private long partOffset(int store) {
    long offset = 0;
    for (int s = 0; s < store; s++) {
      offset += parts * groups * code.columns * code.columnStores.get(s).buffer().dtype().bytes();
    }
    return offset;
  }

  @Override
  public long scratchBytes() {
    return Math.max(code.scratchBytes, vectors == null ? 0 : vectors.scratchBytes());
  }

  int valueCount() {
    return values.length;
  }

  int loopCount() {
    return code.kernel.loops().size() + 1;
  }

  int argumentCount() {
    return vectors == null ? 0 : vectors.argumentCount();
  }

  /** Whether it runs as a generated loop by now. */
  boolean isGenerated() {
    return generated != null;
  }

  @Override
  public void begin() {
    if (vectors != null) {
      generated = vectors.begin();
    }
  }

  @Override
  public void run(int phase, int task, long[] addresses, long shared, Frame frame) {
    if (phase == 1) {
      combine(task, addresses, shared);
      return;
    }
    if (generated == null) {
      enter(addresses, frame);
    }
    if (code.columnStores.isEmpty()) {
      if (generated != null) {
        long all = vectors.units();
        vectors.run(generated, all * task / tasks, all * (task + 1) / tasks, addresses, frame);
        return;
      }
      long units = units();
      long from = units * task / tasks;
      long to = units * (task + 1) / tasks;
      if (code.pieces) {
        int perRow = Math.ceilDiv(code.columns, LoopLowering.BLOCK);
        for (long unit = from; unit < to; unit++) {
          piece(unit / perRow, (int) (unit % perRow), addresses, frame, 0, 0);
        }
      } else {
        for (long unit = from; unit < to; unit++) {
          long row = unit * code.rowsPerBlock;
          block(row, (int) Math.min(code.rowsPerBlock, code.rows - row), addresses, frame, 0, 0);
        }
      }
    } else if (parts > 1) {
      fold(task / parts, task % parts, addresses, shared, frame);
    } else {
      for (long group = groups * task / tasks; group < groups * (task + 1) / tasks; group++) {
        fold(group, 0, addresses, shared, frame);
      }
    }
  }

  /** One part of one group of rows. */
  private void fold(long group, int part, long[] addresses, long shared, Frame frame) {
    long folded = code.kernel.folded();
    long first = part * partRows;
    long last = Math.min(folded, first + partRows);
    for (int s = 0; s < code.columnStores.size(); s++) {
      DType dtype = code.columnStores.get(s).buffer().dtype();
      identity(s, accumulator(s, group, part, addresses, shared), dtype, code.columns);
    }
    if (generated != null) {
      long start = group * folded;
      vectors.rows(
          generated,
          start + first,
          start + last,
          addresses,
          frame,
          s -> accumulator(s, group, part, addresses, shared));
      return;
    }
    for (long row = first; row < last; row += code.rowsPerBlock) {
      long start = group * folded + row;
      if (code.pieces) {
        for (int piece = 0; piece * LoopLowering.BLOCK < code.columns; piece++) {
          piece(start, piece, addresses, frame, shared, part);
        }
      } else {
        int rows = (int) Math.min(code.rowsPerBlock, last - row);
        block(start, rows, addresses, frame, shared, part);
      }
    }
  }

  private void identity(int store, long address, DType dtype, int n) {
    Copies.fill(dtype, address, isMaximum(store) ? lowest(dtype) : 0, n);
  }

  private static double lowest(DType dtype) {
    return switch (dtype) {
      case INT32 -> Integer.MIN_VALUE;
      case INT64 -> Long.MIN_VALUE;
      default -> Double.NEGATIVE_INFINITY;
    };
  }

  private boolean isMaximum(int store) {
    Kernel.Store target = code.columnStores.get(store);
    return code.kernel.body().get(target.value()) instanceof Kernel.ColumnReduce reduce
        && reduce.maximum();
  }

  private long accumulator(int store, long group, int part, long[] addresses, long shared) {
    Buffer buffer = code.columnStores.get(store).buffer();
    long bytes = buffer.dtype().bytes();
    long base =
        parts == 1
            ? addresses[buffer.id()]
            : shared + partOffset(store) + part * groups * code.columns * bytes;
    return base + group * code.columns * bytes;
  }

  private void combine(int store, long[] addresses, long shared) {
    Buffer buffer = code.columnStores.get(store).buffer();
    int n = Math.toIntExact(groups * code.columns);
    long out = addresses[buffer.id()];
    identity(store, out, buffer.dtype(), n);
    (isMaximum(store) ? Reductions.columnMax(buffer.dtype()) : Reductions.columnSum(buffer.dtype()))
        .apply(shared + partOffset(store), parts, n, out);
  }

  /** Gives every value an address and computes those that all blocks share. */
  private void enter(long[] addresses, Frame frame) {
    long[] at = frame.values;
    for (int v = 0; v < values.length; v++) {
      Value value = values[aliases[v]];
      at[v] =
          switch (value.place) {
            case SCRATCH -> frame.scratch + value.offset;
            case LITERAL -> literals + value.offset;
            case STREAM -> addresses[value.buffer.id()] + value.offset * value.dtype.bytes();
          };
    }
    int n = (int) Math.min(code.blockElements(), code.kernel.elements());
    for (Step step : prologue) {
      step(step, 0, 0, n, code.rowsPerBlock, code.columns, addresses, frame);
    }
  }

  private void block(long row, int rows, long[] addresses, Frame frame, long shared, int part) {
    long start = row * code.columns;
    move(start, row, addresses, frame);
    for (Step step : steps) {
      if (step instanceof LoopLowering.ColumnReduce reduce) {
        long group = row / code.kernel.folded();
        reduce
            .reduction()
            .apply(
                frame.values[reduce.in()],
                rows,
                code.columns,
                accumulator(reduce.store(), group, part, addresses, shared));
      } else {
        step(step, start, row, rows * code.columns, rows, code.columns, addresses, frame);
      }
    }
  }

  private void piece(long row, int piece, long[] addresses, Frame frame, long shared, int part) {
    int first = piece * LoopLowering.BLOCK;
    int n = Math.min(LoopLowering.BLOCK, code.columns - first);
    long start = row * code.columns + first;
    move(start, row, addresses, frame);
    for (Step step : steps) {
      if (step instanceof LoopLowering.ColumnReduce reduce) {
        long group = row / code.kernel.folded();
        long accumulator = accumulator(reduce.store(), group, part, addresses, shared);
        int bytes = code.columnStores.get(reduce.store()).buffer().dtype().bytes();
        reduce
            .reduction()
            .apply(frame.values[reduce.in()], 1, n, accumulator + (long) first * bytes);
      } else {
        step(step, start, row, n, 1, n, addresses, frame);
      }
    }
  }

  /** Points the values that lie in buffers at the block's elements. */
  private void move(long start, long row, long[] addresses, Frame frame) {
    for (int v = 0; v < values.length; v++) {
      Value value = values[v];
      if (value.place == Place.STREAM && value.level != Level.UNIFORM && aliases[v] == v) {
        long element = value.level == Level.ROW ? row : start;
        frame.values[v] =
            addresses[value.buffer.id()] + (value.offset + element) * value.dtype.bytes();
      }
    }
  }

  private static void step(
      Step step,
      long start,
      long row,
      int n,
      int rows,
      int columns,
      long[] addresses,
      Frame frame) {
    long[] at = frame.values;
    switch (step) {
      case LoopLowering.Compute s ->
          s.function()
              .apply(
                  at[s.out()],
                  at[s.a()],
                  s.b() < 0 ? 0 : at[s.b()],
                  s.c() < 0 ? 0 : at[s.c()],
                  count(s.level(), n, rows));
      case LoopLowering.Read s ->
          s.read()
              .read(
                  at[s.out()],
                  addresses[s.buffer()],
                  s.level() == Level.ROW ? row : start,
                  count(s.level(), n, rows),
                  frame.indices);
      case LoopLowering.Positions s ->
          s.read()
              .positions(
                  at[s.out()],
                  s.level() == Level.ROW ? row : start,
                  count(s.level(), n, rows),
                  frame.indices);
      case LoopLowering.Expand s -> {
        if (s.from() == Level.ROW) {
          Copies.expandRows(s.bytes(), at[s.in()], rows, columns, at[s.out()]);
        } else if (s.from() == Level.COLUMN) {
          Memory.copy(at[s.out()], at[s.in()], (long) n * s.bytes());
        } else {
          Copies.expandRows(s.bytes(), at[s.in()], 1, count(s.to(), n, rows), at[s.out()]);
        }
      }
      case LoopLowering.RowReduce s -> s.reduction().apply(at[s.in()], rows, columns, at[s.out()]);
      case LoopLowering.Copy s ->
          Memory.copy(at[s.out()], at[s.in()], (long) count(s.level(), n, rows) * s.bytes());
      case LoopLowering.ColumnReduce s -> throw new IllegalStateException("not reached");
    }
  }

  private static int count(Level level, int n, int rows) {
    return switch (level) {
      case UNIFORM -> 1;
      case ROW -> rows;
      case COLUMN, ELEMENT -> n;
    };
  }
}
