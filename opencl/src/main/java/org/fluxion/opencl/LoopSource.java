package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
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
 * A loop kernel written as OpenCL C: what {@link VectorLoops}, for processors, and {@link
 * LaneLoops}, for cards, have in common.
 *
 * <p>The loops are outer ones, whose elements are rows, and inner ones, which walk over a row. A
 * row is walked over once for each phase: a phase ends in the row reductions that need nothing but
 * what was known before it, and the last one stores. What one phase computed of an element the next
 * computes again, so that nothing but a few values for each row is kept. Column reductions fold the
 * rows that a work-group walks over, in order, into memory that it has to itself; {@link
 * CombineSource} folds the work-groups' parts.
 *
 * <p>The text holds no sizes: extents, strides, offsets and literals are read from the argument
 * {@code s}. Kernels of one structure are thus one program, whose text is the key of a cache. Every
 * buffer is an argument of its own, in the order of {@link #buffers}, of which {@code s} has the
 * first element; then scratch memory, if there are column reductions; {@code s} comes last.
 */
abstract class LoopSource {
  /** The kernel's name in its source. */
  static final String NAME = "loops";

  /**
   * Leaves each operation its own rounding. OpenCL C fuses a product and a sum where it likes,
   * within an expression, some compilers beyond: then x·x − y·y would not be the same for x and y
   * as for y and x, nor a device's results the reference's. What is to be fused is written as fma
   * ({@link FusedProducts}). It is in force to the end of the function, so that other kernels of a
   * {@link Bundle} keep theirs: products and attention have the compiler fuse what it can, since
   * they are bound by it, and no order of their sums is promised.
   */
  private static final String UNFUSED = "#pragma OPENCL FP_CONTRACT OFF\n";

  /** Elements that a work-group of a processor is worth starting for. */
  static final long PIECE = 8192;

  /**
   * The work-groups' parts of a column reduction.
   *
   * @param store what is stored
   * @param maximum whether it is the maximum
   * @param offset where the parts begin in the scratch memory, in bytes
   */
  record Partial(Kernel.Store store, boolean maximum, long offset) {}

  final Kernel.LoopKernel kernel;
  final List<Kernel.Instruction> body;
  final Family family;
  final List<Buffer> buffers;
  final List<Partial> partials = new ArrayList<>();

  /** Loops before the row. */
  final int outerLoops;

  final int lastLoop;

  /** Elements in a row, and how many rows there are. */
  final long row;

  final long rows;

  /** Into how many parts the rows of a column reduction are cut, and how many rows each has. */
  final long chunks;

  final long chunkRows;

  /** The deepest loop that a value depends on; −1 for none. */
  final int[] depth;

  /** The first phase in which a value can be computed. */
  final int[] phase;

  final int lastPhase;
  private final List<Long> sizes = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private long partialBytes;
  private String source;

  LoopSource(Kernel.LoopKernel kernel, Family family) {
    this.kernel = kernel;
    this.body = kernel.body();
    this.family = family;
    boolean reduces =
        body.stream()
            .anyMatch(i -> i instanceof Kernel.RowReduce || i instanceof Kernel.ColumnReduce);
    int loops = kernel.loops().size();
    this.outerLoops = reduces || kernel.row() > 1 ? loops - innerLoops() : Math.max(0, loops - 1);
    this.lastLoop = loops - 1;
    long inner = 1;
    for (int loop = outerLoops; loop < loops; loop++) {
      inner *= kernel.loops().get(loop);
    }
    this.row = inner;
    this.rows = kernel.elements() / Math.max(1, inner);
    Set<Buffer> all = new TreeSet<>((a, b) -> Integer.compare(a.id(), b.id()));
    all.addAll(kernel.reads());
    all.addAll(kernel.writes());
    this.buffers = List.copyOf(all);
    this.depth = new int[body.size()];
    this.phase = new int[body.size()];
    analyse();
    this.lastPhase = Arrays.stream(phase).max().orElse(0);
    boolean columns = kernel.stores().stream().anyMatch(s -> s.level() == Kernel.Level.COLUMN);
    long repetitions = rows / kernel.folded();
    long wanted =
        Math.min(
            Math.ceilDiv(family.groups(), Math.max(1, repetitions)),
            family.lanes() > 1 ? kernel.folded() / 4 : kernel.folded() * row / PIECE);
    long atMost = columns ? Math.clamp(wanted, 1, kernel.folded()) : 1;
    this.chunkRows = Math.ceilDiv(kernel.folded(), atMost);
    this.chunks = Math.ceilDiv(kernel.folded(), chunkRows);
    // The first numbers are where the buffers begin.
    buffers.forEach(b -> sizes.add(0L));
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() == Kernel.Level.COLUMN && chunks > 1) {
        Kernel.ColumnReduce reduce = (Kernel.ColumnReduce) body.get(store.value());
        partials.add(new Partial(store, reduce.maximum(), partialBytes));
        long bytes = repetitions * chunks * row * store.buffer().dtype().bytes();
        partialBytes += Math.ceilDiv(bytes, 64) * 64;
      }
    }
  }

  /**
   * Writes a kernel.
   *
   * @param kernel the kernel
   * @param family the form
   */
  static LoopSource of(Kernel.LoopKernel kernel, Family family) {
    LoopSource made =
        family.lanes() == 1 ? new VectorLoops(kernel, family) : new LaneLoops(kernel, family);
    made.write();
    made.source = made.text.toString();
    return made;
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

  /**
   * The launches of a loop kernel: of one, and one more for each column reduction in parts.
   *
   * @param kernel the kernel
   * @param family the form
   */
  static List<Launch> launches(Kernel.LoopKernel kernel, Family family) {
    LoopSource made = of(kernel, family);
    List<Long> numbers = made.sizes.subList(made.buffers.size(), made.sizes.size());
    List<Launch> launches = new ArrayList<>();
    launches.add(
        new Launch(
            NAME,
            made.source,
            made.buffers,
            made.partialBytes,
            numbers,
            made.groups(),
            family.lanes()));
    for (Partial partial : made.partials) {
      Buffer result = partial.store().buffer();
      launches.add(
          CombineSource.of(
              result,
              partial.maximum(),
              made.partialBytes,
              List.of(partial.offset(), made.row, made.chunks, result.elements()),
              family));
    }
    return launches;
  }

  /** The text of the program, which depends on the kernel's structure alone. */
  final String source() {
    return source;
  }

  /** How many work-groups to start. */
  abstract long groups();

  /** Writes the kernel's body. */
  abstract void body();

  /** The source of functions that the body calls. */
  String functions() {
    return "";
  }

  // ---- what is computed where ----

  private void analyse() {
    for (int v = 0; v < body.size(); v++) {
      depth[v] = -1;
      switch (body.get(v)) {
        case Kernel.Load load -> {
          depth[v] = deepest(load.access().strides());
          for (Access.Bound bound : load.access().bounds()) {
            depth[v] = Math.max(depth[v], deepest(bound.strides()));
          }
        }
        case Kernel.Literal _ -> {}
        case Kernel.Index index -> depth[v] = deepest(strides(index));
        case Kernel.Compute compute -> {
          for (int operand : compute.operands()) {
            depth[v] = Math.max(depth[v], depth[operand]);
            phase[v] = Math.max(phase[v], phase[operand]);
          }
        }
        case Kernel.RowReduce reduce -> {
          // Of a row, whatever is folded.
          depth[v] = outerLoops - 1;
          phase[v] = phase[reduce.operand()] + 1;
        }
        case Kernel.ColumnReduce reduce -> {
          depth[v] = lastLoop;
          phase[v] = phase[reduce.operand()];
        }
      }
    }
  }

  static long[] strides(Kernel.Index index) {
    return index.strides().stream().mapToLong(Long::longValue).toArray();
  }

  private static int deepest(long[] strides) {
    for (int loop = strides.length - 1; loop >= 0; loop--) {
      if (strides[loop] != 0) {
        return loop;
      }
    }
    return -1;
  }

  /** Whether a value differs between the elements of a row. */
  final boolean isOfElements(int v) {
    return depth[v] >= outerLoops;
  }

  /** Row reductions that a phase ends in. */
  final List<Integer> reductions(int p) {
    List<Integer> found = new ArrayList<>();
    for (int v = 0; v < body.size(); v++) {
      if (body.get(v) instanceof Kernel.RowReduce && phase[v] == p + 1) {
        found.add(v);
      }
    }
    return found;
  }

  /** Stores of elements, which all happen in the last phase, and of columns in their own. */
  final List<Kernel.Store> stores(int p) {
    return kernel.stores().stream()
        .filter(
            store ->
                switch (store.level()) {
                  case ELEMENT -> p == lastPhase;
                  case COLUMN -> p == phase[store.value()];
                  case ROW -> false;
                })
        .toList();
  }

  /** What a phase computes of each element, operands first. */
  List<Integer> elementValues(int p) {
    Set<Integer> needed = new TreeSet<>();
    roots(p).forEach(v -> need(v, needed));
    return needed.stream().filter(this::isOfElements).toList();
  }

  /** What a phase reduces or stores. */
  final List<Integer> roots(int p) {
    List<Integer> roots = new ArrayList<>();
    reductions(p).forEach(v -> roots.add(((Kernel.RowReduce) body.get(v)).operand()));
    stores(p).forEach(store -> roots.add(stored(store)));
    return roots;
  }

  /** Whether neighbours in a row are neighbours in memory, or one and the same. */
  final boolean readsNeighbours(Access access) {
    return access.bounds().isEmpty() && (access.strides()[lastLoop] & ~1L) == 0;
  }

  /** The value that a store takes, of a column reduction what it folds. */
  final int stored(Kernel.Store store) {
    return body.get(store.value()) instanceof Kernel.ColumnReduce reduce
        ? reduce.operand()
        : store.value();
  }

  private void need(int value, Set<Integer> needed) {
    if (needed.add(value) && body.get(value) instanceof Kernel.Compute compute) {
      compute.operands().forEach(operand -> need(operand, needed));
    }
  }

  // ---- the text ----

  private void write() {
    boolean doubles = body.stream().anyMatch(i -> i.dtype() == DType.FLOAT64);
    boolean narrow = body.stream().anyMatch(i -> i.dtype().isStorageOnly());
    text.append(doubles ? Types.DOUBLES : "").append(narrow ? Types.PRELUDE : "");
    text.append(functions());
    text.append(
        Text.of("kernel __attribute__((reqd_work_group_size(%d, 1, 1)))\n", family.lanes()));
    text.append(Text.of("void %s(", NAME));
    for (Buffer buffer : buffers) {
      text.append(Text.of("global %s *%s_, ", type(buffer), name(buffer)));
    }
    if (partialBytes > 0) {
      text.append("global uchar *scratch, ");
    }
    text.append(Launch.NUMBERS).append(") {\n").append(UNFUSED);
    for (int b = 0; b < buffers.size(); b++) {
      Buffer buffer = buffers.get(b);
      line(1, "global %s *%s = %s_ + s[%d];", type(buffer), name(buffer), name(buffer), b);
    }
    for (Partial partial : partials) {
      String type = Types.stored(partial.store().buffer().dtype());
      String place = size(partial.offset());
      line(1, "global %s *%s = (global %s *) (scratch + %s);", type, part(partial), type, place);
    }
    body();
    text.append("}\n");
  }

  private String type(Buffer buffer) {
    return (kernel.writes().contains(buffer) ? "" : "const ") + Types.stored(buffer.dtype());
  }

  private String part(Partial partial) {
    return "p" + partials.indexOf(partial);
  }

  /** Where a column reduction is folded: in the parts, or, of one part, where it is stored. */
  final String columns(Kernel.Store store) {
    for (Partial partial : partials) {
      if (partial.store().equals(store)) {
        return part(partial);
      }
    }
    return name(store.buffer());
  }

  /** The rows of a work-group g that folds columns: from r to before end. */
  final void chunkOfRows() {
    String chunkCount = size(chunks);
    String length = size(chunkRows);
    String folded = size(kernel.folded());
    line(
        1,
        "const long first = g / %s * %s + g %% %s * %s;",
        chunkCount,
        folded,
        chunkCount,
        length);
    line(1, "const long end = min(first + %s, (g / %s + 1) * %s);", length, chunkCount, folded);
    line(1, "long r = first;");
  }

  /**
   * A value of one element or row.
   *
   * @param indices the names of the loops' indices
   */
  final String scalar(int v, List<String> indices) {
    return switch (body.get(v)) {
      case Kernel.Load load -> load(load.access(), indices);
      case Kernel.Literal literal ->
          Expressions.literal(literal.dtype(), size(bits(literal.value())));
      case Kernel.Index index ->
          Text.of(
              "(%s) (%s)",
              Types.value(index.dtype()), position(index.offset(), strides(index), indices));
      case Kernel.Compute compute ->
          new Expressions(1, hasOwnFunctions())
              .of(
                  compute.op(),
                  operandDtype(compute),
                  compute.operands().stream().map(o -> "v" + o).toList());
      case Kernel.RowReduce _, Kernel.ColumnReduce _ ->
          throw new IllegalStateException("not of a single element");
    };
  }

  /**
   * Whether elementary functions are those of {@link Elementary}: on processors whose drivers call
   * theirs lane by lane, and which have the fused multiply-adds that these are made of.
   */
  final boolean hasOwnFunctions() {
    return family.lanes() == 1 && family.fuses();
  }

  /** Of a selection the branches', else the first operand's. */
  final DType operandDtype(Kernel.Compute compute) {
    int operand = compute.op() instanceof org.fluxion.tensor.Op.Select ? 1 : 0;
    return body.get(compute.operands().get(operand)).dtype();
  }

  final void define(int level, int v, List<String> indices) {
    line(level, "const %s v%d = %s;", Types.value(body.get(v).dtype()), v, scalar(v, indices));
  }

  /** Defines what a phase is the first to know of a row; what is defined already is marked. */
  final void defineRowValues(int p, boolean[] defined) {
    for (int v = 0; v < body.size(); v++) {
      boolean computed =
          !(body.get(v) instanceof Kernel.RowReduce || body.get(v) instanceof Kernel.ColumnReduce);
      if (!isOfElements(v) && phase[v] <= p && computed && !defined[v]) {
        defined[v] = true;
        define(2, v, indexNames(null));
      }
    }
  }

  private String load(Access access, List<String> indices) {
    Buffer buffer = access.buffer();
    String read =
        Types.load(
            buffer.dtype(), name(buffer), position(access.offset(), access.strides(), indices));
    return access.bounds().isEmpty() ? read : guarded(access, indices, read);
  }

  /** A read that is zero out of bounds. */
  private String guarded(Access access, List<String> indices, String read) {
    return access.bounds().stream()
        .map(
            b ->
                // As an unsigned number, what is below zero is too large as well.
                Text.of(
                    "(ulong) (%s) < (ulong) %s",
                    position(b.offset(), b.strides(), indices), size(b.extent())))
        .collect(Collectors.joining(" && ", "((", ") ? " + read + " : 0)"));
  }

  final String position(long offset, long[] strides, List<String> indices) {
    List<String> terms = new ArrayList<>();
    if (offset != 0) {
      terms.add(size(offset));
    }
    for (int loop = 0; loop < strides.length; loop++) {
      if (strides[loop] != 0) {
        String index = indices.get(loop);
        terms.add(strides[loop] == 1 ? index : Text.of("%s * %s", size(strides[loop]), index));
      }
    }
    return terms.isEmpty() ? "0" : String.join(" + ", terms);
  }

  /** The indices of the loops from one to before another, of which a count of elements is known. */
  final void indices(int level, String count, int from, int to, String keyword) {
    String rest = count;
    for (int loop = to - 1; loop >= from; loop--) {
      if (loop == from) {
        line(level, "%s i%d = %s;", keyword, loop, rest);
      } else {
        String extent = size(kernel.loops().get(loop));
        line(level, "%s i%d = %s %% %s;", keyword, loop, rest, extent);
        line(level, "const long q%d = %s / %s;", loop, rest, extent);
        rest = "q" + loop;
      }
    }
  }

  /** The names i0, i1, … of all loops' indices, with another for the last. */
  final List<String> indexNames(String last) {
    List<String> names = new ArrayList<>();
    for (int loop = 0; loop <= lastLoop; loop++) {
      names.add(loop == lastLoop && last != null ? last : "i" + loop);
    }
    return names;
  }

  final Set<DType> reducedTypes() {
    return body.stream()
        .filter(Kernel.RowReduce.class::isInstance)
        .map(Kernel.Instruction::dtype)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  final String name(Buffer buffer) {
    return "b" + buffers.indexOf(buffer);
  }

  /** A number that the text leaves open. */
  final String size(long value) {
    sizes.add(value);
    return Text.of("s[%d]", sizes.size() - 1);
  }

  private static long bits(HostData value) {
    MemorySegment segment = value.segment();
    return switch (value.dtype()) {
      case FLOAT32 -> segment.get(ValueLayout.JAVA_INT, 0);
      case FLOAT16, BFLOAT16 -> Float.floatToRawIntBits((float) value.getDouble(0));
      case FLOAT64 -> Double.doubleToRawLongBits(value.getDouble(0));
      default -> value.getLong(0);
    };
  }

  final void line(int level, String format, Object... arguments) {
    text.append("  ".repeat(level)).append(Text.of(format, arguments)).append('\n');
  }
}
