package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Kernel.Role;

/**
 * Attention for processors: a work-item owns up to 128 rows. It packs a block of columns into local
 * memory, one element of all columns after another, so that dots are vectors of columns; and takes
 * four rows at a time, whose products stay in registers.
 */
final class VectorAttention extends AttentionSource {
  /** Rows whose products are in registers at once. */
  private static final int DOWN = 4;

  /**
   * Vectors of sums that fit in the registers of AVX2, and of AVX-512, beside what they are made
   * of.
   */
  private static final int REGISTERS = 12;

  private static final int MORE_REGISTERS = 24;

  /**
   * How many rows and columns are worked on at a time.
   *
   * @param rows rows of a work-item, a multiple of those taken at a time
   * @param columns columns of a block
   */
  private record Cut(int rows, int columns) {}

  /** From the fastest to the one that needs the least local memory. */
  private static final List<Cut> CUTS =
      List.of(
          new Cut(128, 64),
          new Cut(64, 64),
          new Cut(64, 32),
          new Cut(32, 32),
          new Cut(32, 16),
          new Cut(16, 16));

  /** Elements of a column, and columns, that are packed at once. */
  private static final int SQUARE = 4;

  private final int width;
  private final int registers;
  private final int rows;
  private final int block;
  private final String vector;

  VectorAttention(Kernel.AttentionKernel kernel, Family family, long localBytes) {
    super(kernel, family);
    this.width = width(family, dtype);
    this.registers = family.register() < 16 ? REGISTERS : MORE_REGISTERS;
    int size = Math.max(kernel.headSize(), kernel.valueSize());
    // Longer blocks of large heads would not stay in the first cache.
    Cut cut =
        CUTS.stream()
            .filter(c -> size <= 64 || c.columns() <= 32)
            .filter(c -> localBytes(c, dtype, padded(size)) <= localBytes)
            .findFirst()
            .orElse(CUTS.getLast());
    this.rows = cut.rows();
    this.block = cut.columns();
    this.vector = Types.value(dtype, width);
  }

  private static int width(Family family, DType dtype) {
    int floats = Math.min(family.register(), family.width());
    return dtype.bytes() == 8 ? Math.max(2, floats / 2) : floats;
  }

  /** What a kernel takes that packs and copies two operands and has two accumulators. */
  private static long localBytes(Cut cut, DType dtype, int size) {
    return dtype.bytes() * (4L * size * cut.columns() + 2L * size * cut.rows() + 3L * cut.rows());
  }

  static long leastLocalBytes(Family family, DType dtype, int size) {
    int width = width(family, dtype);
    return localBytes(CUTS.getLast(), dtype, Math.ceilDiv(size, width) * width);
  }

  /** Drivers' own exp may be called lane by lane. */
  @Override
  String functions() {
    List<Op> exp = List.of(new Op.Exp());
    return Fetches.SOURCE
        + Types.anywhere(vector)
        + (hasOwnExp() ? Elementary.source(1, 1, exp) + Elementary.source(width, 1, exp) : "");
  }

  private String exp(int lanes, String value) {
    return (hasOwnExp() ? "exp_" + lanes : "exp") + "(" + value + ")";
  }

  private boolean hasOwnExp() {
    return dtype == DType.FLOAT32 && family.fuses();
  }

  /** Adds a product to an accumulator, as one instruction where there is one. */
  private String multiplyAdd(String accumulator, String a, String b) {
    return family.fuses()
        ? accumulator + " = fma(" + a + ", " + b + ", " + accumulator + ");"
        : accumulator + " += " + a + " * " + b + ";";
  }

  @Override
  int lanes() {
    return 1;
  }

  @Override
  int each() {
    // Fewer rows where there are too few to keep the device busy.
    int each = rows;
    while (each > 4 * DOWN && kernel.matrices() * Math.ceilDiv(rows(), each) < family.groups()) {
      each /= 2;
    }
    return each;
  }

  private String load(String pointer) {
    return Text.of("vload%d(0, %s)", width, pointer);
  }

  private int padded(int size) {
    return Math.ceilDiv(size, width) * width;
  }

  /** Whether the sums read a column where it lies. */
  private boolean inPlace(Role role) {
    return isDense(role) && size(role) % width == 0;
  }

  @Override
  void body() {
    for (Role role : dotColumns()) {
      line(1, "local %s t_%s[%d];", type, name(role), size(role) * block);
    }
    for (Role role : sumColumns()) {
      if (!inPlace(role)) {
        line(1, "local %s y_%s[%d];", type, name(role), padded(size(role)) * block);
      }
    }
    for (int a : accumulators()) {
      line(1, "local %s a%d[%d];", type, a, padded(accumulatorSize(a)) * rows);
    }
    if (pass == 2) {
      line(1, "local %s column_lse[%d], column_delta[%d];", type, block, block);
    } else {
      line(1, "local %s m[%d], l[%d], r[%d];", type, rows, rows, rows);
    }
    line(1, "%s e[%d], w[%d];", type, DOWN * block, DOWN * block);
    begin();
    columnLoop(block);
    line(2, "const int filled = (count + %d) / %d * %d;", width - 1, width, width);
    pack();
    line(2, "for (int i = first; i < last; i += %d) {", DOWN);
    if (causal) {
      String hidden = pass == 2 ? "c0 + %d < i" : "c0 > i + %d";
      line(3, "if (" + hidden + ") continue;", (pass == 2 ? block : DOWN) - 1);
    }
    fetch();
    dotStep();
    line(3, "for (int n = 0; n < %d; n++) {", DOWN);
    line(4, "const int row = min(i + n, last - 1), at = i + n - first, from = n * %d;", block);
    hide();
    if (pass == 0) {
      softmaxStep();
    } else {
      weightsStep();
    }
    line(3, "}");
    sumStep();
    line(2, "}");
    line(1, "}");
    end();
  }

  /** What a row begins with. */
  private void begin() {
    line(1, "for (int i = 0; i < (last - first + %1$d) / %2$d * %2$d; i++) {", DOWN - 1, DOWN);
    if (pass == 0) {
      line(2, "m[i] = -INFINITY; l[i] = 0; r[i] = 0;");
    } else if (pass == 1) {
      line(2, "const int row = min(first + i, last - 1);");
      line(2, "l[i] = %s; m[i] = 0; r[i] = 0;", logSumExpOf("row"));
      line(2, "for (int p = 0; p < %d; p++) r[i] += %s;", kernel.valueSize(), delta("row"));
    }
    for (int a : accumulators()) {
      int size = padded(accumulatorSize(a));
      line(2, "for (int p = 0; p < %1$d; p++) a%2$d[i * %1$d + p] = 0;", size, a);
    }
    line(1, "}");
  }

  private String delta(String row) {
    return element(Role.COTANGENT, row, "p") + " * " + element(Role.OUTPUT, row, "p");
  }

  private void pack() {
    for (Role role : dotColumns()) {
      line(2, "for (int j = 0; j < %d; j += %d) {", block, SQUARE);
      line(3, "int p = 0;");
      if (isDense(role) && kernel.operands().get(role).buffer().dtype() == dtype) {
        line(3, "if (j + %d <= count) {", SQUARE);
        line(4, "for (; p + %1$d <= %2$d; p += %1$d) {", SQUARE, size(role));
        transpose(role);
        line(4, "}");
        line(3, "}");
      }
      line(3, "for (; p < %d; p++) {", size(role));
      line(4, "local %s *t = t_%s + p * %d + j;", type, name(role), block);
      for (int lane = 0; lane < SQUARE; lane++) {
        String column = Text.of("c0 + min(j + %d, count - 1)", lane);
        line(4, "t[%1$d] = j + %1$d < count ? %2$s : 0;", lane, element(role, column, "p"));
      }
      line(3, "}");
      line(2, "}");
    }
    for (Role role : sumColumns()) {
      if (!inPlace(role)) {
        int size = padded(size(role));
        line(2, "for (int j = 0; j < count; j++) {");
        line(3, "local %s *y = y_%s + j * %d;", type, name(role), size);
        line(
            3, "for (int p = 0; p < %d; p++) y[p] = %s;", size(role), element(role, "c0 + j", "p"));
        line(3, "for (int p = %d; p < %d; p++) y[p] = 0;", size(role), size);
        line(2, "}");
      }
    }
    if (pass == 2) {
      line(2, "for (int j = 0; j < %d; j++) {", block);
      line(3, "const int query = c0 + min(j, count - 1);");
      line(3, "column_lse[j] = j < count ? (%s) : INFINITY;", logSumExpOf("query"));
      line(3, "%s sum = 0;", type);
      line(3, "for (int p = 0; p < %d; p++) sum += %s;", kernel.valueSize(), delta("query"));
      line(3, "column_delta[j] = sum;");
      line(2, "}");
    }
  }

  /**
   * Four elements of four columns. Larger squares would take fewer steps, but LLVM merges those
   * into single elements' ways.
   */
  private void transpose(Role role) {
    String four = Types.value(dtype, SQUARE);
    for (int lane = 0; lane < SQUARE; lane++) {
      String column = element(role, "c0 + j + " + lane, "p");
      line(5, "const %s x%d = vload4(0, &%s);", four, lane, column);
    }
    for (int lane = 0; lane < SQUARE; lane++) {
      String elements = Text.of("x0.s%1$d, x1.s%1$d, x2.s%1$d, x3.s%1$d", lane);
      String at = Text.of("t_%s + (p + %d) * %d + j", name(role), lane, block);
      line(5, "vstore4((%s) (%s), 0, %s);", four, elements, at);
    }
  }

  /** Groups by size, so that products and sums over equally many elements share a loop. */
  private static <T> List<List<T>> bySize(List<T> terms, ToIntFunction<T> size) {
    Map<Integer, List<T>> groups =
        terms.stream()
            .collect(
                Collectors.groupingBy(
                    size::applyAsInt, LinkedHashMap::new, Collectors.<T>toList()));
    return List.copyOf(groups.values());
  }

  /** How many vectors side by side a loop with so many terms takes, of so many in all. */
  private int across(int terms, int vectors) {
    int across = Math.max(1, registers / (DOWN * terms));
    while (vectors % across != 0) {
      across--;
    }
    return across;
  }

  /**
   * While some rows are worked on, a share of what comes next is fetched: the columns of the next
   * block, and in the last block the next work-group's rows and where results go. The next
   * work-group has other rows of this matrix, or the next matrix of the last batch axis; where
   * there is none, what is fetched is not read.
   */
  private void fetch() {
    int share = Math.max(1, block * DOWN / each());
    Set<Role> columns = new LinkedHashSet<>(dotColumns());
    columns.addAll(sumColumns());
    line(3, "const int isLast = c0 + count >= end, over = isLast && g %% parts + 1 == parts;");
    line(3, "const int column = (isLast ? 0 : c0 + count) + (i - first) / %d * %d;", DOWN, share);
    line(3, "for (int n = 0; n < %d; n++) {", share);
    columns.forEach(role -> fetch(role, "column + n"));
    line(3, "}");
    line(3, "for (int n = 0; isLast && n < %d; n++) {", DOWN);
    line(4, "const int row = over ? i + n - first : i + n + last - first;");
    dots.stream().map(Dot::row).distinct().forEach(role -> fetch(role, "row"));
    for (int number = 0; pass == 0 && number < kernel.results().size(); number++) {
      if (!(kernel.ops().get(number) instanceof Op.AttentionLogSumExp)) {
        lines(kernel.valueSize(), dtype);
        line(5, Fetches.written("&" + result(number, "i + n", "p")));
      }
    }
    line(3, "}");
  }

  /** A row or a column. */
  private void fetch(Role role, String at) {
    Access access = kernel.operands().get(role);
    int batch = kernel.batch().size();
    String matrix = batch == 0 ? "0" : number(access.strides()[batch - 1]);
    if (isDense(role)) {
      lines(size(role), access.buffer().dtype());
      line(5, Fetches.readLater("&" + element(role, at, "p") + " + over * " + matrix));
    }
  }

  private void lines(int size, DType dtype) {
    line(4, "for (int p = 0; p < %d; p += %d)", size, Fetches.LINE / dtype.bytes());
  }

  private void dotStep() {
    List<Role> rowRoles = dots.stream().map(Dot::row).distinct().toList();
    for (int n = 0; n < DOWN; n++) {
      line(3, "const int i%1$d = min(i + %1$d, last - 1);", n);
    }
    int across = across(dots.size(), block / width);
    line(3, "for (int j = 0; j < filled; j += %d) {", across * width);
    for (int t = 0; t < dots.size(); t++) {
      for (int n = 0; n < DOWN; n++) {
        for (int x = 0; x < across; x++) {
          line(4, "%s x%d_%d_%d = (%s) (0);", vector, t, n, x, vector);
        }
      }
    }
    for (List<Dot> group : bySize(dots, Dot::size)) {
      line(4, "for (int p = 0; p < %d; p++) {", group.get(0).size());
      for (Role column : group.stream().map(Dot::column).distinct().toList()) {
        for (int x = 0; x < across; x++) {
          String at = Text.of("t_%1$s + p * %2$d + j + %3$d", name(column), block, x * width);
          line(5, "const %s b_%s_%d = %s;", vector, name(column), x, load(at));
        }
      }
      for (int n = 0; n < DOWN; n++) {
        for (Role row : rowRoles) {
          if (group.stream().anyMatch(dot -> dot.row() == row)) {
            String value = element(row, "i" + n, "p");
            line(5, "const %1$s y_%2$s_%3$d = (%1$s) (%4$s);", vector, name(row), n, value);
          }
        }
        for (Dot dot : group) {
          for (int x = 0; x < across; x++) {
            line(
                5,
                multiplyAdd("x%1$d_%2$d_%3$d", "y_%4$s_%2$d", "b_%5$s_%3$d"),
                dots.indexOf(dot),
                n,
                x,
                name(dot.row()),
                name(dot.column()));
          }
        }
      }
      line(4, "}");
    }
    for (int n = 0; n < DOWN; n++) {
      for (int x = 0; x < across; x++) {
        for (String target : List.of("s", "d")) {
          List<String> terms = new ArrayList<>();
          for (int t = 0; t < dots.size(); t++) {
            if (dots.get(t).target().equals(target)) {
              terms.add(Text.of("x%d_%d_%d", t, n, x));
            }
          }
          if (!terms.isEmpty()) {
            // The cotangent's d is no score, and has no scale.
            String scaled = target.equals("s") || pass == 0 ? " * " + scale() : "";
            String value = "(" + String.join(" + ", terms) + ")" + scaled;
            String at = Text.of("%s + %d + j + %d", array(target), n * block, x * width);
            line(4, "%s", Types.storeAnywhere("private", at, value));
          }
        }
      }
    }
    line(3, "}");
  }

  /** Where the products lie until the weights replace them. */
  private static String array(String target) {
    return target.equals("s") ? "e" : "w";
  }

  /** Columns that a row does not see get a score of −∞. */
  private void hide() {
    if (isMasked()) {
      line(4, "for (int j = 0; j < count; j++) {");
      line(5, "%s", masking("e[from + j]", "row", "c0 + j"));
      line(4, "}");
    }
    if (causal && pass == 2) {
      line(4, "for (int j = 0; j < min(count, row - c0); j++) e[from + j] = -INFINITY;");
    }
    String seen = causal && pass != 2 ? "clamp(row - c0 + 1, 0, count)" : "count";
    line(4, "for (int j = %s; j < filled; j++) e[from + j] = -INFINITY;", seen);
  }

  private void softmaxStep() {
    line(4, "%s top = %s;", vector, load("e + from"));
    line(4, "for (int j = %1$d; j < filled; j += %1$d)", width);
    line(5, "top = fmax(top, %s);", load("e + from + j"));
    line(4, "const %s peak = fmax(m[at], %s);", type, folded("top", "fmax(%s, %s)"));
    line(4, "const %s shift = peak == -INFINITY ? 0 : peak;", type);
    line(4, "const %s fade = m[at] == peak ? 1 : %s;", type, exp(1, "m[at] - shift"));
    line(4, "m[at] = peak;");
    line(
        4,
        "%1$s total = (%1$s) (0)%2$s;",
        vector,
        second() ? ", weighted = (" + vector + ") (0)" : "");
    line(4, "for (int j = 0; j < filled; j += %d) {", width);
    line(5, "const %s x = %s;", vector, exp(width, load("e + from + j") + " - shift"));
    line(5, "%s", Types.storeAnywhere("private", "e + from + j", "x"));
    line(5, "total += x;");
    if (second()) {
      line(5, "const %s y = x * %s;", vector, load("w + from + j"));
      line(5, "%s", Types.storeAnywhere("private", "w + from + j", "y"));
      line(5, "weighted += y;");
    }
    line(4, "}");
    fold("l", "total");
    if (second()) {
      fold("r", "weighted");
    }
    if (!sums.isEmpty()) {
      line(4, "if (fade != 1) {");
      for (int a : accumulators()) {
        int size = padded(accumulatorSize(a));
        line(5, "for (int p = 0; p < %1$d; p++) a%2$d[at * %1$d + p] *= fade;", size, a);
      }
      line(4, "}");
    }
  }

  private void fold(String state, String value) {
    line(4, "%1$s[at] = %1$s[at] * fade + %2$s;", state, folded(value, "%s + %s"));
  }

  /** Folds a vector by halves; the variables that are needed for it are written. */
  private String folded(String value, String pattern) {
    String whole = value;
    for (int half = width / 2; half > 0; half /= 2) {
      String part = value + half;
      String next = Text.of(pattern, whole + ".lo", whole + ".hi");
      line(4, "const %s %s = %s;", Types.value(dtype, half), part, next);
      whole = part;
    }
    return whole;
  }

  private void weightsStep() {
    String lse = pass == 2 ? load("column_lse + j") : "l[at]";
    String delta = pass == 2 ? load("column_delta + j") : "r[at]";
    line(4, "for (int j = 0; j < filled; j += %d) {", width);
    line(5, "const %s x = %s;", vector, exp(width, load("e + from + j") + " - " + lse));
    line(5, "%s", Types.storeAnywhere("private", "e + from + j", "x"));
    if (second()) {
      String y = Text.of("x * (%s - %s) * %s", load("w + from + j"), delta, scale());
      line(5, "%s", Types.storeAnywhere("private", "w + from + j", y));
    }
    line(4, "}");
  }

  private void sumStep() {
    for (List<Sum> group : bySize(sums, Sum::size)) {
      int size = padded(group.get(0).size());
      int across = across(group.size(), size / width);
      line(3, "for (int f = 0; f < %d; f += %d) {", size, across * width);
      for (int t = 0; t < group.size(); t++) {
        for (int n = 0; n < DOWN; n++) {
          for (int x = 0; x < across; x++) {
            line(4, "%1$s z%2$d_%3$d_%4$d = (%1$s) (0);", vector, t, n, x);
          }
        }
      }
      line(4, "for (int j = 0; j < count; j++) {");
      for (Role column : group.stream().map(Sum::column).distinct().toList()) {
        for (int x = 0; x < across; x++) {
          String at =
              inPlace(column)
                  ? "&" + element(column, "c0 + j", "f + " + x * width)
                  : Text.of("y_%s + j * %d + f + %d", name(column), size, x * width);
          line(5, "const %s b_%s_%d = %s;", vector, name(column), x, load(at));
        }
      }
      for (int n = 0; n < DOWN; n++) {
        for (String weight : group.stream().map(Sum::weight).distinct().toList()) {
          line(5, "const %1$s %2$s%3$d = (%1$s) (%2$s[%4$d + j]);", vector, weight, n, n * block);
        }
        for (int t = 0; t < group.size(); t++) {
          for (int x = 0; x < across; x++) {
            line(
                5,
                multiplyAdd("z%1$d_%2$d_%3$d", "%4$s%2$d", "b_%5$s_%3$d"),
                t,
                n,
                x,
                group.get(t).weight(),
                name(group.get(t).column()));
          }
        }
      }
      line(4, "}");
      for (int n = 0; n < DOWN; n++) {
        for (int x = 0; x < across; x++) {
          for (int a : accumulators()) {
            List<String> terms = new ArrayList<>();
            for (int t = 0; t < group.size(); t++) {
              if (group.get(t).accumulator() == a) {
                terms.add(Text.of("z%d_%d_%d", t, n, x));
              }
            }
            if (!terms.isEmpty()) {
              String at = Text.of("a%d + (i - first + %d) * %d + f + %d", a, n, size, x * width);
              line(
                  4,
                  "%s",
                  Types.storeAnywhere("local", at, load(at) + " + " + String.join(" + ", terms)));
            }
          }
        }
      }
      line(3, "}");
    }
  }

  private void end() {
    line(1, "for (int i = first; i < last; i++) {");
    line(2, "const int at = i - first;");
    if (pass == 0) {
      line(2, "const %s inverse = l[at] == 0 ? 0 : 1 / l[at];", type);
      if (!sums.isEmpty()) {
        int size = padded(kernel.valueSize());
        line(2, "for (int p = 0; p < %d; p++) {", kernel.valueSize());
        line(3, "const %s o = a0[at * %d + p] * inverse;", type, size);
        store(Op.AttentionOutput.class, "o");
        store(
            Op.AttentionTangent.class,
            Text.of("a1[at * %d + p] * inverse - r[at] * inverse * o", size));
        line(2, "}");
      }
      if (logSumExp) {
        int number = number(Op.AttentionLogSumExp.class);
        line(2, "%s = l[at] == 0 ? -INFINITY : m[at] + log(l[at]);", result(number, "i", "0"));
      }
    } else {
      for (Op.Attention op : kernel.ops()) {
        int a = op instanceof Op.AttentionKeyCotangent ? 1 : 0;
        int size = accumulatorSize(a);
        line(2, "for (int p = 0; p < %d; p++) {", size);
        store(op.getClass(), Text.of("a%d[at * %d + p]", a, padded(size)));
        line(2, "}");
      }
    }
    line(1, "}");
  }

  private int number(Class<? extends Op.Attention> op) {
    for (int i = 0; i < kernel.ops().size(); i++) {
      if (op.isInstance(kernel.ops().get(i))) {
        return i;
      }
    }
    return -1;
  }

  private void store(Class<? extends Op.Attention> op, String value) {
    int number = number(op);
    if (number >= 0) {
      line(3, "%s = %s;", result(number, "i", "p"), value);
    }
  }
}
