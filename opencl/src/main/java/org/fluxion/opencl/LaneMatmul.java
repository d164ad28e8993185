package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.plan.Kernel;

/**
 * Products for cards. A work-group's work-items fetch depth elements of its rows and columns into
 * local memory, by vectors along whichever way they lie in order, and each multiplies its own tile
 * of them. Rows in local memory are longer by a vector than they need be, so that work-items beside
 * each other write to different banks. With two buffers the next elements are on their way while
 * these are multiplied.
 */
final class LaneMatmul extends MatmulSource {
  private final int items;
  private final int rows;
  private final int columns;
  private final long across;

  LaneMatmul(Kernel.MatmulKernel kernel, Family family, MatmulTile tile) {
    super(kernel, family, tile);
    this.items = tile.down() * tile.across();
    this.rows = tile.groupRows();
    this.columns = tile.groupColumns();
    this.across = Math.ceilDiv(kernel.n(), columns);
  }

  @Override
  long groups() {
    return across * Math.ceilDiv(kernel.m(), rows);
  }

  @Override
  int lanes() {
    return items;
  }

  @Override
  List<Long> own() {
    return List.of(groups(), across);
  }

  /** An operand in local memory: its rows are the sums' elements, as long as the tile and more. */
  private final class Fetched {
    private final String name;
    private final int length;
    private final int pitch;
    private final String first;
    private final String end;
    private final String along;
    private final String down;

    /** Whether neighbouring elements of a sum, rather than those beside them, lie in order. */
    private final boolean alongSum;

    private final int width;

    Fetched(boolean left) {
      long[] strides = (left ? kernel.a() : kernel.b()).strides();
      long row = strides[strides.length - 2];
      long column = strides[strides.length - 1];
      this.name = left ? "a" : "b";
      this.length = left ? rows : columns;
      this.pitch = length + tile.width();
      this.first = left ? "i0" : "j0";
      this.end = left ? "m" : "n";
      this.along = left ? "ar" : "bc";
      this.down = left ? "ac" : "br";
      this.alongSum = (left ? column : row) == 1;
      this.width = alongSum || (left ? row : column) == 1 ? tile.width() : 1;
    }

    int size() {
      return pitch * tile.depth();
    }

    private int count() {
      return length * tile.depth() / (items * width);
    }

    /** The first element of a vector that a work-item fetches: p of the sum, i along the tile. */
    private void place(int level, int number) {
      int inOrder = alongSum ? tile.depth() / width : length / width;
      line(level, "const int v = lane + %d;", number * items);
      String quick = Text.of("v %% %d * %d", inOrder, width).replace("%%", "%");
      String slow = "v / " + inOrder;
      line(level, "const int p = %s, i = %s;", alongSum ? quick : slow, alongSum ? slow : quick);
    }

    void declare() {
      String vector = Types.value(dtype, width);
      for (int number = 0; number < count(); number++) {
        line(1, "%s %s%d;", vector, name, number);
      }
    }

    /** Reads the elements from a number on into registers; zero beyond the operand. */
    void fetch(int level, String from) {
      for (int number = 0; number < count(); number++) {
        line(level, "{");
        place(level + 1, number);
        line(level + 1, "const long ii = %s + i, pp = %s + p;", first, from);
        String position = Text.of("%s + ii * %s + pp * %s", name, along, down);
        if (width == 1) {
          line(level + 1, "%s%d = ii < %s && pp < high ? *(%s) : 0;", name, number, end, position);
        } else {
          String whole =
              alongSum
                  ? Text.of("ii < %s && pp + %d <= high", end, width)
                  : Text.of("ii + %d <= %s && pp < high", width, end);
          line(level + 1, "if (%s) {", whole);
          line(level + 2, "%s%d = %s;", name, number, Types.load(dtype, width, position));
          line(level + 1, "} else {");
          line(level + 2, "%s%d = (%s) (0);", name, number, Types.value(dtype, width));
          for (int q = 0; q < width; q++) {
            String inside =
                alongSum
                    ? Text.of("ii < %s && pp + %d < high", end, q)
                    : Text.of("ii + %d < %s && pp < high", q, end);
            String element = Text.of("(%s)[%d]", position, q);
            line(level + 2, "if (%s) %s%d.s%x = %s;", inside, name, number, q, element);
          }
          line(level + 1, "}");
        }
        line(level, "}");
      }
    }

    /** Writes the registers to a buffer in local memory. */
    void put(int level, String buffer) {
      for (int number = 0; number < count(); number++) {
        line(level, "{");
        place(level + 1, number);
        String place = Text.of("t%s + %s + p * %d + i", name, buffer, pitch);
        if (width == 1) {
          line(level + 1, "*(%s) = %s%d;", place, name, number);
        } else if (alongSum) {
          for (int q = 0; q < width; q++) {
            line(level + 1, "(%s)[%d] = %s%d.s%x;", place, q * pitch, name, number, q);
          }
        } else {
          line(level + 1, "%s", Types.store(dtype, width, place, name + number));
        }
        line(level, "}");
      }
    }
  }

  @Override
  void body() {
    Fetched left = new Fetched(true);
    Fetched right = new Fetched(false);
    line(1, "const int lane = get_local_id(0);");
    line(1, "const int x = lane %% %d, y = lane / %d;", tile.across(), tile.across());
    line(1, "const long across = s[%d];", ownNumbers() + 1);
    line(1, "const long i0 = g / across * %d, j0 = g %% across * %d;", rows, columns);
    line(
        1,
        "local %s ta[%d], tb[%d];",
        type,
        tile.buffers() * left.size(),
        tile.buffers() * right.size());
    left.declare();
    right.declare();
    for (int row = 0; row < tile.rows(); row++) {
      for (int q = 0; q < vectors(); q++) {
        line(1, "%1$s c%2$d_%3$d = (%1$s) (0);", vector(), row, q);
      }
    }
    if (tile.buffers() == 2) {
      overlapped(left, right);
    } else {
      alternating(left, right);
    }
    storeTile();
  }

  private int vectors() {
    return tile.columns() / tile.width();
  }

  private void alternating(Fetched left, Fetched right) {
    line(1, "for (long p0 = low; p0 < high; p0 += %d) {", tile.depth());
    left.fetch(2, "p0");
    right.fetch(2, "p0");
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    left.put(2, "0");
    right.put(2, "0");
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    multiplyTile("0", "0");
    line(1, "}");
  }

  private void overlapped(Fetched left, Fetched right) {
    left.fetch(1, "low");
    right.fetch(1, "low");
    left.put(1, "0");
    right.put(1, "0");
    line(1, "barrier(CLK_LOCAL_MEM_FENCE);");
    line(1, "int now = 0;");
    line(1, "for (long p0 = low; p0 < high; p0 += %d) {", tile.depth());
    // Beyond the end zeros are fetched, and never multiplied.
    left.fetch(2, Text.of("(p0 + %d)", tile.depth()));
    right.fetch(2, Text.of("(p0 + %d)", tile.depth()));
    multiplyTile("now * " + left.size(), "now * " + right.size());
    line(2, "now = 1 - now;");
    left.put(2, "now * " + left.size());
    right.put(2, "now * " + right.size());
    line(2, "barrier(CLK_LOCAL_MEM_FENCE);");
    line(1, "}");
  }

  private void multiplyTile(String leftBuffer, String rightBuffer) {
    int width = tile.width();
    line(2, "for (int p = 0; p < %d; p++) {", tile.depth());
    line(3, "const local %s *u = ta + %s + p * %d + y;", type, leftBuffer, rows + width);
    line(
        3,
        "const local %s *v = tb + %s + p * %d + x * %d;",
        type,
        rightBuffer,
        columns + width,
        width);
    for (int q = 0; q < vectors(); q++) {
      line(3, "const %s v%d = %s;", vector(), q, load("v + " + q * tile.across() * width));
    }
    for (int row = 0; row < tile.rows(); row++) {
      line(3, "const %1$s u%2$d = (%1$s) (u[%3$d]);", vector(), row, row * tile.down());
      for (int q = 0; q < vectors(); q++) {
        line(3, "%s", multiplyAdd(Text.of("c%d_%d", row, q), "u" + row, "v" + q));
      }
    }
    line(2, "}");
  }

  private void storeTile() {
    int width = tile.width();
    for (int row = 0; row < tile.rows(); row++) {
      line(1, "if (i0 + y + %d < m) {", row * tile.down());
      line(2, "global %s *o = c + (i0 + y + %d) * cr;", type, row * tile.down());
      for (int q = 0; q < vectors(); q++) {
        String value = Text.of("c%d_%d", row, q);
        line(2, "{");
        line(3, "const long j = j0 + x * %d + %d;", width, q * tile.across() * width);
        if (width == 1) {
          line(3, "if (j < n) o[j] = %s;", value);
        } else {
          line(3, "if (j + %d <= n) {", width);
          line(4, "%s", store(value, "o + j"));
          line(3, "} else {");
          for (int lane = 0; lane < width; lane++) {
            line(4, "if (j + %d < n) o[j + %d] = %s.s%x;", lane, lane, value, lane);
          }
          line(3, "}");
        }
        line(2, "}");
      }
      line(1, "}");
    }
  }
}
