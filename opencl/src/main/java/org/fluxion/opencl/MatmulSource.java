package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Batched matrix products in OpenCL C, of any extents and strides, from one description, the {@link
 * MatmulTile}: what {@link VectorMatmul}, for processors, and {@link LaneMatmul}, for cards, have
 * in common. Long sums of small results are cut into parts, so that all of a device has work; a
 * second kernel adds them in order.
 *
 * <p>The text holds no extents and strides. The numbers {@code s} are the first elements of a, b
 * and c; offsets of a, b, c; m, n, k; strides of row and column of a, b, and of c's row; for each
 * batch loop its extent and the strides of a, b and c; the parts of a sum, and how long a part is;
 * then what a family adds.
 */
abstract class MatmulSource {
  /** The number's place: m, after the beginnings and offsets of three buffers. */
  private static final int EXTENTS = 6;

  /** Numbers before those of the batch loops. */
  private static final int FIXED = 14;

  /** Rows of a result that a work-group folds. */
  private static final int FOLDED_ROWS = 16;

  final Kernel.MatmulKernel kernel;
  final Family family;
  final MatmulTile tile;
  final DType dtype;
  final String type;
  private final StringBuilder text = new StringBuilder();

  MatmulSource(Kernel.MatmulKernel kernel, Family family, MatmulTile tile) {
    this.kernel = kernel;
    this.family = family;
    this.tile = tile;
    this.dtype = kernel.c().buffer().dtype();
    this.type = Types.value(dtype);
  }

  /**
   * The launches of a product: of one, or first those of the sums' parts.
   *
   * @param kernel the product
   * @param family the form
   * @param tile how it is cut, which has no {@link MatmulTile#obstacle} there
   */
  static List<Launch> of(Kernel.MatmulKernel kernel, Family family, MatmulTile tile) {
    MatmulSource product =
        family.lanes() == 1
            ? new VectorMatmul(kernel, family, tile)
            : new LaneMatmul(kernel, family, tile);
    List<Launch> launches = new ArrayList<>();
    launches.add(product.multiply());
    if (product.pieces() > 1) {
      launches.add(product.fold());
    }
    return launches;
  }

  /** Multiplies one tile of a work-group; the head and the numbers it has are those of here. */
  abstract void body();

  /** Tiles of work-groups in one matrix. */
  abstract long groups();

  /** Work-items of a group. */
  abstract int lanes();

  /** What a family adds to the numbers. */
  abstract List<Long> own();

  // ---- numbers ----

  /** Parts of a sum, none of them empty. */
  final long pieces() {
    return Math.max(1, Math.ceilDiv(kernel.k(), piece()));
  }

  private long piece() {
    return Math.max(1, Math.ceilDiv(kernel.k(), tile.split()));
  }

  private List<Long> numbers() {
    int loops = kernel.batch().size();
    long[] a = kernel.a().strides();
    long[] b = kernel.b().strides();
    long[] c = kernel.c().strides();
    List<Long> numbers = new ArrayList<>();
    for (Access access : List.of(kernel.a(), kernel.b(), kernel.c())) {
      numbers.add(access.offset());
    }
    numbers.addAll(List.of((long) kernel.m(), (long) kernel.n(), (long) kernel.k()));
    numbers.addAll(List.of(a[loops], a[loops + 1], b[loops], b[loops + 1], c[loops]));
    for (int loop = 0; loop < loops; loop++) {
      numbers.addAll(List.of(kernel.batch().get(loop), a[loop], b[loop], c[loop]));
    }
    numbers.addAll(List.of(pieces(), piece()));
    numbers.addAll(own());
    return numbers;
  }

  /** The place of the first number that a family adds. */
  final int ownNumbers() {
    return FIXED + 4 * kernel.batch().size() + 2;
  }

  private long scratchBytes() {
    return pieces() == 1
        ? 0
        : pieces() * kernel.matrices() * kernel.m() * kernel.n() * dtype.bytes();
  }

  private Launch launch(String name, long groups, int lanes) {
    List<Buffer> buffers = List.of(kernel.a().buffer(), kernel.b().buffer(), kernel.c().buffer());
    return new Launch(name, text.toString(), buffers, scratchBytes(), numbers(), groups, lanes);
  }

  // ---- text ----

  final void line(int level, String format, Object... arguments) {
    text.append("  ".repeat(level)).append(Text.of(format, arguments)).append('\n');
  }

  final String vector() {
    return Types.value(dtype, tile.width());
  }

  final String load(String pointer) {
    return tile.width() == 1 ? Text.of("*(%s)", pointer) : Types.load(dtype, tile.width(), pointer);
  }

  final String store(String value, String pointer) {
    return tile.width() == 1
        ? Text.of("*(%s) = %s;", pointer, value)
        : Types.store(dtype, tile.width(), pointer, value);
  }

  /** Adds a product to an accumulator, in the form that compilers make one instruction. */
  final String multiplyAdd(String accumulator, String a, String b) {
    return dtype.isFloating() && family.fuses()
        ? Text.of("%1$s = fma(%2$s, %3$s, %1$s);", accumulator, a, b)
        : Text.of("%s += %s * %s;", accumulator, a, b);
  }

  private void head(String name, int lanes) {
    text.setLength(0);
    text.append(dtype == DType.FLOAT64 ? Types.DOUBLES : "");
    line(0, "kernel __attribute__((reqd_work_group_size(%d, 1, 1)))", lanes);
    line(0, "void %s(global %2$s *a_, global %2$s *b_, global %2$s *c_,", name, type);
    line(2, "%s%s) {", scratchBytes() > 0 ? "global uchar *scratch, " : "", Launch.NUMBERS);
    line(1, "const global %s *a = a_ + s[0] + s[3], *b = b_ + s[1] + s[4];", type);
    line(1, "global %s *c = c_ + s[2] + s[5];", type);
    line(1, "const long m = s[%d], n = s[%d], k = s[%d];", EXTENTS, EXTENTS + 1, EXTENTS + 2);
    line(1, "const long ar = s[9], ac = s[10], br = s[11], bc = s[12];");
    line(1, "long cr = s[13];");
    int at = ownNumbers() - 2;
    line(1, "const long pieces = s[%d], piece = s[%d];", at, at + 1);
    line(1, "const long group = %s;", Launch.GROUP);
  }

  /** Moves a, b and c to the matrices that a number says. */
  private void move(String number) {
    line(1, "{");
    line(2, "long rest = %s;", number);
    for (int loop = kernel.batch().size() - 1; loop >= 0; loop--) {
      int at = FIXED + 4 * loop;
      line(2, "{ const long i = rest %% s[%d]; rest /= s[%d];", at, at);
      line(3, "a += i * s[%d]; b += i * s[%d]; c += i * s[%d]; }", at + 1, at + 2, at + 3);
    }
    line(1, "}");
  }

  /** The kernel that multiplies; one of parts leaves each in scratch memory, matrix by matrix. */
  private Launch multiply() {
    head("multiply", lanes());
    line(1, "const long groups = s[%d];", ownNumbers());
    line(1, "const long g = group %% groups, chunk = group / groups %% pieces;");
    line(1, "const long matrix = group / groups / pieces;");
    move("matrix");
    // The part of every sum that is this group's.
    line(1, "const long low = chunk * piece, high = min(low + piece, k);");
    if (pieces() > 1) {
      line(1, "c = (global %s *) scratch + (matrix * pieces + chunk) * m * n;", type);
      line(1, "cr = n;");
    }
    body();
    line(0, "}");
    return launch("multiply", kernel.matrices() * pieces() * groups(), lanes());
  }

  /** The kernel that adds the parts of the sums. */
  private Launch fold() {
    head("fold", family.lanes());
    line(1, "const long chunks = (m + %d) / %d;", FOLDED_ROWS - 1, FOLDED_ROWS);
    line(1, "const long matrix = group / chunks, first = group %% chunks * %d;", FOLDED_ROWS);
    move("matrix");
    line(1, "const long end = min(first + %d, m), step = m * n;", FOLDED_ROWS);
    line(
        1,
        "const global %s *parts = (const global %1$s *) scratch + matrix * pieces * step;",
        type);
    line(1, "for (long i = first; i < end; i++) {");
    line(2, "const global %s *from = parts + i * n;", type);
    line(2, "global %s *to = c + i * cr;", type);
    line(2, "long j = get_local_id(0);");
    if (family.lanes() == 1 && tile.width() > 1) {
      line(2, "for (; j + %d <= n; j += %d) {", tile.width(), tile.width());
      line(3, "%s sum = %s;", vector(), load("from + j"));
      line(3, "for (long q = 1; q < pieces; q++) sum += %s;", load("from + q * step + j"));
      line(3, "%s", store("sum", "to + j"));
      line(2, "}");
    }
    line(2, "for (; j < n; j += %d) {", family.lanes());
    line(3, "%s sum = from[j];", type);
    line(3, "for (long q = 1; q < pieces; q++) sum += from[q * step + j];");
    line(3, "to[j] = sum;");
    line(2, "}");
    line(1, "}");
    line(0, "}");
    long chunks = Math.ceilDiv(kernel.m(), FOLDED_ROWS);
    return launch("fold", kernel.matrices() * chunks, family.lanes());
  }
}
