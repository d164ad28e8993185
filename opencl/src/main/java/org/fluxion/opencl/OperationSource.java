package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * The operations that are neither loops over elements nor products, in OpenCL C. Elements are moved
 * as they are stored. Each kernel's numbers {@code s} begin with the first element of each buffer.
 */
final class OperationSource {
  private static final String NAME = "operation";

  /** From here on a row is sorted by merging, before by counting what comes before each element. */
  static final int LONG_ROW = 512;

  /** Elements that a card's work-item is worth starting for. */
  private static final int SHORTEST_PART = 256;

  /** Of the parts of a row one work-item folds what was found. */
  private static final int MOST_PARTS = 1 << 14;

  /** Columns of a piece of scatter-add on a processor. */
  private static final int COLUMNS = 256;

  private final Kernel.OperationKernel kernel;
  private final Family family;
  private final String type;
  private final Shape shape;
  private final Shape operand;
  private final List<Launch> launches = new ArrayList<>();

  private OperationSource(Kernel.OperationKernel kernel, Family family) {
    this.kernel = kernel;
    this.family = family;
    this.type = Types.stored(kernel.operands().get(0).dtype());
    this.shape = kernel.shape();
    this.operand = kernel.shapes().get(0);
  }

  /** The launches of an operation, in order. */
  static List<Launch> of(Kernel.OperationKernel kernel, Family family) {
    OperationSource made = new OperationSource(kernel, family);
    made.write();
    return made.launches;
  }

  private void write() {
    switch (kernel.op()) {
      case Op.Gather _ -> gather();
      case Op.ScatterAdd _ -> scatterAdd();
      case Op.Fold op -> fold(op);
      case Op.ArgMax op -> argMax(op);
      case Op.ArgSort _ -> argSort();
      case Op.RandomBits op -> randomBits(op);
      case Op.Concat op -> concat(op);
      case Op.Pad op -> pad(op);
      default -> throw new OpenClException("no kernel of its own: " + kernel.op().label());
    }
  }

  /** A kernel whose work-items take elements e of so many as the first number says. */
  private void elements(List<Buffer> buffers, String body, long... numbers) {
    elements(buffers, family.lanes() == 1 ? 4096 : family.lanes(), 0, body, numbers);
  }

  /** The same with the elements of a work-group, and memory that the kernel needs for itself. */
  private void elements(
      List<Buffer> buffers, long each, long scratchBytes, String body, long... numbers) {
    long groups = Math.clamp(Math.ceilDiv(numbers[0], each), 1, 1 << 16);
    long[] all = Arrays.copyOf(numbers, numbers.length + 1);
    all[numbers.length] = groups * family.lanes();
    launch(
        buffers,
        Text.of(
            "for (long e = (%s) * %d + get_local_id(0); e < N0; e += N%d) {\n%s}\n",
            Launch.GROUP, family.lanes(), numbers.length, body),
        groups,
        scratchBytes,
        all);
  }

  private void launch(
      List<Buffer> buffers, String body, long groups, long scratchBytes, long... numbers) {
    StringBuilder text = new StringBuilder();
    if (buffers.stream().anyMatch(b -> b.dtype() == DType.FLOAT64)) {
      text.append(Types.DOUBLES);
    }
    text.append(
        Text.of(
            "kernel __attribute__((reqd_work_group_size(%d, 1, 1)))\nvoid %s(",
            family.lanes(), NAME));
    for (int i = 0; i < buffers.size(); i++) {
      text.append(Text.of("global %s *b%d_, ", Types.stored(buffers.get(i).dtype()), i));
    }
    text.append(scratchBytes > 0 ? "global uchar *scratch, " : "")
        .append(Launch.NUMBERS)
        .append(") {\n");
    for (int i = 0; i < buffers.size(); i++) {
      text.append(
          Text.of(
              "global %s *b%d = b%d_ + s[%d];\n", Types.stored(buffers.get(i).dtype()), i, i, i));
    }
    // N0, N1, … are the numbers after the starts.
    String numbered = body;
    for (int i = numbers.length - 1; i >= 0; i--) {
      numbered = numbered.replace("N" + i, Text.of("s[%d]", buffers.size() + i));
    }
    text.append(numbered).append("}\n");
    launches.add(
        new Launch(
            NAME,
            text.toString(),
            buffers,
            scratchBytes,
            Arrays.stream(numbers).boxed().toList(),
            groups,
            family.lanes()));
  }

  private List<Buffer> operandsAndResult() {
    List<Buffer> buffers = new ArrayList<>(kernel.operands());
    buffers.add(kernel.result());
    return buffers;
  }

  private void gather() {
    elements(
        operandsAndResult(),
        """
        const long d = e % N1, i = e / N1;
        const long row = b1[i];
        b2[e] = row >= 0 && row < N3 ? b0[(i / N2 * N3 + row) * N1 + d] : 0;
        """,
        shape.elements(),
        shape.extent(2),
        shape.extent(1),
        operand.extent(1));
  }

  private void scatterAdd() {
    int columns = shape.extent(2);
    int piece = family.lanes() == 1 ? COLUMNS : family.lanes();
    long pieces = Math.ceilDiv(columns, piece);
    String sum =
        new Expressions(1)
            .fold(false, kernel.result().dtype(), "b2[at]", "b0[(b * N2 + k) * N0 + d]");
    launch(
        operandsAndResult(),
        Text.of(
            """
            const long g = %3$s, b = g / N4;
            const long from = g %% N4 * N3 + get_local_id(0), to = min((g %% N4 + 1) * N3, N0);
            for (long r = 0; r < N1; r++)
              for (long d = from; d < to; d += %1$d) b2[(b * N1 + r) * N0 + d] = 0;
            for (long k = 0; k < N2; k++) {
              const long row = b1[b * N2 + k];
              if (row >= 0 && row < N1)
                for (long d = from; d < to; d += %1$d) {
                  const long at = (b * N1 + row) * N0 + d;
                  b2[at] = %2$s;
                }
            }
            """,
            family.lanes(), sum, Launch.GROUP),
        shape.extent(0) * pieces,
        0,
        columns,
        shape.extent(1),
        kernel.shapes().get(1).extent(1),
        piece,
        pieces);
  }

  private void fold(Op.Fold op) {
    Op.Window w = op.window();
    String sum =
        new Expressions(1)
            .fold(
                false,
                kernel.result().dtype(),
                "a",
                "b0[((p * N6 + ky) * N7 + kx) * N8 * N9 + oy * N9 + ox]");
    elements(
        operandsAndResult(),
        Text.of(
            """
            const long x = e %% N2, y = e / N2 %% N1, p = e / N2 / N1;
            %1$s a = 0;
            for (long ky = 0; ky < N6; ky++)
              for (long kx = 0; kx < N7; kx++) {
                const long sy = y + N5 - ky, sx = x + N5 - kx;
                const long oy = sy / N4, ox = sx / N4;
                if (sy >= 0 && sx >= 0 && sy %% N4 == 0 && sx %% N4 == 0 && oy < N8 && ox < N9) a = %2$s;
              }
            b1[e] = a;
            """,
            type, sum),
        shape.elements(),
        op.height(),
        op.width(),
        0,
        w.stride(),
        w.padding(),
        w.kernelHeight(),
        w.kernelWidth(),
        w.positions(op.height(), w.kernelHeight()),
        w.positions(op.width(), w.kernelWidth()));
  }

  private void argMax(Op.ArgMax op) {
    int length = operand.extent(op.axis());
    long step = operand.strides()[operand.axis(op.axis())];
    long parts = parts(shape.elements(), length);
    if (parts > 1) {
      argMaxInParts(length, step, parts);
      return;
    }
    elements(
        operandsAndResult(),
        Text.of(
            """
            const long base = e / N2 * N2 * N1 + e %% N2;
            long best = 0;
            %1$s top = b0[base];
            for (long j = 1; j < N1; j++) {
              const %1$s x = b0[base + j * N2];
              // NaN is above everything but NaN.
              if (x > top || (x != x && top == top)) { best = j; top = x; }
            }
            b1[e] = best;
            """,
            type),
        shape.elements(),
        length,
        step);
  }

  /** Into how many parts rows are cut, where they are too few to keep the device busy. */
  private long parts(long rows, int length) {
    if (rows == 0) {
      return 1;
    }
    long wanted = Math.ceilDiv((long) family.groups() * family.lanes(), rows);
    long worth = family.lanes() == 1 ? LoopSource.PIECE : SHORTEST_PART;
    long parts = Math.clamp(Math.min(wanted, length / worth), 1, MOST_PARTS);
    return Math.ceilDiv(length, Math.ceilDiv(length, parts));
  }

  /**
   * The first largest of each part, by a work-item each, then of those that they have found. On
   * cards neighbouring work-items read neighbouring elements, so that parts lie within one another:
   * of equal elements in two of them the first is the one with the smaller index.
   */
  private void argMaxInParts(int length, long step, long parts) {
    long rows = shape.elements();
    // Neighbours in memory are elements of a row, or else of different rows.
    boolean alongRows = step == 1;
    long each = Math.ceilDiv(length, parts);
    boolean interleaved = family.lanes() > 1;
    elements(
        List.of(kernel.operands().getFirst()),
        interleaved ? family.lanes() : 1,
        rows * parts * Integer.BYTES,
        Text.of(
            """
            const long row = e / N3 %% N4, part = e / N5 %% N6;
            const long base = row / N2 * N2 * N1 + row %% N2;
            const long from = part * N7, to = min(from + N8, N1);
            long best = from;
            %1$s top = b0[base + from * N2];
            for (long j = from + N9; j < to; j += N9) {
              const %1$s x = b0[base + j * N2];
              if (x > top || (x != x && top == top)) { best = j; top = x; }
            }
            ((global int *) scratch)[e] = best;
            """,
            type),
        rows * parts,
        length,
        step,
        alongRows ? parts : 1,
        rows,
        alongRows ? 1 : rows,
        parts,
        interleaved ? 1 : each,
        interleaved ? length : each,
        interleaved ? parts : 1);
    elements(
        operandsAndResult(),
        family.lanes(),
        rows * parts * Integer.BYTES,
        Text.of(
            """
            const long base = e / N2 * N2 * N1 + e %% N2;
            const global int *found = (const global int *) scratch + e * N3;
            long best = found[0];
            %1$s top = b0[base + best * N2];
            for (long part = 1; part < N5; part++) {
              const long j = found[part * N4];
              const %1$s x = b0[base + j * N2];
              const bool same = x == top || (x != x && top != top);
              if (x > top || (x != x && top == top) || (same && j < best)) { best = j; top = x; }
            }
            b1[e] = best;
            """,
            type),
        rows,
        length,
        step,
        alongRows ? parts : 1,
        alongRows ? 1 : rows,
        parts);
  }

  private void argSort() {
    int n = operand.extent(-1);
    // NaN comes last; equal elements keep their order.
    String before = "(%1$s < %2$s || (%1$s == %1$s && %2$s != %2$s))";
    if (n < LONG_ROW) {
      elements(
          operandsAndResult(),
          Text.of(
              """
              const long r = e / N1 * N1, i = e %% N1;
              const %1$s x = b0[e];
              long rank = 0;
              for (long j = 0; j < N1; j++) {
                const %1$s y = b0[r + j];
                rank += %2$s || (j < i && !%3$s);
              }
              b1[r + rank] = i;
              """,
              type, Text.of(before, "y", "x"), Text.of(before, "x", "y")),
          shape.elements(),
          n);
      return;
    }
    int passes = Integer.SIZE - Integer.numberOfLeadingZeros(n - 1);
    elements(
        operandsAndResult(),
        family.lanes(),
        shape.elements() * Integer.BYTES,
        Text.of(
            """
            const global %1$s *x = b0 + e * N1;
            global int *a = (global int *) scratch + e * N1;
            global int *b = b1 + e * N1;
            // Each pass merges runs of a into b and swaps them; the last one leaves the order in b1.
            if (N2 %% 2 == 0) { global int *t = a; a = b; b = t; }
            for (long i = 0; i < N1; i++) a[i] = i;
            for (long length = 1; length < N1; length *= 2) {
              for (long start = 0; start < N1; start += 2 * length) {
                const long middle = min(start + length, N1), end = min(start + 2 * length, N1);
                long i = start, j = middle;
                for (long k = start; k < end; k++) {
                  const bool second = j < end && (i >= middle || %2$s);
                  b[k] = second ? a[j] : a[i];
                  if (second) j++; else i++;
                }
              }
              global int *t = a; a = b; b = t;
            }
            """,
            type, Text.of(before, "x[a[j]]", "x[a[i]]")),
        shape.elements() / n,
        n,
        passes);
  }

  private void randomBits(Op.RandomBits op) {
    elements(
        operandsAndResult(),
        """
        const ulong block = N2 + e;
        uint k0 = b0[0], k1 = b0[1], c0 = block, c1 = block >> 32, c2 = b0[2], c3 = b0[3];
        for (int round = 0; round < 10; round++) {
          const ulong p0 = 0xD2511F53UL * c0, p1 = 0xCD9E8D57UL * c2;
          c0 = (uint) (p1 >> 32) ^ c1 ^ k0;
          c1 = p1;
          c2 = (uint) (p0 >> 32) ^ c3 ^ k1;
          c3 = p0;
          k0 += 0x9E3779B9u;
          k1 += 0xBB67AE85u;
        }
        const long at = 4 * e;
        b1[at] = c0;
        if (at + 1 < N1) b1[at + 1] = c1;
        if (at + 2 < N1) b1[at + 2] = c2;
        if (at + 3 < N1) b1[at + 3] = c3;
        """,
        Math.ceilDiv(shape.elements(), 4L),
        shape.elements(),
        op.offset());
  }

  private void concat(Op.Concat op) {
    long inner = shape.strides()[shape.axis(op.axis())];
    long start = 0;
    for (int i = 0; i < kernel.operands().size(); i++) {
      Shape part = kernel.shapes().get(i);
      long block = inner * part.extent(op.axis());
      if (part.elements() > 0) {
        elements(
            List.of(kernel.operands().get(i), kernel.result()),
            "b1[e / N1 * N2 + N3 + e % N1] = b0[e];\n",
            part.elements(),
            block,
            inner * shape.extent(op.axis()),
            start);
      }
      start += block;
    }
  }

  private void pad(Op.Pad op) {
    int rank = shape.rank();
    long[] numbers = new long[1 + 4 * rank];
    numbers[0] = shape.elements();
    StringBuilder body =
        new StringBuilder("long rest = e, at = 0, step = 1;\nbool inside = true;\n");
    for (int axis = rank - 1; axis >= 0; axis--) {
      int at = 1 + 4 * axis;
      numbers[at] = shape.extent(axis);
      numbers[at + 1] = op.low().get(axis);
      numbers[at + 2] = op.interior().get(axis) + 1;
      numbers[at + 3] = operand.extent(axis);
      body.append(
          Text.of(
              """
              { const long i = rest %% N%1$d - N%2$d; rest /= N%1$d;
                inside = inside && i >= 0 && i %% N%3$d == 0 && i / N%3$d < N%4$d;
                at += i / N%3$d * step; step *= N%4$d; }
              """,
              at, at + 1, at + 2, at + 3));
    }
    body.append("b1[e] = inside ? b0[at] : 0;\n");
    elements(operandsAndResult(), body.toString(), numbers);
  }
}
