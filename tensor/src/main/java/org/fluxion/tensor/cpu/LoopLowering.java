package org.fluxion.tensor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Turns a loop kernel's body into steps over blocks. Every value is computed as seldom as it can
 * be: once for a task if it is the same everywhere (uniform) or in every row (column), once a row,
 * or once an element; and is repeated only where it meets values that vary more.
 */
final class LoopLowering {
  /** Elements in a block, so that a few blocks of float32 stay in a 32 KB cache. */
  static final int BLOCK = 2048;

  /** How a value varies. */
  enum Level {
    UNIFORM,
    COLUMN,
    ROW,
    ELEMENT;

    Level join(Level other) {
      if (this == other || other == UNIFORM) {
        return this;
      }
      return this == UNIFORM ? other : ELEMENT;
    }
  }

  /** Where a value lies while a block is computed. */
  enum Place {
    /** In the thread's scratch memory. */
    SCRATCH,
    /** In a buffer, moving on with the blocks. */
    STREAM,
    /** In the kernel's literals. */
    LITERAL
  }

  /** A value of the body, or a repeated copy of one. */
  static final class Value {
    final DType dtype;
    final Level level;
    Place place = Place.SCRATCH;
    long offset;
    Buffer buffer;
    int lastUse = -1;

    Value(DType dtype, Level level) {
      this.dtype = dtype;
      this.level = level;
    }
  }

  /** One call for each block, or for each task if it is in the prologue. */
  sealed interface Step {}

  record Compute(BlockFunction function, int out, int a, int b, int c, Level level)
      implements Step {}

  record Read(StridedRead read, int buffer, int out, Level level) implements Step {}

  record Positions(StridedRead read, int out, Level level) implements Step {}

  record Expand(int bytes, int in, Level from, int out, Level to) implements Step {}

  record RowReduce(RowReduction reduction, int in, int out) implements Step {}

  record ColumnReduce(ColumnReduction reduction, int in, int store) implements Step {}

  record Copy(int bytes, int in, int out, Level level) implements Step {}

  final Kernel.LoopKernel kernel;
  final int columns;
  final int rowsPerBlock;
  final boolean pieces;
  final long rows;
  final List<Value> values = new ArrayList<>();
  final List<Step> prologue = new ArrayList<>();
  final List<Step> steps = new ArrayList<>();
  final List<byte[]> literals = new ArrayList<>();

  /** The stores of column reductions, which the runner accumulates into. */
  final List<Kernel.Store> columnStores = new ArrayList<>();

  long scratchBytes;
  private final int rowLoops;
  private final Set<Buffer> inPlace;
  private final int[] number;
  private final Map<Long, Integer> expanded = new HashMap<>();

  LoopLowering(Kernel.LoopKernel kernel, Set<Buffer> inPlace) {
    this.kernel = kernel;
    this.inPlace = inPlace;
    this.number = new int[kernel.body().size()];
    List<Long> loops = kernel.loops();
    long row = 1;
    int count = 0;
    while (count < loops.size()) {
      long longer = row * loops.get(loops.size() - 1 - count);
      boolean wanted = kernel.row() > 1 ? longer <= kernel.row() : longer <= BLOCK || count == 0;
      if (!wanted || kernel.folded() > 1 && kernel.row() == 1) {
        break;
      }
      row = longer;
      count++;
    }
    this.rowLoops = count;
    if (row > Integer.MAX_VALUE) {
      throw new TensorException(
          "%s: rows of %d elements are more than the cpu counts, %d; split the tensor or reduce axis by axis"
              .formatted(kernel.name(), row, Integer.MAX_VALUE));
    }
    this.columns = (int) row;
    this.rows = kernel.elements() / Math.max(1, row);
    boolean reducesRows = kernel.body().stream().anyMatch(Kernel.RowReduce.class::isInstance);
    this.pieces = columns > BLOCK && !reducesRows;
    this.rowsPerBlock =
        (int) Math.max(1, Math.min(pieces ? 1 : BLOCK / columns, Math.max(1, rows)));
    lower();
    place();
  }

  /** The most elements in a block. */
  int blockElements() {
    return pieces ? BLOCK : rowsPerBlock * columns;
  }

  private Level level(long[] strides) {
    boolean outer = false;
    boolean inner = false;
    for (int loop = 0; loop < strides.length; loop++) {
      if (strides[loop] != 0) {
        if (loop < strides.length - rowLoops) {
          outer = true;
        } else {
          inner = true;
        }
      }
    }
    if (inner && (outer || pieces)) {
      return Level.ELEMENT;
    }
    return inner ? Level.COLUMN : outer ? Level.ROW : Level.UNIFORM;
  }

  private Level level(Access access) {
    Level level = level(access.strides());
    for (Access.Bound bound : access.bounds()) {
      level = level.join(level(bound.strides()));
    }
    return level;
  }

  private void lower() {
    List<Kernel.Instruction> body = kernel.body();
    Map<Integer, Kernel.Store> direct = new HashMap<>();
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() != Kernel.Level.COLUMN && !inPlace.contains(store.buffer())) {
        direct.putIfAbsent(store.value(), store);
      }
    }
    for (int i = 0; i < body.size(); i++) {
      number[i] = lower(body.get(i));
      Kernel.Store store = direct.get(i);
      if (store != null) {
        Value value = values.get(number[i]);
        if (value.place == Place.SCRATCH && value.level == level(store)) {
          value.place = Place.STREAM;
          value.buffer = store.buffer();
        } else {
          direct.remove(i);
        }
      }
    }
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() != Kernel.Level.COLUMN && direct.get(store.value()) != store) {
        Value out = new Value(store.buffer().dtype(), level(store));
        out.place = Place.STREAM;
        out.buffer = store.buffer();
        int in = number[store.value()];
        values.add(out);
        int target = values.size() - 1;
        Level from = values.get(in).level;
        // Written last, so that nothing that is still read is overwritten in place.
        steps.add(
            from == out.level
                ? new Copy(out.dtype.bytes(), in, target, out.level)
                : new Expand(out.dtype.bytes(), in, from, target, out.level));
      }
    }
  }

  private static Level level(Kernel.Store store) {
    return store.level() == Kernel.Level.ROW ? Level.ROW : Level.ELEMENT;
  }

  private int lower(Kernel.Instruction instruction) {
    return switch (instruction) {
      case Kernel.Load load -> load(load);
      case Kernel.Literal literal -> literal(literal);
      case Kernel.Index index -> {
        long[] strides = index.strides().stream().mapToLong(Long::longValue).toArray();
        Access access = new Access(null, index.offset(), strides, List.of());
        Level level = level(access);
        int out = value(index.dtype(), level);
        add(level, new Positions(reader(index.dtype(), access, level), out, level));
        yield out;
      }
      case Kernel.Compute compute -> compute(compute);
      case Kernel.RowReduce reduce -> {
        int in = atLevel(number[reduce.operand()], Level.ELEMENT);
        int out = value(reduce.dtype(), Level.ROW);
        steps.add(
            new RowReduce(
                reduce.maximum()
                    ? Reductions.rowMax(reduce.dtype())
                    : Reductions.rowSum(reduce.dtype()),
                in,
                out));
        yield out;
      }
      case Kernel.ColumnReduce reduce -> {
        int in = atLevel(number[reduce.operand()], Level.ELEMENT);
        int self = kernel.body().indexOf(instruction);
        for (Kernel.Store store : kernel.stores()) {
          if (store.value() == self) {
            steps.add(
                new ColumnReduce(
                    reduce.maximum()
                        ? Reductions.columnMax(reduce.dtype())
                        : Reductions.columnSum(reduce.dtype()),
                    in,
                    columnStores.size()));
            columnStores.add(store);
          }
        }
        yield in;
      }
    };
  }

  private int load(Kernel.Load load) {
    Access access = load.access();
    Level level = level(access);
    StridedRead read = reader(load.dtype(), access, level);
    int out = value(load.dtype(), level);
    Value value = values.get(out);
    if (level == Level.UNIFORM && access.bounds().isEmpty()) {
      value.place = Place.STREAM;
      value.buffer = access.buffer();
      value.offset = access.offset();
    } else if ((level == Level.ELEMENT || level == Level.ROW) && read.isContiguous()) {
      value.place = Place.STREAM;
      value.buffer = access.buffer();
      value.offset = access.offset();
    } else {
      add(level, new Read(read, access.buffer().id(), out, level));
    }
    return out;
  }

  private StridedRead reader(DType dtype, Access access, Level level) {
    List<Long> loops = kernel.loops();
    if (level != Level.ROW) {
      return new StridedRead(dtype, loops, access);
    }
    int outer = loops.size() - rowLoops;
    Access rows =
        new Access(
            access.buffer(),
            access.offset(),
            Arrays.copyOf(access.strides(), outer),
            access.bounds().stream()
                .map(
                    b ->
                        new Access.Bound(b.offset(), Arrays.copyOf(b.strides(), outer), b.extent()))
                .toList());
    return new StridedRead(dtype, loops.subList(0, outer), rows);
  }

  private int literal(Kernel.Literal literal) {
    int out = value(literal.dtype(), Level.UNIFORM);
    byte[] bytes = new byte[8];
    java.lang.foreign.MemorySegment.copy(
        literal.value().segment(),
        java.lang.foreign.ValueLayout.JAVA_BYTE,
        0,
        bytes,
        0,
        literal.dtype().bytes());
    values.get(out).place = Place.LITERAL;
    values.get(out).offset = literals.size() * 8L;
    literals.add(bytes);
    return out;
  }

  private int compute(Kernel.Compute compute) {
    List<DType> dtypes = new ArrayList<>();
    Level level = Level.UNIFORM;
    for (int operand : compute.operands()) {
      Value value = values.get(number[operand]);
      dtypes.add(value.dtype);
      level = level.join(value.level);
    }
    int uniform = -1;
    int uniforms = 0;
    int[] operands = new int[3];
    Arrays.fill(operands, -1);
    for (int i = 0; i < dtypes.size(); i++) {
      operands[i] = number[compute.operands().get(i)];
      if (values.get(operands[i]).level == Level.UNIFORM && level != Level.UNIFORM) {
        uniform = i;
        uniforms++;
      }
    }
    boolean scalar = uniforms == 1 && dtypes.size() > 1;
    for (int i = 0; i < dtypes.size(); i++) {
      if (!(scalar && i == uniform)) {
        operands[i] = atLevel(operands[i], level);
      }
    }
    BlockFunction function =
        scalar
            ? BlockFunctions.withScalar(compute.op(), dtypes, compute.dtype(), uniform)
            : BlockFunctions.of(compute.op(), dtypes, compute.dtype());
    int out = value(compute.dtype(), level);
    add(level, new Compute(function, out, operands[0], operands[1], operands[2], level));
    return out;
  }

  /** The number of a value repeated so that it varies as another does. */
  private int atLevel(int value, Level level) {
    Value source = values.get(value);
    if (source.level == level) {
      return value;
    }
    long key = (long) value << 2 | level.ordinal();
    Integer known = expanded.get(key);
    if (known != null) {
      return known;
    }
    int out = value(source.dtype, level);
    expanded.put(key, out);
    if (source.level == Level.COLUMN) {
      // A column value is laid out row after row already: the block reads it as it is.
      values.get(out).place = Place.SCRATCH;
      alias.put(out, value);
      return out;
    }
    // What is uniform is repeated once for the whole task.
    boolean once = source.level == Level.UNIFORM;
    (once ? prologue : steps)
        .add(new Expand(source.dtype.bytes(), value, source.level, out, level));
    persistent.add(once ? out : -1);
    return out;
  }

  final Map<Integer, Integer> alias = new HashMap<>();
  private final Set<Integer> persistent = new java.util.HashSet<>();

  private int value(DType dtype, Level level) {
    values.add(new Value(dtype, level));
    return values.size() - 1;
  }

  private void add(Level level, Step step) {
    (level == Level.UNIFORM || level == Level.COLUMN ? prologue : steps).add(step);
  }

  /** Gives values their scratch memory; those of a block reuse each other's. */
  private void place() {
    for (int i = 0; i < steps.size(); i++) {
      for (int operand : operands(steps.get(i))) {
        values.get(alias.getOrDefault(operand, operand)).lastUse = i;
      }
    }
    boolean[] placed = new boolean[values.size()];
    for (int v = 0; v < values.size(); v++) {
      Value value = values.get(v);
      boolean whole =
          value.level == Level.UNIFORM
              || value.level == Level.COLUMN
              || value.level == Level.ROW
              || persistent.contains(v);
      if (value.place == Place.SCRATCH && whole && !alias.containsKey(v)) {
        long elements =
            switch (value.level) {
              case UNIFORM -> 1;
              case ROW -> rowsPerBlock;
              case COLUMN, ELEMENT -> blockElements();
            };
        value.offset = reserve(elements * value.dtype.bytes());
        placed[v] = true;
      }
    }
    Map<Integer, List<Long>> free = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      // A block function may write over its operand; the other steps may not.
      if (step instanceof Compute) {
        release(step, i, placed, free);
      }
      int out = result(step);
      if (out >= 0 && !placed[out] && values.get(out).place == Place.SCRATCH) {
        Value value = values.get(out);
        List<Long> slots = free.computeIfAbsent(value.dtype.bytes(), b -> new ArrayList<>());
        value.offset =
            slots.isEmpty()
                ? reserve((long) blockElements() * value.dtype.bytes())
                : slots.removeLast();
        placed[out] = true;
        if (value.lastUse < 0) {
          slots.add(value.offset);
        }
      }
      if (!(step instanceof Compute)) {
        release(step, i, placed, free);
      }
    }
  }

  private void release(Step step, int now, boolean[] placed, Map<Integer, List<Long>> free) {
    Arrays.stream(operands(step))
        .distinct()
        .forEach(
            operand -> {
              Value value = values.get(operand);
              if (value.place == Place.SCRATCH
                  && value.level == Level.ELEMENT
                  && value.lastUse == now
                  && placed[operand]
                  && !persistent.contains(operand)
                  && !alias.containsKey(operand)) {
                free.computeIfAbsent(value.dtype.bytes(), b -> new ArrayList<>()).add(value.offset);
              }
            });
  }

  /** Scratch memory, skewed so that blocks do not share their cache sets. */
  private long reserve(long bytes) {
    long offset = scratchBytes;
    scratchBytes += (bytes + 63) / 64 * 64 + 64;
    return offset;
  }

  private static int[] operands(Step step) {
    return switch (step) {
      case Compute s -> Arrays.stream(new int[] {s.a, s.b, s.c}).filter(v -> v >= 0).toArray();
      case Read s -> new int[0];
      case Positions s -> new int[0];
      case Expand s -> new int[] {s.in};
      case RowReduce s -> new int[] {s.in};
      case ColumnReduce s -> new int[] {s.in};
      case Copy s -> new int[] {s.in};
    };
  }

  private static int result(Step step) {
    return switch (step) {
      case Compute s -> s.out;
      case Read s -> s.out;
      case Positions s -> s.out;
      case Expand s -> s.out;
      case RowReduce s -> s.out;
      case ColumnReduce s -> -1;
      case Copy s -> -1;
    };
  }
}
