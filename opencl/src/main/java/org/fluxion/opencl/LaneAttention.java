package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Kernel.Role;

/**
 * Attention for cards: a work-group of {@value #LANES} work-items, or fewer where the device has no
 * such groups, owns {@value #ROWS} rows. It takes a block of columns into local memory, from where
 * a work-item multiplies two rows by every sixteenth column, and adds every sixteenth element of
 * the sums to registers of its own.
 */
final class LaneAttention extends AttentionSource {
  private static final int LANES = 128;
  private static final int ROWS = 16;

  /** Work-items side by side along columns; the others take other rows. */
  private static final int ACROSS = 16;

  private final int lanes;

  /** Rows of a work-item. */
  private final int down;

  private final int block;
  private final int tile;
  private final int columnsEach;

  LaneAttention(Kernel.AttentionKernel kernel, Family family, long localBytes, int largestGroup) {
    super(kernel, family);
    this.lanes = Math.clamp(Integer.highestOneBit(largestGroup), ACROSS, LANES);
    this.down = ROWS * ACROSS / lanes;
    int largest = Math.max(kernel.headSize(), kernel.valueSize());
    this.tile = tile(largest);
    // A column's state is one work-item's to compute.
    this.block = lanes >= 32 && localBytes(dtype, largest, 32) <= localBytes ? 32 : 16;
    this.columnsEach = block / ACROSS;
  }

  /** One more than a multiple of the sixteen: neighbours then read different banks. */
  private static int tile(int size) {
    return Math.ceilDiv(size, ACROSS) * ACROSS + 1;
  }

  /** What a kernel with two tiles, scores and two kinds of weights takes. */
  private static long localBytes(DType dtype, int size, int block) {
    return dtype.bytes() * (2L * block * tile(size) + 3L * ROWS * (block + 1) + 2L * block);
  }

  static long leastLocalBytes(DType dtype, int size) {
    return localBytes(dtype, size, ACROSS);
  }

  @Override
  int lanes() {
    return lanes;
  }

  @Override
  int each() {
    return ROWS;
  }

  private int elementsEach(int size) {
    return Math.ceilDiv(size, ACROSS);
  }

  private int weightsTile() {
    return block + 1;
  }

  @Override
  void body() {
    line(1, "const int lane = get_local_id(0), x = lane %% %1$d, y = lane / %1$d;", ACROSS);
    int tiles = Math.max(dotColumns().size(), sumColumns().size());
    for (int t = 0; t < tiles; t++) {
      line(1, "local %s t%d[%d];", type, t, block * tile);
    }
    line(1, "local %s score[%d], e[%d];", type, ROWS * weightsTile(), ROWS * weightsTile());
    if (second()) {
      line(1, "local %s w[%d];", type, ROWS * weightsTile());
    }
    if (pass == 2) {
      line(1, "local %s column_lse[%d], column_delta[%d];", type, block, block);
    }
    for (int a : accumulators()) {
      line(1, "%s a%d[%d];", type, a, down * elementsEach(accumulatorSize(a)));
    }
    line(1, "%s m[%d], l[%d], r[%d];", type, down, down, down);
    begin();
    columnLoop(block);
    load(dotColumns());
    if (pass == 2) {
      columnStates();
    }
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    dotStep();
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    weightsStep();
    load(sumColumns());
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    sumStep();
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    line(1, "}");
    end();
  }

  /** The row that a work-item's n-th one is, the last one in place of those beyond it. */
  private String row(String n) {
    return Text.of("min(first + y * %d + %s, last - 1)", down, n);
  }

  private String place(String n, String column) {
    return Text.of("(y * %d + %s) * %s + %s", down, n, "%d", column);
  }

  private String at(String n, String column) {
    return Text.of(place(n, column), weightsTile());
  }

  private void begin() {
    line(1, "for (int n = 0; n < %d; n++) {", down);
    if (pass == 1) {
      line(2, "const int row = %s;", row("n"));
      line(2, "l[n] = %s; m[n] = 0; r[n] = 0;", logSumExpOf("row"));
      line(2, "for (int p = 0; p < %d; p++) r[n] += %s;", kernel.valueSize(), delta("row"));
    } else {
      line(2, "m[n] = -INFINITY; l[n] = 0; r[n] = 0;");
    }
    for (int a : accumulators()) {
      int each = elementsEach(accumulatorSize(a));
      line(2, "for (int f = 0; f < %1$d; f++) a%2$d[n * %1$d + f] = 0;", each, a);
    }
    line(1, "}");
  }

  private String delta(String row) {
    return element(Role.COTANGENT, row, "p") + " * " + element(Role.OUTPUT, row, "p");
  }

  /** Takes columns into the tiles, zeros for what there is none of. */
  private void load(List<Role> roles) {
    for (int t = 0; t < roles.size(); t++) {
      int size = size(roles.get(t));
      int filled = elementsEach(size) * ACROSS;
      line(2, "for (int t = lane; t < %d; t += %d) {", block * filled, lanes);
      line(3, "const int j = t / %1$d, p = t %% %1$d;", filled);
      String value = element(roles.get(t), "c0 + j", "p");
      line(3, "t%d[j * %d + p] = j < count && p < %d ? %s : 0;", t, tile, size, value);
      line(2, "}");
    }
  }

  private void columnStates() {
    line(2, "if (lane < %d) {", block);
    line(3, "const int query = c0 + min(lane, count - 1);");
    line(3, "column_lse[lane] = lane < count ? (%s) : INFINITY;", logSumExpOf("query"));
    line(3, "%s sum = 0;", type);
    line(3, "for (int p = 0; p < %d; p++) sum += %s;", kernel.valueSize(), delta("query"));
    line(3, "column_delta[lane] = sum;");
    line(2, "}");
  }

  private void dotStep() {
    line(
        2,
        "%1$s s_[%2$d]%3$s;",
        type,
        down * columnsEach,
        second() ? ", d_[" + down * columnsEach + "]" : "");
    line(
        2,
        "for (int t = 0; t < %d; t++) { s_[t] = 0;%s }",
        down * columnsEach,
        second() ? " d_[t] = 0;" : "");
    List<Role> columns = dotColumns();
    for (int size : dots.stream().map(Dot::size).distinct().toList()) {
      List<Dot> group = dots.stream().filter(dot -> dot.size() == size).toList();
      line(2, "for (int p = 0; p < %d; p++) {", size);
      for (Role column : group.stream().map(Dot::column).distinct().toList()) {
        line(3, "%s b_%s[%d];", type, name(column), columnsEach);
        line(
            3,
            "for (int j = 0; j < %d; j++) b_%s[j] = t%d[(x + %d * j) * %d + p];",
            columnsEach,
            name(column),
            columns.indexOf(column),
            ACROSS,
            tile);
      }
      line(3, "for (int n = 0; n < %d; n++) {", down);
      for (Role rowRole : group.stream().map(Dot::row).distinct().toList()) {
        String value = element(rowRole, row("n"), "p");
        line(4, "const %s y_%s = %s;", type, name(rowRole), value);
      }
      line(4, "for (int j = 0; j < %d; j++) {", columnsEach);
      for (Dot dot : group) {
        line(
            5,
            "%s_[n * %d + j] += y_%s * b_%s[j];",
            dot.target(),
            columnsEach,
            name(dot.row()),
            name(dot.column()));
      }
      line(4, "}");
      line(3, "}");
      line(2, "}");
    }
    line(2, "for (int n = 0; n < %d; n++) {", down);
    line(3, "const int row = %s;", row("n"));
    line(3, "for (int j = 0; j < %d; j++) {", columnsEach);
    line(4, "const int t = n * %d + j, column = x + %d * j;", columnsEach, ACROSS);
    line(4, "s_[t] *= %s;", scale());
    if (second() && pass == 0) {
      line(4, "d_[t] *= %s;", scale());
    }
    if (isMasked()) {
      line(4, "if (column < count) { %s }", masking("s_[t]", "row", "c0 + column"));
    }
    String hidden = !causal ? "" : pass == 2 ? " || c0 + column < row" : " || c0 + column > row";
    line(4, "if (column >= count%s) s_[t] = -INFINITY;", hidden);
    line(4, "score[%s] = s_[t];", at("n", "column"));
    line(3, "}");
    line(2, "}");
  }

  private void weightsStep() {
    line(2, "for (int n = 0; n < %d; n++) {", down);
    if (pass == 0) {
      line(3, "%s peak = m[n];", type);
      line(3, "for (int j = 0; j < %d; j++) peak = fmax(peak, score[%s]);", block, at("n", "j"));
      line(3, "const %s shift = peak == -INFINITY ? 0 : peak;", type);
      line(3, "const %s fade = m[n] == peak ? 1 : exp(m[n] - shift);", type);
      line(3, "m[n] = peak; l[n] *= fade; r[n] *= fade;");
      for (int a : accumulators()) {
        int each = elementsEach(accumulatorSize(a));
        line(3, "for (int f = 0; f < %1$d; f++) a%2$d[n * %1$d + f] *= fade;", each, a);
      }
    }
    line(3, "for (int j = 0; j < %d; j++) {", columnsEach);
    line(4, "const int t = n * %d + j, column = x + %d * j;", columnsEach, ACROSS);
    String base = pass == 0 ? "shift" : pass == 1 ? "l[n]" : "column_lse[column]";
    line(4, "const %s weight = exp(s_[t] - %s);", type, base);
    line(4, "e[%s] = weight;", at("n", "column"));
    if (second()) {
      String delta = pass == 1 ? "r[n]" : "column_delta[column]";
      String value =
          pass == 0 ? "weight * d_[t]" : Text.of("weight * (d_[t] - %s) * %s", delta, scale());
      line(4, "w[%s] = %s;", at("n", "column"), value);
    }
    line(3, "}");
    line(2, "}");
  }

  private void sumStep() {
    List<Role> columns = sumColumns();
    line(2, "for (int j = 0; j < count; j++) {");
    for (Role column : columns) {
      int each = elementsEach(size(column));
      line(3, "%s b_%s[%d];", type, name(column), each);
      line(
          3,
          "for (int f = 0; f < %d; f++) b_%s[f] = t%d[j * %d + x + %d * f];",
          each,
          name(column),
          columns.indexOf(column),
          tile,
          ACROSS);
    }
    line(3, "for (int n = 0; n < %d; n++) {", down);
    line(
        4,
        "const %s e_ = e[%s]%s;",
        type,
        at("n", "j"),
        second() ? ", w_ = w[" + at("n", "j") + "]" : "");
    if (pass == 0) {
      line(4, "l[n] += e_;%s", second() ? " r[n] += w_;" : "");
    }
    for (Sum sum : sums) {
      int each = elementsEach(sum.size());
      line(
          4,
          "for (int f = 0; f < %1$d; f++) a%2$d[n * %1$d + f] += %3$s_ * b_%4$s[f];",
          each,
          sum.accumulator(),
          sum.weight(),
          name(sum.column()));
    }
    line(3, "}");
    line(2, "}");
  }

  private void end() {
    line(1, "for (int n = 0; n < %d; n++) {", down);
    line(2, "const int row = first + y * %d + n;", down);
    line(2, "if (row < last) {");
    line(3, "const %s inverse = l[n] == 0 ? 0 : 1 / l[n];", type);
    for (int i = 0; i < kernel.ops().size(); i++) {
      Op.Attention op = kernel.ops().get(i);
      if (op instanceof Op.AttentionLogSumExp) {
        String value = "l[n] == 0 ? -INFINITY : m[n] + log(l[n])";
        line(3, "if (x == 0) %s = %s;", result(i, "row", "0"), value);
        continue;
      }
      int a = op instanceof Op.AttentionKeyCotangent ? 1 : 0;
      int size = accumulatorSize(a);
      int each = elementsEach(size);
      String own = Text.of("a%d[n * %d + f]", a, each);
      String value =
          switch (op) {
            case Op.AttentionOutput o -> own + " * inverse";
            case Op.AttentionTangent o ->
                Text.of("(a1[n * %1$d + f] - r[n] * inverse * %2$s) * inverse", each, own);
            default -> own;
          };
      line(3, "for (int f = 0; f < %d; f++) {", each);
      line(4, "const int p = x + %d * f;", ACROSS);
      line(4, "if (p < %d) %s = %s;", size, result(i, "row", "p"), value);
      line(3, "}");
    }
    line(2, "}");
    line(1, "}");
  }
}
