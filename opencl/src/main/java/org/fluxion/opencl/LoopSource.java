package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * A loop kernel written as OpenCL C. Two forms:
 *
 * <ul>
 *   <li><i>Map</i>, without reductions: a work-item for each element.
 *   <li><i>Row</i>, with reductions over the innermost loops: a work-group for each row, whose
 *       lanes walk over it once for each phase. A phase ends in the reductions that need nothing
 *       but what was known before it; the last phase stores. What one phase computed of an element
 *       the next computes again, so that nothing but a few values for each row is kept.
 * </ul>
 *
 * <p>The text holds no sizes: extents, strides, offsets and literals are read from the argument
 * {@code s}. Kernels of one structure are thus one program, whose text is the key of a cache. Every
 * buffer is an argument of its own, in the order of {@link #buffers}; {@code s} comes last.
 */
final class LoopSource {
  /** The kernel's name in its source. */
  static final String NAME = "loops";

  private final Kernel.LoopKernel kernel;
  private final List<Kernel.Instruction> body;
  private final int lanes;
  private final boolean rows;
  private final int outerLoops;
  private final List<Buffer> buffers;
  private final List<Long> sizes = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();

  /** Whether a value differs between the elements of a row. */
  private final boolean[] perElement;

  /** The first phase in which a value can be computed. */
  private final int[] phase;

  private final Set<Integer> written = new HashSet<>();
  private final String source;

  /**
   * Writes a kernel.
   *
   * @param kernel the kernel, without column reductions
   * @param lanes the work-items of a work-group, a power of two: 1 suits processors, 64 cards
   * @throws OpenClException if this form of kernel is not written yet
   */
  LoopSource(Kernel.LoopKernel kernel, int lanes) {
    if (lanes < 1 || Integer.bitCount(lanes) != 1) {
      throw new OpenClException("expected a power of two of lanes, got " + lanes);
    }
    if (kernel.body().stream().anyMatch(Kernel.ColumnReduce.class::isInstance)) {
      throw new OpenClException("column reductions are not written in OpenCL C yet");
    }
    this.kernel = kernel;
    this.body = kernel.body();
    this.lanes = lanes;
    this.rows = body.stream().anyMatch(Kernel.RowReduce.class::isInstance) || kernel.row() > 1;
    this.outerLoops = kernel.loops().size() - (rows ? innerLoops() : kernel.loops().size());
    Set<Buffer> all = new TreeSet<>((a, b) -> Integer.compare(a.id(), b.id()));
    all.addAll(kernel.reads());
    all.addAll(kernel.writes());
    this.buffers = List.copyOf(all);
    this.perElement = new boolean[body.size()];
    this.phase = new int[body.size()];
    analyse();
    write();
    this.source = text.toString();
  }

  /** The innermost loops, whose extents multiply to a row. */
  private int innerLoops() {
    int count = 0;
    long product = 1;
    while (product < kernel.row()) {
      product *= kernel.loops().get(kernel.loops().size() - 1 - count);
      count++;
    }
    return count;
  }

  /** The text of the program, which depends on the kernel's structure alone. */
  String source() {
    return source;
  }

  /** The kernel's arguments, except the last. */
  List<Buffer> buffers() {
    return buffers;
  }

  /** The kernel's last argument: the numbers that the text leaves open. */
  HostData sizes() {
    HostData data = HostData.allocate(DType.INT64, sizes.size());
    for (int i = 0; i < sizes.size(); i++) {
      data.setLong(i, sizes.get(i));
    }
    return data;
  }

  /** How many work-groups of {@link #lanes} work-items to start. */
  long groups() {
    return rows
        ? kernel.elements() / Math.max(1, kernel.row())
        : (kernel.elements() + lanes - 1) / lanes;
  }

  /** The work-items of a work-group. */
  int lanes() {
    return lanes;
  }

  // ---- what is computed where ----

  private void analyse() {
    for (int v = 0; v < body.size(); v++) {
      switch (body.get(v)) {
        case Kernel.Load load -> {
          Access access = load.access();
          perElement[v] =
              isInner(access.strides())
                  || access.bounds().stream().anyMatch(b -> isInner(b.strides()));
        }
        case Kernel.Literal _ -> perElement[v] = false;
        case Kernel.Index index ->
            perElement[v] = isInner(index.strides().stream().mapToLong(Long::longValue).toArray());
        case Kernel.Compute compute -> {
          for (int operand : compute.operands()) {
            perElement[v] |= perElement[operand];
            phase[v] = Math.max(phase[v], phase[operand]);
          }
        }
        case Kernel.RowReduce reduce -> phase[v] = phase[reduce.operand()] + 1;
        case Kernel.ColumnReduce _ -> throw new IllegalStateException("refused before");
      }
    }
  }

  private boolean isInner(long[] strides) {
    for (int loop = outerLoops; loop < strides.length; loop++) {
      if (strides[loop] != 0) {
        return true;
      }
    }
    return false;
  }

  private void need(int value, Set<Integer> needed) {
    if (needed.add(value) && body.get(value) instanceof Kernel.Compute compute) {
      compute.operands().forEach(operand -> need(operand, needed));
    }
  }

  // ---- the text ----

  private void write() {
    text.append("kernel __attribute__((reqd_work_group_size(%d, 1, 1)))\n".formatted(lanes));
    text.append("void %s(".formatted(NAME));
    for (Buffer buffer : buffers) {
      text.append(
          "global %s%s *%s, "
              .formatted(
                  kernel.writes().contains(buffer) ? "" : "const ",
                  Expressions.type(buffer.dtype()),
                  name(buffer)));
    }
    text.append("constant long *s) {\n");
    if (rows) {
      rows();
    } else {
      map();
    }
    text.append("}\n");
  }

  private void map() {
    line(1, "const long e = get_global_id(0);");
    line(1, "if (e >= %s) return;", size(kernel.elements()));
    indices(1, "e", 0, kernel.loops().size());
    for (int v = 0; v < body.size(); v++) {
      define(1, v);
    }
    for (Kernel.Store store : kernel.stores()) {
      store(1, store, "e");
    }
  }

  private void rows() {
    String row = size(kernel.row());
    line(1, "const long r = get_group_id(0);");
    line(1, "const int lane = get_local_id(0);");
    indices(1, "r", 0, outerLoops);
    Set<DType> folded = new TreeSet<>();
    body.stream()
        .filter(Kernel.RowReduce.class::isInstance)
        .forEach(reduce -> folded.add(reduce.dtype()));
    for (DType dtype : folded) {
      String type = Expressions.type(dtype);
      line(1, "local %s fold_%s[%d];", type, type, lanes);
    }
    int last = Arrays.stream(phase).max().orElse(0);
    for (int p = 0; p <= last; p++) {
      phase(p, p == last, row);
    }
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() == Kernel.Level.ROW) {
        line(1, "if (lane == 0) {");
        store(2, store, "r");
        line(1, "}");
      }
    }
  }

  /** One walk over the row: folds what the phase's reductions take, and stores in the last one. */
  private void phase(int p, boolean isLast, String row) {
    for (int v = 0; v < body.size(); v++) {
      if (!perElement[v] && phase[v] <= p && !(body.get(v) instanceof Kernel.RowReduce)) {
        if (written.add(v)) {
          define(1, v);
        }
      }
    }
    List<Integer> reductions = new ArrayList<>();
    Set<Integer> needed = new TreeSet<>();
    for (int v = 0; v < body.size(); v++) {
      if (body.get(v) instanceof Kernel.RowReduce reduce && phase[v] == p + 1) {
        reductions.add(v);
        need(reduce.operand(), needed);
        String start = Expressions.start(reduce.maximum(), reduce.dtype());
        line(1, "%s a%d = %s;", Expressions.type(reduce.dtype()), v, start);
      }
    }
    List<Kernel.Store> stores =
        kernel.stores().stream().filter(s -> isLast && s.level() == Kernel.Level.ELEMENT).toList();
    stores.forEach(store -> need(store.value(), needed));
    if (!reductions.isEmpty() || !stores.isEmpty()) {
      line(1, "for (long j = lane; j < %s; j += %d) {", row, lanes);
      line(2, "const long e = r * %s + j;", row);
      indices(2, "j", outerLoops, kernel.loops().size());
      // In the body's order, which has operands first.
      needed.stream().sorted().filter(v -> perElement[v]).forEach(v -> define(2, v));
      for (int v : reductions) {
        Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
        String next =
            Expressions.fold(reduce.maximum(), reduce.dtype(), "a" + v, "v" + reduce.operand());
        line(2, "a%d = %s;", v, next);
      }
      stores.forEach(store -> store(2, store, "e"));
      line(1, "}");
    }
    reductions.forEach(this::acrossLanes);
  }

  /** Folds the lanes' values in a fixed tree, and gives the result to all of them. */
  private void acrossLanes(int v) {
    Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
    String type = Expressions.type(reduce.dtype());
    String fold = "fold_" + type;
    if (lanes > 1) {
      line(1, "%s[lane] = a%d;", fold, v);
      line(1, "barrier(CLK_LOCAL_MEM_FENCE);");
      line(1, "for (int width = %d; width > 0; width /= 2) {", lanes / 2);
      line(2, "if (lane < width) {");
      line(3, "const %s x = %s[lane], y = %s[lane + width];", type, fold, fold);
      line(3, "%s[lane] = %s;", fold, Expressions.fold(reduce.maximum(), reduce.dtype(), "x", "y"));
      line(2, "}");
      line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
      line(1, "}");
      line(1, "const %s v%d = %s[0];", type, v, fold);
      // Nobody writes there again before all have read.
      line(1, "barrier(CLK_LOCAL_MEM_FENCE);");
    } else {
      line(1, "const %s v%d = a%d;", type, v, v);
    }
  }

  private void define(int depth, int v) {
    Kernel.Instruction instruction = body.get(v);
    String expression =
        switch (instruction) {
          case Kernel.Load load -> load(load.access());
          case Kernel.Literal literal ->
              Expressions.literal(literal.dtype(), size(bits(literal.value())));
          case Kernel.Index index ->
              position(
                  index.offset(), index.strides().stream().mapToLong(Long::longValue).toArray());
          case Kernel.Compute compute -> {
            DType dtype = body.get(compute.operands().get(0)).dtype();
            yield Expressions.of(
                compute.op(), dtype, compute.operands().stream().map(o -> "v" + o).toList());
          }
          case Kernel.RowReduce _, Kernel.ColumnReduce _ ->
              throw new IllegalStateException("not of a single element");
        };
    line(depth, "const %s v%d = %s;", Expressions.type(instruction.dtype()), v, expression);
  }

  private String load(Access access) {
    String read = "%s[%s]".formatted(name(access.buffer()), place(access));
    if (access.bounds().isEmpty()) {
      return read;
    }
    return access.bounds().stream()
        .map(
            b -> {
              String at = position(b.offset(), b.strides());
              // As an unsigned number, what is below zero is too large as well.
              return "(ulong) (%s) < (ulong) %s".formatted(at, size(b.extent()));
            })
        .collect(Collectors.joining(" && ", "", " ? " + read + " : 0"));
  }

  /** The position of an element; the walk's own, or the row's, where the access is in order. */
  private String place(Access access) {
    long[] strides = access.strides();
    boolean ofRows = rows && !isInner(strides);
    long[] inOrder = new long[strides.length];
    long step = 1;
    for (int loop = (ofRows ? outerLoops : strides.length) - 1; loop >= 0; loop--) {
      inOrder[loop] = step;
      step *= kernel.loops().get(loop);
    }
    if (access.offset() == 0 && Arrays.equals(strides, inOrder)) {
      return ofRows ? "r" : "e";
    }
    return position(access.offset(), strides);
  }

  private String position(long offset, long[] strides) {
    List<String> terms = new ArrayList<>();
    if (offset != 0) {
      terms.add(size(offset));
    }
    for (int loop = 0; loop < strides.length; loop++) {
      if (strides[loop] != 0) {
        terms.add(
            strides[loop] == 1 ? "i" + loop : "%s * i%d".formatted(size(strides[loop]), loop));
      }
    }
    return terms.isEmpty() ? "0" : String.join(" + ", terms);
  }

  /** The indices of some loops, of which a count of their elements is known. */
  private void indices(int depth, String count, int from, int to) {
    String rest = count;
    for (int loop = to - 1; loop >= from; loop--) {
      if (loop == from) {
        line(depth, "const long i%d = %s;", loop, rest);
      } else {
        String extent = size(kernel.loops().get(loop));
        line(depth, "const long i%d = %s %% %s;", loop, rest, extent);
        line(depth, "const long q%d = %s / %s;", loop, rest, extent);
        rest = "q" + loop;
      }
    }
  }

  private void store(int depth, Kernel.Store store, String at) {
    line(depth, "%s[%s] = v%d;", name(store.buffer()), at, store.value());
  }

  private String name(Buffer buffer) {
    return "b" + buffers.indexOf(buffer);
  }

  /** A number that the text leaves open. */
  private String size(long value) {
    sizes.add(value);
    return "s[%d]".formatted(sizes.size() - 1);
  }

  private static long bits(HostData value) {
    MemorySegment segment = value.segment();
    return value.dtype() == DType.FLOAT32 ? segment.get(ValueLayout.JAVA_INT, 0) : value.getLong(0);
  }

  private void line(int depth, String format, Object... arguments) {
    text.append("  ".repeat(depth)).append(format.formatted(arguments)).append('\n');
  }
}
