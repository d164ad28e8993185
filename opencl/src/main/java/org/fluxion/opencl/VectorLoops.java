package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private final int width;
  private final boolean folds;

  /** Whether a work-item takes a part of a row, rather than some rows. */
  private final boolean pieces;

  private final long rowsEach;

  /** The names of positions that are known before the innermost loop, by what is added to them. */
  private final Map<String, String> hoisted = new HashMap<>();

  private int names;

  VectorLoops(Kernel.LoopKernel kernel, Family family) {
    super(kernel, family);
    long extent = lastLoop < outerLoops ? 1 : kernel.loops().get(lastLoop);
    int fitting = (int) Math.min(family.width(), Long.highestOneBit(Math.max(1, extent)));
    // OpenCL C has vectors of 2, 4, 8 and 16; short ones gain nothing.
    this.width = fitting < 4 ? 1 : fitting;
    this.folds = kernel.stores().stream().anyMatch(s -> s.level() == Kernel.Level.COLUMN);
    boolean reduces = folds || lastPhase > 0;
    this.pieces = !reduces && lastLoop == outerLoops && row > 2 * PIECE;
    this.rowsEach = pieces ? 1 : Math.max(1, PIECE / Math.max(1, row));
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
      if (instruction instanceof Kernel.Compute compute && operandDtype(compute) != DType.FLOAT64) {
        operations.add(compute.op());
      }
    }
    String vectors = width > 1 ? Elementary.source(width, operations) : "";
    return Elementary.source(1, operations) + vectors;
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
    for (int v : reductions) {
      Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
      String start = Expressions.start(reduce.maximum(), reduce.dtype());
      line(2, "%s a%d = %s;", Types.value(reduce.dtype()), v, start);
      if (width > 1) {
        line(2, "%1$s w%2$d = (%1$s) (%3$s);", Types.value(reduce.dtype(), width), v, start);
      }
    }
    List<Kernel.Store> stores = stores(p);
    if (!reductions.isEmpty() || !stores.isEmpty()) {
      walk(p, reductions, stores, length);
    }
    for (int v : reductions) {
      acrossVector(v);
    }
  }

  /** The inner loops, of which the innermost goes by vectors. */
  private void walk(int p, List<Integer> reductions, List<Kernel.Store> stores, String length) {
    List<Integer> values = elementValues(p);
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
    hoisted.clear();
    line(level, "{");
    hoist(level + 1, innermost, stores, length);
    line(level + 1, "long j = from;");
    if (width > 1) {
      line(level + 1, "for (; j + %d <= to; j += %d) {", width, width);
      element(level + 2, innermost, reductions, stores, width);
      line(level + 1, "}");
    }
    line(level + 1, "for (; j < to; j++) {");
    element(level + 2, innermost, reductions, stores, 1);
    line(level + 1, "}");
    line(level, "}");
    for (int loop = lastLoop - 1; loop >= outerLoops; loop--) {
      level--;
      line(level, "}");
    }
  }

  /** Names what the innermost loop adds to, since compilers do not see that stores leave it. */
  private void hoist(int level, List<Integer> values, List<Kernel.Store> stores, String length) {
    for (int v : values) {
      switch (body.get(v)) {
        case Kernel.Load load -> {
          Access access = load.access();
          hoist(level, "x" + v, access.offset(), access.strides());
          for (int b = 0; b < access.bounds().size(); b++) {
            Access.Bound bound = access.bounds().get(b);
            hoist(level, "x%d_%d".formatted(v, b), bound.offset(), bound.strides());
            line(level, "const ulong n%d_%d = %s;", v, b, size(bound.extent()));
          }
        }
        case Kernel.Index index -> hoist(level, "x" + v, index.offset(), strides(index));
        default -> {}
      }
    }
    long step = row;
    StringBuilder at = new StringBuilder();
    for (int loop = outerLoops; loop < lastLoop; loop++) {
      step /= kernel.loops().get(loop);
      at.append(" + %s * i%d".formatted(size(step), loop));
    }
    if (stores.stream().anyMatch(s -> s.level() == Kernel.Level.ELEMENT)) {
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
            ? "%s + %s".formatted(name, index)
            : "%s + t%s * (%s)".formatted(name, name, index);
  }

  private void element(
      int level,
      List<Integer> values,
      List<Integer> reductions,
      List<Kernel.Store> stores,
      int lanes) {
    for (int v : values) {
      String type = Types.value(body.get(v).dtype(), lanes);
      line(level, "const %s v%d = %s;", type, v, value(v, lanes));
    }
    Expressions expressions = new Expressions(lanes, true);
    for (int v : reductions) {
      Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
      String into = (lanes > 1 ? "w" : "a") + v;
      String operand = operand(reduce.operand(), lanes);
      String next = expressions.fold(reduce.maximum(), reduce.dtype(), into, operand);
      line(level, "%s = %s;", into, next);
    }
    for (Kernel.Store store : stores) {
      store(level, store, expressions, lanes);
    }
  }

  private void store(int level, Kernel.Store store, Expressions expressions, int lanes) {
    DType dtype = store.buffer().dtype();
    String value = operand(stored(store), lanes);
    if (store.level() == Kernel.Level.ELEMENT) {
      String name = name(store.buffer());
      line(
          level,
          "%s",
          lanes > 1
              ? Types.store(dtype, lanes, name + " + e + j", value)
              : Types.store(dtype, name, "e + j", value));
      return;
    }
    Kernel.ColumnReduce reduce = (Kernel.ColumnReduce) body.get(store.value());
    String place = columns(store) + " + c + j";
    String old = lanes > 1 ? Types.load(dtype, lanes, place) : "*(%s)".formatted(place);
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
        ? Types.store(dtype, lanes, place, value)
        : "*(%s) = %s;".formatted(place, value);
  }

  /** A value as an operand: in every lane, if it does not vary along the innermost loop. */
  private String operand(int v, int lanes) {
    return lanes == 1 || depth[v] == lastLoop && isOfElements(v)
        ? "v" + v
        : "((%s) (v%d))".formatted(Types.value(body.get(v).dtype(), lanes), v);
  }

  private String value(int v, int lanes) {
    return switch (body.get(v)) {
      case Kernel.Load load -> load(v, load.access(), lanes);
      case Kernel.Index index -> {
        long stride = strides(index)[lastLoop];
        if (lanes == 1) {
          yield "(%s) (%s)".formatted(Types.value(index.dtype()), along("x" + v, stride, "j"));
        }
        List<String> each = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
          each.add(
              "(%s) (%s)"
                  .formatted(
                      Types.value(index.dtype()), along("x" + v, stride, "(j + " + lane + ")")));
        }
        yield vector(index.dtype(), lanes, each);
      }
      case Kernel.Compute compute ->
          new Expressions(lanes, true)
              .of(
                  compute.op(),
                  operandDtype(compute),
                  compute.operands().stream().map(o -> operand(o, lanes)).toList());
      case Kernel.Literal _, Kernel.RowReduce _, Kernel.ColumnReduce _ ->
          throw new IllegalStateException("does not vary along a row");
    };
  }

  private static String vector(DType dtype, int lanes, List<String> each) {
    return "(%s) (%s)".formatted(Types.value(dtype, lanes), String.join(", ", each));
  }

  private String load(int v, Access access, int lanes) {
    Buffer buffer = access.buffer();
    long stride = access.strides()[lastLoop];
    if (lanes > 1 && stride == 1 && access.bounds().isEmpty()) {
      return Types.load(
          buffer.dtype(), lanes, "%s + %s".formatted(name(buffer), along("x" + v, 1, "j")));
    }
    if (lanes == 1) {
      return element(v, access, "j");
    }
    List<String> each = new ArrayList<>();
    for (int lane = 0; lane < lanes; lane++) {
      each.add(element(v, access, "(j + " + lane + ")"));
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
      String at = along("x%d_%d".formatted(v, b), stride, index);
      // As an unsigned number, what is below zero is too large as well.
      conditions.add("(ulong) (%s) < n%d_%d".formatted(at, v, b));
    }
    String zero = Types.value(buffer.dtype()).equals("float") ? "0.0f" : "0";
    return "((%s) ? %s : %s)".formatted(String.join(" && ", conditions), read, zero);
  }

  /** Folds a vector's lanes in a fixed tree, by way of memory of its own. */
  private void acrossVector(int v) {
    Kernel.RowReduce reduce = (Kernel.RowReduce) body.get(v);
    String type = Types.value(reduce.dtype());
    Expressions scalars = new Expressions(1, true);
    if (width > 1) {
      line(2, "%s l%d[%d];", type, v, width);
      line(2, "vstore%d(w%d, 0, l%d);", width, v, v);
      for (int half = width / 2; half > 0; half /= 2) {
        for (int lane = 0; lane < half; lane++) {
          String a = "l%d[%d]".formatted(v, lane);
          String b = "l%d[%d]".formatted(v, lane + half);
          line(2, "%s = %s;", a, scalars.fold(reduce.maximum(), reduce.dtype(), a, b));
        }
      }
      String whole = scalars.fold(reduce.maximum(), reduce.dtype(), "a" + v, "l%d[0]".formatted(v));
      line(2, "const %s v%d = %s;", type, v, whole);
    } else {
      line(2, "const %s v%d = a%d;", type, v, v);
    }
  }
}
