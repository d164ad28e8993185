package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Loops for processors: a work-item walks over rows, or over a piece of a long one, by vectors
 * along the innermost loop, and over what is left at its end one by one.
 */
final class VectorLoops extends LoopSource {
  /**
   * Vectors that a walk with functions takes at once: the steps of one wait for one another, and a
   * processor has something else to do in between.
   */
  private static final int COPIES = 2;

  /** The same where registers are as many as AVX-512 has. */
  private static final int MORE_COPIES = 4;

  private final int width;

  /** Vectors that a walk with functions takes at once. */
  private final int most;

  private final boolean folds;

  /** Whether a work-item takes a part of a row, rather than some rows. */
  private final boolean pieces;

  private final long rowsEach;

  private final KeptValues kept;
  private final FusedProducts fusedProducts;
  private final VectorReductions reductions;
  private final RowQuotients quotients = new RowQuotients(this);

  VectorLoops(Kernel.LoopKernel kernel, Family family) {
    super(kernel, family);
    long extent = lastLoop < outerLoops ? 1 : kernel.loops().get(lastLoop);
    int fitting = (int) Math.min(family.width(), Long.highestOneBit(Math.max(1, extent)));
    // OpenCL C has vectors of 2, 4, 8 and 16; short ones gain nothing.
    this.width = fitting < 4 ? 1 : fitting;
    this.most = family.register() < 16 ? COPIES : MORE_COPIES;
    this.folds = kernel.stores().stream().anyMatch(s -> s.level() == Kernel.Level.COLUMN);
    boolean reduces = folds || lastPhase > 0;
    this.pieces = !reduces && lastLoop == outerLoops && row > 2 * PIECE;
    this.rowsEach = pieces ? 1 : Math.max(1, PIECE / Math.max(1, row));
    this.kept = new KeptValues(this, row <= KeptValues.LONGEST);
    this.fusedProducts = new FusedProducts(this, kept);
    this.reductions = new VectorReductions(this, width);
  }

  private long pieceCount() {
    return Math.ceilDiv(row, PIECE);
  }

  @Override
  long groups() {
    if (folds) {
      return rows / kernel.folded() * chunks;
    }
    return pieces ? rows * pieceCount() : Math.ceilDiv(rows, rowsEach);
  }

  @Override
  String functions() {
    List<Op> operations = new ArrayList<>();
    for (Kernel.Instruction instruction : body) {
      if (instruction instanceof Kernel.Compute compute && isWritten(compute)) {
        operations.add(compute.op());
      }
    }
    StringBuilder text = new StringBuilder(Elementary.source(1, 1, operations));
    if (width > 1) {
      if (lastPhase > 0) {
        text.append(Fetches.SOURCE);
      }
      text.append(Types.anywhere("float" + width));
      text.append(Elementary.source(width, 1, operations));
      if (IntStream.rangeClosed(0, lastPhase).anyMatch(p -> copies(p) > 1)) {
        text.append(Elementary.source(width, most, operations));
      }
    }
    return text.toString();
  }

  /** What a phase defines along the innermost loop. */
  private Stream<Kernel.Instruction> defined(int p) {
    return kept.values(p).stream()
        .filter(v -> depth[v] == lastLoop && !kept.isRead(v, p))
        .map(body::get);
  }

  /** How many vectors a phase takes at once. */
  private int copies(int p) {
    // A lane at a time there are steps enough.
    boolean isByLane =
        defined(p).anyMatch(i -> i instanceof Kernel.Load load && !readsNeighbours(load.access()));
    return width > 1 && !isByLane && (hasFunctions(p) || !reductions(p).isEmpty()) ? most : 1;
  }

  private boolean hasFunctions(int p) {
    return defined(p).anyMatch(i -> i instanceof Kernel.Compute compute && isWritten(compute));
  }

  /** Whether an operation is a function that {@link Elementary} has. */
  private boolean isWritten(Kernel.Compute compute) {
    return hasOwnFunctions()
        && Elementary.has(compute.op())
        && operandDtype(compute) != DType.FLOAT64;
  }

  @Override
  void body() {
    line(1, "const long g = %s;", Launch.GROUP);
    String length = size(row);
    String extent = lastLoop < outerLoops ? "1" : size(kernel.loops().get(lastLoop));
    if (folds) {
      chunkOfRows();
    } else if (pieces) {
      String count = size(pieceCount());
      line(1, "long r = g / %s;", count);
      line(1, "const long end = r + 1;");
    } else {
      String each = size(rowsEach);
      line(1, "long r = g * %s;", each);
      line(1, "const long end = min(r + %s, %s);", each, size(rows));
    }
    if (pieces) {
      String piece = size(PIECE);
      line(1, "const long from = g %% %s * %s;", size(pieceCount()), piece);
      line(1, "const long to = min(from + %s, %s);", piece, extent);
    } else {
      line(1, "const long from = 0, to = %s;", extent);
    }
    indices(1, "r", 0, outerLoops, "long");
    for (int v : kept.all()) {
      line(1, "%s k%d[%d];", Types.value(body.get(v).dtype()), v, KeptValues.LONGEST);
    }
    boolean[] defined = new boolean[body.size()];
    for (int v = 0; v < body.size(); v++) {
      if (depth[v] < 0 && phase[v] == 0) {
        defined[v] = true;
        define(1, v, indexNames(null));
      }
    }
    line(1, "for (; r < end; r++) {");
    for (int p = 0; p <= lastPhase; p++) {
      defineRowValues(p, defined);
      phase(p, length);
    }
    for (Kernel.Store store : kernel.stores()) {
      if (store.level() == Kernel.Level.ROW) {
        DType dtype = store.buffer().dtype();
        line(2, "%s", Types.store(dtype, name(store.buffer()), "r", "v" + store.value()));
      }
    }
    advance();
    line(1, "}");
  }

  /** The outer loops' indices of the next row. */
  private void advance() {
    for (int loop = outerLoops - 1; loop >= 0; loop--) {
      if (loop == 0) {
        line(2, "i0++;");
      } else {
        line(2, "if (++i%d == %s) { i%d = 0;", loop, size(kernel.loops().get(loop)), loop);
      }
    }
    if (outerLoops > 1) {
      line(2, "%s", "}".repeat(outerLoops - 1));
    }
  }

  private void phase(int p, String length) {
    List<Integer> reductions = reductions(p);
    int copies = copies(p);
    reductions.forEach(v -> this.reductions.start(v, copies));
    List<Kernel.Store> stores = stores(p);
    if (!reductions.isEmpty() || !stores.isEmpty()) {
      walk(p, reductions, stores, length);
    }
    reductions.forEach(v -> this.reductions.end(v, copies));
  }

  /** The name of a copy of a value. */
  static String copy(String name, int copy) {
    return copy == 0 ? name : name + "_" + copy;
  }

  /** The inner loops, of which the innermost goes by vectors. */
  private void walk(int p, List<Integer> reductions, List<Kernel.Store> stores, String length) {
    List<Integer> values = kept.values(p);
    int level = 2;
    for (int loop = outerLoops; loop < lastLoop; loop++) {
      String extent = size(kernel.loops().get(loop));
      line(level, "for (long i%1$d = 0; i%1$d < %2$s; i%1$d++) {", loop, extent);
      level++;
      for (int v : values) {
        if (depth[v] == loop) {
          define(level, v, indexNames(null));
        }
      }
    }
    List<Integer> innermost = values.stream().filter(v -> depth[v] == lastLoop).toList();
    Walk walk = new Walk(p, innermost, reductions, stores);
    line(level, "{");
    hoist(level + 1, walk, length);
    line(level + 1, "long j = from;");
    int copies = copies(p);
    if (copies > 1) {
      line(level + 1, "for (; j + %1$d <= to; j += %1$d) {", copies * width);
      element(level + 2, walk, width, copies);
      line(level + 1, "}");
    }
    if (width > 1) {
      line(level + 1, "for (; j + %1$d <= to; j += %1$d) {", width);
      element(level + 2, walk, width, 1);
      line(level + 1, "}");
    }
    line(level + 1, "for (; j < to; j++) {");
    element(level + 2, walk, 1, 1);
    line(level + 1, "}");
    line(level, "}");
    for (int loop = lastLoop - 1; loop >= outerLoops; loop--) {
      level--;
      line(level, "}");
    }
  }

  /** What a phase does along the innermost loop. */
  private record Walk(
      int phase, List<Integer> values, List<Integer> reductions, List<Kernel.Store> stores) {}

  /**
   * Element stores of the next phase if it is the last, whose memory this one can fetch while it
   * computes functions. One that does not is waiting for memory itself, and a processor whose other
   * thread is busy has no time for what it is told besides.
   */
  private List<Kernel.Store> nextStores(int p) {
    return p + 1 == lastPhase && hasFunctions(p)
        ? stores(lastPhase).stream().filter(s -> s.level() == Kernel.Level.ELEMENT).toList()
        : List.of();
  }

  /** Names what the innermost loop adds to, since compilers do not see that stores leave it. */
  private void hoist(int level, Walk walk, String length) {
    int p = walk.phase();
    boolean keeps = false;
    for (int v : walk.values()) {
      keeps |= kept.isWritten(v, p) || kept.isRead(v, p);
      if (kept.isRead(v, p)) {
        continue;
      }
      switch (body.get(v)) {
        case Kernel.Load load -> {
          Access access = load.access();
          hoist(level, "x" + v, access.offset(), access.strides());
          for (int b = 0; b < access.bounds().size(); b++) {
            Access.Bound bound = access.bounds().get(b);
            hoist(level, Text.of("x%d_%d", v, b), bound.offset(), bound.strides());
            line(level, "const ulong n%d_%d = %s;", v, b, size(bound.extent()));
          }
        }
        case Kernel.Index index -> hoist(level, "x" + v, index.offset(), strides(index));
        case Kernel.Compute _ when quotients.is(v) -> quotients.hoist(level, v);
        default -> {}
      }
    }
    long step = row;
    StringBuilder at = new StringBuilder();
    for (int loop = outerLoops; loop < lastLoop; loop++) {
      step /= kernel.loops().get(loop);
      at.append(Text.of(" + %s * i%d", size(step), loop));
    }
    List<Kernel.Store> stores = walk.stores();
    if (keeps) {
      line(level, "const long o = 0%s;", at);
    }
    if (!nextStores(p).isEmpty()
        || stores.stream().anyMatch(s -> s.level() == Kernel.Level.ELEMENT)) {
      line(level, "const long e = r * %s%s;", length, at);
    }
    if (stores.stream().anyMatch(s -> s.level() == Kernel.Level.COLUMN)) {
      line(level, "const long c = g * %s%s;", length, at);
    }
  }

  /** The position without the innermost loop's part, and that loop's stride if it is not 0 or 1. */
  private void hoist(int level, String name, long offset, long[] strides) {
    long[] outer = strides.clone();
    outer[lastLoop] = 0;
    line(level, "const long %s = %s;", name, position(offset, outer, indexNames(null)));
    if (strides[lastLoop] != 0 && strides[lastLoop] != 1) {
      line(level, "const long t%s = %s;", name, size(strides[lastLoop]));
    }
  }

  private static String along(String name, long stride, String index) {
    return stride == 0
        ? name
        : stride == 1
            ? Text.of("%s + %s", name, index)
            : Text.of("%s + t%s * (%s)", name, name, index);
  }

  /**
   * What happens to some elements.
   *
   * @param lanes how many there are in a vector; 1 for one element
   * @param copies how many vectors
   */
  private void element(int level, Walk walk, int lanes, int copies) {
    for (int v : walk.values()) {
      define(level, walk.phase(), v, lanes, copies);
    }
    for (int v : walk.reductions()) {
      Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
      Optional<List<Integer>> factors = fusedProducts.factors(reduce);
      if (factors.isPresent()) {
        List<String> left = operands(factors.get().get(0), lanes, copies);
        reductions.add(level, v, left, operands(factors.get().get(1), lanes, copies), lanes);
      } else {
        reductions.fold(level, v, operands(reduce.operand(), lanes, copies), lanes);
      }
    }
    for (int copy = 0; copy < copies; copy++) {
      for (Kernel.Store store : walk.stores()) {
        store(level, store, lanes, copy);
      }
      if (lanes > 1) {
        // Without it a store waits for memory that was not read before.
        for (Kernel.Store store : nextStores(walk.phase())) {
          String place = Text.of("%s + e + %s", name(store.buffer()), at("j", lanes, copy));
          line(level, Fetches.written(place));
        }
      }
    }
  }

  /** Defines a value of some elements: each step of all copies, then the next. */
  private void define(int level, int p, int v, int lanes, int copies) {
    DType dtype = body.get(v).dtype();
    String type = Types.value(dtype, lanes);
    if (copies > 1
        && !kept.isRead(v, p)
        && body.get(v) instanceof Kernel.Compute compute
        && isWritten(compute)) {
      List<String> arguments = new ArrayList<>();
      List<String> results = new ArrayList<>();
      for (int copy = 0; copy < copies; copy++) {
        arguments.add(operand(compute.operands().getFirst(), lanes, copy));
        results.add(copy("v" + v, copy));
      }
      line(level, "%s %s;", type, String.join(", ", results));
      results.replaceAll(name -> "&" + name);
      arguments.addAll(results);
      String function = Elementary.name(compute.op(), lanes, copies);
      line(level, "%s(%s);", function, String.join(", ", arguments));
    } else {
      for (int copy = 0; copy < copies; copy++) {
        String place = Text.of("k%d + o + %s", v, at("j", lanes, copy));
        String value =
            !kept.isRead(v, p)
                ? value(v, lanes, copy)
                : lanes > 1 ? Text.of("vload%d(0, %s)", lanes, place) : Text.of("*(%s)", place);
        line(level, "const %s %s = %s;", type, copy("v" + v, copy), value);
      }
    }
    if (kept.isWritten(v, p)) {
      for (int copy = 0; copy < copies; copy++) {
        String place = Text.of("k%d + o + %s", v, at("j", lanes, copy));
        String value = copy("v" + v, copy);
        line(level, "%s", kept(dtype, lanes, place, value));
      }
    }
  }

  private static String kept(DType dtype, int lanes, String place, String value) {
    if (lanes == 1) {
      return Text.of("*(%s) = %s;", place, value);
    }
    return Types.value(dtype).equals("float")
        ? Types.storeAnywhere("private", place, value)
        : Text.of("vstore%d(%s, 0, %s);", lanes, value, place);
  }

  /** The index of a copy's first element. */
  private static String at(String index, int lanes, int copy) {
    return copy == 0 ? index : Text.of("%s + %d", index, copy * lanes);
  }

  private void store(int level, Kernel.Store store, int lanes, int copy) {
    DType dtype = store.buffer().dtype();
    String value = operand(stored(store), lanes, copy);
    String j = at("j", lanes, copy);
    if (store.level() == Kernel.Level.ELEMENT) {
      String name = name(store.buffer());
      line(
          level,
          "%s",
          lanes > 1
              ? vectorStore(dtype, lanes, name + " + e + " + j, value)
              : Types.store(dtype, name, "e + j", value));
      return;
    }
    Kernel.ColumnReduce reduce = (Kernel.ColumnReduce) body.get(store.value());
    String place = columns(store) + " + c + " + j;
    Expressions expressions = new Expressions(lanes, true);
    String old = lanes > 1 ? Types.load(dtype, lanes, place) : Text.of("*(%s)", place);
    String next = expressions.fold(reduce.maximum(), reduce.dtype(), "old", value);
    String type = Types.value(dtype, lanes);
    line(level, "if (r == first) {");
    line(level + 1, "%s", write(dtype, lanes, place, value));
    line(level, "} else {");
    line(level + 1, "const %s old = %s;", type, old);
    line(level + 1, "%s", write(dtype, lanes, place, next));
    line(level, "}");
  }

  private static String write(DType dtype, int lanes, String place, String value) {
    return lanes > 1
        ? vectorStore(dtype, lanes, place, value)
        : Text.of("*(%s) = %s;", place, value);
  }

  private static String vectorStore(DType dtype, int lanes, String place, String value) {
    return dtype == DType.FLOAT32
        ? Types.storeAnywhere("global", place, value)
        : Types.store(dtype, lanes, place, value);
  }

  /** A value as an operand, of each copy. */
  private List<String> operands(int v, int lanes, int copies) {
    return IntStream.range(0, copies).mapToObj(copy -> operand(v, lanes, copy)).toList();
  }

  /** A value as an operand: in every lane, if it does not vary along the innermost loop. */
  private String operand(int v, int lanes, int copy) {
    boolean varies = depth[v] == lastLoop && isOfElements(v);
    return lanes == 1 || varies
        ? copy("v" + v, varies ? copy : 0)
        : Text.of("((%s) (v%d))", Types.value(body.get(v).dtype(), lanes), v);
  }

  private String value(int v, int lanes, int copy) {
    String first = at("j", lanes, copy);
    return switch (body.get(v)) {
      case Kernel.Load load -> load(v, load.access(), lanes, first);
      case Kernel.Index index -> {
        long stride = strides(index)[lastLoop];
        if (lanes == 1) {
          yield Text.of("(%s) (%s)", Types.value(index.dtype()), along("x" + v, stride, "j"));
        }
        List<String> each = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
          each.add(
              Text.of(
                  "(%s) (%s)",
                  Types.value(index.dtype()),
                  along("x" + v, stride, "(" + first + " + " + lane + ")")));
        }
        yield vector(index.dtype(), lanes, each);
      }
      case Kernel.Compute compute -> {
        Optional<FusedProducts.Fused> fused = fusedProducts.of(v);
        if (fused.isPresent()) {
          yield fused(fused.get(), lanes, copy);
        }
        List<String> operands =
            compute.operands().stream().map(o -> operand(o, lanes, copy)).toList();
        yield quotients.is(v)
            ? quotients.of(v, operands.getFirst(), lanes)
            : new Expressions(lanes, hasOwnFunctions())
                .of(compute.op(), operandDtype(compute), operands);
      }
      case Kernel.Literal _, Kernel.RowReduce _, Kernel.ColumnReduce _ ->
          throw new IllegalStateException("does not vary along a row");
    };
  }

  private String fused(FusedProducts.Fused fused, int lanes, int copy) {
    return Text.of(
        "fma(%s%s, %s, %s%s)",
        fused.isFactorNegated() ? "-" : "",
        operand(fused.factor(), lanes, copy),
        operand(fused.other(), lanes, copy),
        fused.isAddendNegated() ? "-" : "",
        operand(fused.addend(), lanes, copy));
  }

  private static String vector(DType dtype, int lanes, List<String> each) {
    return Text.of("(%s) (%s)", Types.value(dtype, lanes), String.join(", ", each));
  }

  private String load(int v, Access access, int lanes, String first) {
    Buffer buffer = access.buffer();
    long stride = access.strides()[lastLoop];
    if (lanes > 1 && stride == 1 && access.bounds().isEmpty()) {
      return Types.load(
          buffer.dtype(), lanes, Text.of("%s + %s", name(buffer), along("x" + v, 1, first)));
    }
    if (lanes == 1) {
      return element(v, access, "j");
    }
    List<String> each = new ArrayList<>();
    for (int lane = 0; lane < lanes; lane++) {
      each.add(element(v, access, "(" + first + " + " + lane + ")"));
    }
    return vector(buffer.dtype(), lanes, each);
  }

  private String element(int v, Access access, String index) {
    Buffer buffer = access.buffer();
    String place = along("x" + v, access.strides()[lastLoop], index);
    String read = Types.load(buffer.dtype(), name(buffer), place);
    if (access.bounds().isEmpty()) {
      return read;
    }
    List<String> conditions = new ArrayList<>();
    for (int b = 0; b < access.bounds().size(); b++) {
      long stride = access.bounds().get(b).strides()[lastLoop];
      String at = along(Text.of("x%d_%d", v, b), stride, index);
      // As an unsigned number, what is below zero is too large as well.
      conditions.add(Text.of("(ulong) (%s) < n%d_%d", at, v, b));
    }
    String zero = Types.value(buffer.dtype()).equals("float") ? "0.0f" : "0";
    return Text.of("((%s) ? %s : %s)", String.join(" && ", conditions), read, zero);
  }
}
