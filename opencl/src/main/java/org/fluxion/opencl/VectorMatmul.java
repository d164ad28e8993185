package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.plan.Kernel;

/**
 * Products for processors. A work-item packs a block of the right operand, depth by some panels as
 * wide as its tile, and walks over its rows: a tile's rows of the left operand stay in the first
 * cache while they meet one panel after the other. Where its rows do not lie in order, they are
 * packed too.
 */
final class VectorMatmul extends MatmulSource {
  /** Rows that a block is worth packing for. */
  private static final int LEAST_ROWS = 48;

  private final int panel;
  private final int block;
  private final long blocks;
  private final long parts;
  private final long each;
  private final boolean packsRows;

  VectorMatmul(Kernel.MatmulKernel kernel, Family family, MatmulTile tile) {
    super(kernel, family, tile);
    this.panel = tile.columns();
    this.block = tile.groupColumns();
    this.blocks = Math.ceilDiv(kernel.n(), block);
    long wanted =
        Math.ceilDiv(family.groups() / 2, Math.max(1, blocks * kernel.matrices() * pieces()));
    long tiles = Math.ceilDiv(kernel.m(), tile.rows());
    long most = Math.ceilDiv(kernel.m(), LEAST_ROWS);
    long tilesEach = Math.ceilDiv(tiles, Math.clamp(wanted, 1, Math.max(1, most)));
    this.each = Math.max(1, tilesEach * tile.rows());
    this.parts = Math.ceilDiv(kernel.m(), each);
    long[] strides = kernel.a().strides();
    this.packsRows = strides[strides.length - 1] != 1;
  }

  @Override
  long groups() {
    return blocks * parts;
  }

  @Override
  int lanes() {
    return 1;
  }

  @Override
  List<Long> own() {
    // As many elements at once as the tile allows, but alike: a short last block is stored in vain.
    long sum = Math.max(1, Math.ceilDiv(kernel.k(), pieces()));
    long depth = Math.ceilDiv(sum, Math.ceilDiv(sum, tile.depth()));
    return List.of(groups(), parts, each, depth);
  }

  @Override
  void body() {
    int own = ownNumbers();
    line(1, "const long parts = s[%d], each = s[%d], step = s[%d];", own + 1, own + 2, own + 3);
    line(1, "const long j0 = g / parts * %d, columns = min((long) %d, n - j0);", block, block);
    line(1, "const long first = g %% parts * each, end = min(first + each, m);");
    line(1, "local %s packed[%d];", type, block * tile.depth());
    if (packsRows) {
      line(1, "local %s rows[%d];", type, tile.packedRows() * tile.depth());
    }
    // Sums of nothing are stored as well.
    line(1, "for (long p0 = low; p0 == low || p0 < high; p0 += step) {");
    line(2, "const long depth = min(step, high - p0);");
    line(2, "const global %s *from = b + p0 * br + j0 * bc;", type);
    pack();
    line(2, "for (long i = first; i < end; i += %d) {", tile.rows());
    // Rows beyond the last read it again, and are not stored.
    for (int row = 0; row < tile.rows(); row++) {
      line(3, "const global %s *a%d = a + min(i + %d, m - 1) * ar + p0 * ac;", type, row, row);
    }
    if (packsRows) {
      packRows();
    }
    line(3, "for (long j = 0; j < columns; j += %d) {", panel);
    multiplyTile();
    storeTile();
    line(3, "}");
    line(2, "}");
    line(1, "}");
  }

  /** Puts a block into panels, one row of a panel after the other, zero beyond the last column. */
  private void pack() {
    line(2, "const long whole = columns / %d * %d;", panel, panel);
    line(2, "if (bc == 1) {");
    line(3, "for (long p = 0; p < depth; p++) {");
    line(4, "const global %s *x = from + p * br;", type);
    line(4, "for (long j = 0; j < whole; j += %d) {", panel);
    line(5, "local %s *o = packed + j * depth + p * %d;", type, panel);
    for (int at = 0; at < panel; at += tile.width()) {
      line(5, "%s", store(load("x + j + " + at), "o + " + at));
    }
    line(4, "}");
    line(3, "}");
    line(2, "} else {");
    line(3, "for (long j = 0; j < whole; j += %d) {", panel);
    line(4, "local %s *o = packed + j * depth;", type);
    line(4, "long p = 0;");
    if (tile.width() > 1) {
      packTransposed();
    }
    line(4, "for (; p < depth; p++)");
    line(5, "for (int q = 0; q < %1$d; q++) o[p * %1$d + q] = from[p * br + (j + q) * bc];", panel);
    line(3, "}");
    line(2, "}");
    line(2, "if (whole < columns) {");
    line(3, "local %s *o = packed + whole * depth;", type);
    line(3, "const int count = columns - whole;");
    line(3, "for (long p = 0; p < depth; p++)");
    line(4, "for (int q = 0; q < %d; q++)", panel);
    line(5, "o[p * %d + q] = q < count ? from[p * br + (whole + q) * bc] : 0;", panel);
    line(2, "}");
  }

  /** Columns that lie in order are read by vectors. */
  private void packTransposed() {
    int width = tile.width();
    line(4, "if (br == 1) {");
    line(5, "for (; p + %d <= depth; p += %d) {", width, width);
    line(6, "for (int q = 0; q < %d; q++) {", panel);
    line(7, "const %s x = %s;", vector(), load("from + p + (j + q) * bc"));
    for (int at = 0; at < width; at++) {
      line(7, "o[(p + %d) * %d + q] = x.s%x;", at, panel, at);
    }
    line(6, "}");
    line(5, "}");
    line(4, "}");
  }

  private void packRows() {
    int height = tile.packedRows();
    if (height > 1) {
      line(3, "if (ar == 1 && i + %d <= m) {", height);
      String row = Types.load(dtype, height, "a0 + p * ac");
      String store = Types.store(dtype, height, "rows + p * " + height, row);
      line(4, "for (long p = 0; p < depth; p++) %s", store);
      line(3, "} else {");
    } else {
      line(3, "{");
    }
    line(4, "for (long p = 0; p < depth; p++) {");
    for (int row = 0; row < tile.rows(); row++) {
      line(5, "rows[p * %d + %d] = a%d[p * ac];", height, row, row);
    }
    line(4, "}");
    line(3, "}");
  }

  private void multiplyTile() {
    int vectors = panel / tile.width();
    line(4, "const local %s *x = packed + j * depth;", type);
    for (int row = 0; row < tile.rows(); row++) {
      for (int q = 0; q < vectors; q++) {
        line(4, "%1$s c%2$d_%3$d = (%1$s) (0);", vector(), row, q);
      }
    }
    line(0, "#pragma unroll 4");
    line(4, "for (long p = 0; p < depth; p++, x += %d) {", panel);
    for (int q = 0; q < vectors; q++) {
      line(5, "const %s b%d = %s;", vector(), q, load("x + " + q * tile.width()));
    }
    for (int row = 0; row < tile.rows(); row++) {
      String element =
          packsRows ? Text.of("rows[p * %d + %d]", tile.packedRows(), row) : Text.of("a%d[p]", row);
      line(5, "const %1$s r%2$d = (%1$s) (%3$s);", vector(), row, element);
      for (int q = 0; q < vectors; q++) {
        line(5, "%s", multiplyAdd(Text.of("c%d_%d", row, q), "r" + row, "b" + q));
      }
    }
    line(4, "}");
  }

  /** Stores a tile, or adds it to what the elements before gave. */
  private void storeTile() {
    int vectors = panel / tile.width();
    line(4, "global %s *o = c + i * cr + j0 + j;", type);
    line(4, "if (j + %d <= columns && i + %d <= end) {", panel, tile.rows());
    line(5, "if (p0 > low) {");
    for (int row = 0; row < tile.rows(); row++) {
      for (int q = 0; q < vectors; q++) {
        line(6, "c%d_%d += %s;", row, q, load(place(row, q)));
      }
    }
    line(5, "}");
    for (int row = 0; row < tile.rows(); row++) {
      for (int q = 0; q < vectors; q++) {
        line(5, "%s", store(Text.of("c%d_%d", row, q), place(row, q)));
      }
    }
    line(4, "} else {");
    line(5, "%s t[%d];", type, tile.rows() * panel);
    for (int row = 0; row < tile.rows(); row++) {
      for (int q = 0; q < vectors; q++) {
        String place = "t + " + (row * panel + q * tile.width());
        line(5, "%s", store(Text.of("c%d_%d", row, q), place));
      }
    }
    line(5, "const int height = min((long) %d, end - i);", tile.rows());
    line(5, "const int wide = min((long) %d, columns - j);", panel);
    line(5, "for (int r = 0; r < height; r++)");
    line(6, "for (int q = 0; q < wide; q++)");
    line(7, "o[r * cr + q] = (p0 > low ? o[r * cr + q] : 0) + t[r * %d + q];", panel);
    line(4, "}");
  }

  private String place(int row, int vector) {
    return Text.of("o + %d * cr + %d", row, vector * tile.width());
  }
}
