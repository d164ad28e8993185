package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Kernel.Role;

/**
 * Attention in OpenCL C: its output, log-sum-exp and tangent in one pass with an online softmax
 * (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018), and its cotangents
 * in two (Dao et al., "FlashAttention", 2022, algorithm 4; Dao, "FlashAttention-2", 2023, section
 * 3.1). No pass stores a matrix of queries by keys.
 *
 * <p>All passes have one shape. A work-group owns some rows (queries; in the last pass keys) and
 * walks over blocks of columns (keys; queries). A block takes three steps: <em>dots</em> of rows
 * and columns give s, the scores, and d, another product; <em>weights</em> e and w are made of s
 * and d; and <em>sums</em> of columns, weighted by e or w, are added to a row's accumulators.
 *
 * <table>
 *   <caption>What the steps are</caption>
 *   <tr><th>pass<th>s<th>d<th>e<th>w<th>first sum<th>second sum
 *   <tr><td>forward<td>q·k<td>dq·k + q·dk<td>exp(s − m)<td>e·d<td>e·v<td>w·v + e·dv
 *   <tr><td>queries' cotangent<td>q·k<td>c·v<td>exp(s − lse)<td>scale·e·(d − δ)<td>w·k<td>
 *   <tr><td>keys', values' cotangents<td>k·q<td>v·c<td>exp(s − lse)<td>scale·e·(d − δ)<td>e·c
 *       <td>w·q
 * </table>
 *
 * where m is the largest score so far, lse the log-sum-exp, c the output's cotangent and δ = c·o of
 * each query. With l = Σ e and r = Σ w over all keys, the output is o = Σ e·v / l and its tangent
 * (Σ (w·v + e·dv) − r·o) / l.
 */
abstract class AttentionSource {
  /** The largest head or value size that the kernels take: registers hold a row's sums. */
  private static final int LARGEST_SIZE = 128;

  /**
   * A product of rows and columns.
   *
   * @param target s or d
   * @param row what a row holds
   * @param column what a column holds
   * @param size elements that are multiplied
   */
  record Dot(String target, Role row, Role column, int size) {}

  /**
   * A weighted sum of columns.
   *
   * @param accumulator which of a row's accumulators it is added to, 0 or 1
   * @param weight e or w
   * @param column what a column holds
   * @param size elements of a column
   */
  record Sum(int accumulator, String weight, Role column, int size) {}

  final Kernel.AttentionKernel kernel;
  final Family family;
  final DType dtype;
  final String type;
  final int pass;
  final boolean causal;
  final boolean output;
  final boolean tangent;
  final boolean logSumExp;
  final List<Dot> dots = new ArrayList<>();
  final List<Sum> sums = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private final List<Role> roles;
  private final List<Long> numbers = new ArrayList<>();

  AttentionSource(Kernel.AttentionKernel kernel, Family family) {
    this.kernel = kernel;
    this.family = family;
    this.dtype = kernel.results().get(0).buffer().dtype();
    this.type = Types.value(dtype);
    this.roles = List.copyOf(kernel.operands().keySet());
    this.causal = kernel.ops().get(0).causal();
    this.tangent = kernel.computes(Op.AttentionTangent.class);
    this.output = kernel.computes(Op.AttentionOutput.class);
    this.logSumExp = kernel.computes(Op.AttentionLogSumExp.class);
    boolean queries = kernel.computes(Op.AttentionQueryCotangent.class);
    boolean keys = kernel.computes(Op.AttentionKeyCotangent.class);
    boolean values = kernel.computes(Op.AttentionValueCotangent.class);
    this.pass = queries ? 1 : keys || values ? 2 : 0;
    int head = kernel.headSize();
    int value = kernel.valueSize();
    switch (pass) {
      case 0 -> {
        dots.add(new Dot("s", Role.QUERIES, Role.KEYS, head));
        if (tangent) {
          dots.add(new Dot("d", Role.QUERIES_TANGENT, Role.KEYS, head));
          dots.add(new Dot("d", Role.QUERIES, Role.KEYS_TANGENT, head));
        }
        if (tangent || output) {
          sums.add(new Sum(0, "e", Role.VALUES, value));
        }
        if (tangent) {
          sums.add(new Sum(1, "w", Role.VALUES, value));
          sums.add(new Sum(1, "e", Role.VALUES_TANGENT, value));
        }
      }
      case 1 -> {
        dots.add(new Dot("s", Role.QUERIES, Role.KEYS, head));
        dots.add(new Dot("d", Role.COTANGENT, Role.VALUES, value));
        sums.add(new Sum(0, "w", Role.KEYS, head));
      }
      default -> {
        dots.add(new Dot("s", Role.KEYS, Role.QUERIES, head));
        if (keys) {
          dots.add(new Dot("d", Role.VALUES, Role.COTANGENT, value));
          sums.add(new Sum(1, "w", Role.QUERIES, head));
        }
        if (values) {
          sums.add(new Sum(0, "e", Role.COTANGENT, value));
        }
      }
    }
  }

  /**
   * The launches: always one.
   *
   * @param kernel the kernel
   * @param family how it is cut
   * @param localBytes the local memory of a work-group
   * @param largestGroup the most work-items of one, at least as many as the family's lanes
   */
  static List<Launch> of(
      Kernel.AttentionKernel kernel, Family family, long localBytes, int largestGroup) {
    AttentionSource source =
        family.lanes() == 1
            ? new VectorAttention(kernel, family, localBytes)
            : new LaneAttention(kernel, family, localBytes, largestGroup);
    return List.of(source.launch());
  }

  /**
   * The largest head and value sizes whose kernels fit into local memory, whatever they compute.
   *
   * @param family how kernels are cut
   * @param localBytes the local memory of a work-group
   * @return a size for each dtype; 0 if there is none
   */
  static Map<DType, Integer> largestSizes(Family family, long localBytes) {
    Map<DType, Integer> sizes = new EnumMap<>(DType.class);
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      int size = LARGEST_SIZE;
      while (size > 0 && leastLocalBytes(family, dtype, size) > localBytes) {
        size -= 8;
      }
      sizes.put(dtype, size);
    }
    return sizes;
  }

  private static long leastLocalBytes(Family family, DType dtype, int size) {
    return family.lanes() == 1
        ? VectorAttention.leastLocalBytes(family, dtype, size)
        : LaneAttention.leastLocalBytes(dtype, size);
  }

  /** How many rows there are. */
  final int rows() {
    return pass == 2 ? kernel.keys() : kernel.queries();
  }

  /** How many columns there are. */
  final int columns() {
    return pass == 2 ? kernel.queries() : kernel.keys();
  }

  /** Whether d and w are wanted, besides s and e. */
  final boolean second() {
    return dots.stream().anyMatch(dot -> dot.target().equals("d"));
  }

  /** The accumulators of a row, by number. */
  final List<Integer> accumulators() {
    return sums.stream().map(Sum::accumulator).distinct().sorted().toList();
  }

  final int accumulatorSize(int accumulator) {
    return sums.stream()
        .filter(s -> s.accumulator() == accumulator)
        .findFirst()
        .orElseThrow()
        .size();
  }

  /** What columns hold in the dots, each once. */
  final List<Role> dotColumns() {
    Set<Role> columns = new LinkedHashSet<>();
    dots.forEach(dot -> columns.add(dot.column()));
    return List.copyOf(columns);
  }

  /** What columns hold in the sums, each once. */
  final List<Role> sumColumns() {
    Set<Role> columns = new LinkedHashSet<>();
    sums.forEach(sum -> columns.add(sum.column()));
    return List.copyOf(columns);
  }

  final int size(Role role) {
    return switch (role) {
      case QUERIES, KEYS, QUERIES_TANGENT, KEYS_TANGENT -> kernel.headSize();
      case VALUES, VALUES_TANGENT, OUTPUT, COTANGENT -> kernel.valueSize();
      case LOG_SUM_EXP -> 1;
      case MASK -> kernel.keys();
    };
  }

  /** The variable that points to an operand. */
  static String name(Role role) {
    return switch (role) {
      case QUERIES -> "q";
      case KEYS -> "k";
      case VALUES -> "v";
      case QUERIES_TANGENT -> "dq";
      case KEYS_TANGENT -> "dk";
      case VALUES_TANGENT -> "dv";
      case OUTPUT -> "o";
      case LOG_SUM_EXP -> "lse";
      case COTANGENT -> "c";
      case MASK -> "mask";
    };
  }

  /** An element of an operand. */
  final String element(Role role, String row, String column) {
    return element(name(role), kernel.operands().get(role), row, column);
  }

  /** An element of a result. */
  final String result(int number, String row, String column) {
    return element("r" + number, kernel.results().get(number), row, column);
  }

  private String element(String name, Access access, String row, String column) {
    boolean dense = access.strides()[kernel.batch().size() + 1] == 1;
    return Text.of(
        "%s[(%s) * %s_r + (%s)%s]", name, row, name, column, dense ? "" : " * " + name + "_c");
  }

  /** Whether the elements of an operand's row lie side by side. */
  final boolean isDense(Role role) {
    return kernel.operands().get(role).strides()[kernel.batch().size() + 1] == 1;
  }

  final boolean isMasked() {
    return kernel.operands().containsKey(Role.MASK);
  }

  /** The statement that hides or shifts a score by the mask. */
  final String masking(String score, String row, String column) {
    String at = pass == 2 ? element(Role.MASK, column, row) : element(Role.MASK, row, column);
    boolean bool = kernel.operands().get(Role.MASK).buffer().dtype() == DType.BOOL;
    return bool ? Text.of("if (!%s) %s = -INFINITY;", at, score) : Text.of("%s += %s;", score, at);
  }

  /** The scores' factor as a literal. */
  final String scale() {
    double scale = kernel.ops().get(0).scale();
    return dtype == DType.FLOAT64 ? Text.of("%a", scale) : Text.of("%af", (float) scale);
  }

  /** The log-sum-exp of a query, which turns the weights of one that sees no key into zeros. */
  final String logSumExpOf(String row) {
    String value = element(Role.LOG_SUM_EXP, row, "0");
    return Text.of("%1$s == -INFINITY ? INFINITY : %1$s", value);
  }

  final void line(int indent, String format, Object... arguments) {
    text.append("  ".repeat(indent)).append(Text.of(format, arguments)).append('\n');
  }

  /** Gives a number to the kernel; says how its text calls it. */
  final String number(long value) {
    numbers.add(value);
    return Text.of("s[%d]", roles.size() + kernel.results().size() + numbers.size() - 1);
  }

  private Launch launch() {
    List<Buffer> buffers = new ArrayList<>();
    kernel.operands().values().forEach(access -> buffers.add(access.buffer()));
    kernel.results().forEach(access -> buffers.add(access.buffer()));
    if (dtype == DType.FLOAT64) {
      text.append(Types.DOUBLES);
    }
    text.append(functions());
    line(0, "kernel __attribute__((reqd_work_group_size(%d, 1, 1)))", lanes());
    StringBuilder arguments = new StringBuilder();
    for (Role role : roles) {
      DType stored = kernel.operands().get(role).buffer().dtype();
      arguments.append(Text.of("const global %s *%s_, ", Types.stored(stored), name(role)));
    }
    for (int i = 0; i < kernel.results().size(); i++) {
      arguments.append(Text.of("global %s *r%d_, ", type, i));
    }
    line(0, "void attention(%s%s) {", arguments, Launch.NUMBERS);
    int argument = 0;
    for (Role role : roles) {
      Access access = kernel.operands().get(role);
      String stored = "const global " + Types.stored(access.buffer().dtype());
      pointer(stored, name(role), access, argument++);
    }
    for (int i = 0; i < kernel.results().size(); i++) {
      pointer("global " + type, "r" + i, kernel.results().get(i), argument++);
    }
    line(1, "const int rows = %s, columns = %s;", number(rows()), number(columns()));
    long parts = parts();
    line(1, "const long parts = %s;", number(parts));
    line(1, "const int each = %s;", number(each()));
    line(1, "const long g = %s;", Launch.GROUP);
    line(1, "const int first = g %% parts * each, last = min(first + each, rows);");
    line(1, "{ long rest = g / parts, i;");
    for (int loop = kernel.batch().size() - 1; loop >= 0; loop--) {
      String extent = number(kernel.batch().get(loop));
      line(2, "i = rest %% %s; rest /= %s;", extent, extent);
      for (Role role : roles) {
        line(2, "%s += i * %s;", name(role), number(kernel.operands().get(role).strides()[loop]));
      }
      for (int i = 0; i < kernel.results().size(); i++) {
        line(2, "r%d += i * %s;", i, number(kernel.results().get(i).strides()[loop]));
      }
    }
    line(1, "}");
    body();
    line(0, "}");
    long groups = kernel.matrices() * parts;
    return new Launch("attention", text.toString(), buffers, 0, numbers, groups, lanes());
  }

  private void pointer(String pointed, String name, Access access, int argument) {
    long[] strides = access.strides();
    line(1, "%s *%s = %s_ + s[%d] + %s;", pointed, name, name, argument, number(access.offset()));
    line(1, "const long %s_r = %s;", name, number(strides[strides.length - 2]));
    if (strides[strides.length - 1] != 1) {
      line(1, "const long %s_c = %s;", name, number(strides[strides.length - 1]));
    }
  }

  /** The first and last block of columns that any of the rows first to last − 1 sees. */
  final void columnLoop(int block) {
    String begin = causal && pass == 2 ? Text.of("first / %1$d * %1$d", block) : "0";
    String end = causal && pass != 2 ? "min(columns, last)" : "columns";
    line(1, "const int end = %s;", end);
    line(1, "for (int c0 = %s; c0 < end; c0 += %d) {", begin, block);
    line(2, "const int count = min(%d, columns - c0);", block);
  }

  /** The work-items of a work-group. */
  abstract int lanes();

  /** How many rows a work-group owns. */
  abstract int each();

  final long parts() {
    return Math.ceilDiv(rows(), each());
  }

  /** Functions that the body calls, in OpenCL C. */
  String functions() {
    return "";
  }

  /** Writes what follows the pointers. */
  abstract void body();
}
