package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Batched matrix products in OpenCL C, of any strides, from one generator with two families. For
 * processors a work-item owns a few rows by a few vectors of columns, whose operand B is first
 * packed into panels that are as wide. For cards a work-group owns a tile of 64 by 64, whose
 * operands go through local memory.
 *
 * <p>The numbers of both: the first elements of a, b and c; offsets of a, b, c; m, n, k; strides of
 * row and column of a, b, and of c's row; then, for each batch loop, its extent and the strides of
 * a, b and c.
 */
final class MatmulSource {
  /** Numbers before those of the batch loops. */
  private static final int FIXED = 14;

  /** Work-items that compute a tile of a card. */
  private static final int LANES = 256;

  private final Kernel.MatmulKernel kernel;
  private final Family family;
  private final DType dtype;
  private final String type;
  private final int batches;

  private MatmulSource(Kernel.MatmulKernel kernel, Family family) {
    this.kernel = kernel;
    this.family = family;
    this.dtype = kernel.c().buffer().dtype();
    this.type = Types.value(dtype);
    this.batches = kernel.batch().size();
  }

  private List<Buffer> buffers() {
    return List.of(kernel.a().buffer(), kernel.b().buffer(), kernel.c().buffer());
  }

  private List<Long> numbers(long... more) {
    long[] a = kernel.a().strides();
    long[] b = kernel.b().strides();
    long[] c = kernel.c().strides();
    List<Long> numbers = new ArrayList<>();
    for (Access access : List.of(kernel.a(), kernel.b(), kernel.c())) {
      numbers.add(access.offset());
    }
    numbers.addAll(List.of((long) kernel.m(), (long) kernel.n(), (long) kernel.k()));
    numbers.addAll(List.of(a[batches], a[batches + 1], b[batches], b[batches + 1], c[batches]));
    for (int loop = 0; loop < batches; loop++) {
      numbers.addAll(List.of(kernel.batch().get(loop), a[loop], b[loop], c[loop]));
    }
    for (long number : more) {
      numbers.add(number);
    }
    return numbers;
  }

  private long batch() {
    return kernel.batch().stream().reduce(1L, (x, y) -> x * y);
  }

  /** The launches: of one, or first the packing. */
  static List<Launch> of(Kernel.MatmulKernel kernel, Family family) {
    MatmulSource source = new MatmulSource(kernel, family);
    return family.lanes() == 1 ? source.processor() : List.of(source.card());
  }

  private String head(String name, boolean scratch) {
    StringBuilder text = new StringBuilder(dtype == DType.FLOAT64 ? Types.DOUBLES : "");
    text.append(
        """
        kernel __attribute__((reqd_work_group_size(%d, 1, 1)))
        void %4$s(global %2$s *a_, global %2$s *b_, global %2$s *c_, %3$s%5$s) {
          const global %2$s *a = a_ + s[0] + s[3], *b = b_ + s[1] + s[4];
          global %2$s *c = c_ + s[2] + s[5];
          const long m = s[6], n = s[7], k = s[8];
          const long ar = s[9], ac = s[10], br = s[11], bc = s[12], cr = s[13];
        """
            .formatted(
                lanes(), type, scratch ? "global uchar *scratch, " : "", name, Launch.NUMBERS));
    return text.toString();
  }

  private int lanes() {
    return family.lanes() == 1 ? 1 : LANES;
  }

  /** Moves a, b and c to the batch that a number says. */
  private String moved(String number) {
    StringBuilder text = new StringBuilder("  { long rest = %s;\n".formatted(number));
    for (int loop = batches - 1; loop >= 0; loop--) {
      int at = FIXED + 4 * loop;
      text.append(
          "    { const long i = rest %% s[%d]; rest /= s[%d]; a += i * s[%d]; b += i * s[%d]; c += i * s[%d]; }\n"
              .formatted(at, at, at + 1, at + 2, at + 3));
    }
    return text.append("  }\n").toString();
  }

  private int more() {
    return FIXED + 4 * batches;
  }

  // ---- processors ----

  private List<Launch> processor() {
    int lane = dtype.bytes() == 8 ? Math.max(1, family.width() / 2) : family.width();
    int across = Math.clamp(Math.ceilDiv(kernel.n(), lane), 1, family.width() >= 16 ? 4 : 2);
    across = across == 3 ? 4 : across;
    int down = across == 4 ? 6 : across == 2 ? 6 : 8;
    int panel = across * lane;
    long panels = Math.ceilDiv(kernel.n(), panel);
    long packed = batch() * panels * panel * kernel.k() * dtype.bytes();
    long rowBlocks = Math.ceilDiv(kernel.m(), down);
    // A work-group takes so many blocks of rows that its panel is read from the cache.
    long each = Math.clamp(Math.ceilDiv(rowBlocks * panels * batch(), 4L * family.groups()), 1, 16);
    long parts = Math.ceilDiv(rowBlocks, each);
    return List.of(
        launch("pack", packing(panel), packed, batch() * panels, 1, panels),
        launch(
            "multiply",
            multiplying(lane, across, down),
            packed,
            batch() * panels * parts,
            1,
            panels,
            parts,
            each));
  }

  private Launch launch(
      String name, String source, long scratch, long groups, int lanes, long... more) {
    return new Launch(name, source, buffers(), scratch, numbers(more), groups, lanes);
  }

  private String packing(int panel) {
    return head("pack", true)
        + """
          const long g = %2$s, panels = s[%1$d];
        """
            .formatted(more(), Launch.GROUP)
        + moved("g / panels")
        + """
          const long first = g %% panels * %1$d;
          const long count = min((long) %1$d, n - first);
          global %2$s *out = (global %2$s *) scratch + g * k * %1$d;
          b += first * bc;
          if (bc == 1) {
            for (long p = 0; p < k; p++) {
              for (long j = 0; j < count; j++) out[p * %1$d + j] = b[p * br + j];
              for (long j = count; j < %1$d; j++) out[p * %1$d + j] = 0;
            }
          } else {
            for (long p = 0; p < k; p += 16) {
              const long last = min(p + 16, k);
              for (long j = 0; j < count; j++)
                for (long q = p; q < last; q++) out[q * %1$d + j] = b[q * br + j * bc];
              for (long q = p; q < last; q++)
                for (long j = count; j < %1$d; j++) out[q * %1$d + j] = 0;
            }
          }
        }
        """
            .formatted(panel, type);
  }

  private String multiplying(int lane, int across, int down) {
    int panel = lane * across;
    String vector = type + (lane == 1 ? "" : lane);
    StringBuilder text = new StringBuilder(head("multiply", true));
    text.append(
        """
          const long g = %4$s, panels = s[%1$d], parts = s[%2$d], each = s[%3$d];
          const long part = g %% parts, tile = g / parts;
        """
            .formatted(more(), more() + 1, more() + 2, Launch.GROUP));
    text.append(moved("tile / panels"));
    text.append(
        """
          const long first = tile %% panels * %1$d;
          const global %2$s *panel = (const global %2$s *) scratch + tile * k * %1$d;
          const long end = min((part + 1) * each * %3$d, m);
          for (long i = part * each * %3$d; i < end; i += %3$d) {
        """
            .formatted(panel, type, down));
    for (int row = 0; row < down; row++) {
      // Rows beyond the last read it again, and are not stored.
      text.append(
          "    const global %s *a%d = a + min(i + %d, m - 1) * ar;\n".formatted(type, row, row));
      for (int q = 0; q < across; q++) {
        text.append("    %1$s c%2$d_%3$d = (%1$s) (0);\n".formatted(vector, row, q));
      }
    }
    text.append("    const global %s *p = panel;\n".formatted(type));
    text.append("    for (long at = 0; at < k; at++, p += %d) {\n".formatted(panel));
    for (int q = 0; q < across; q++) {
      text.append(
          lane == 1
              ? "      const %s b%d = p[%d];\n".formatted(vector, q, q)
              : "      const %s b%d = vload%d(0, p + %d);\n".formatted(vector, q, lane, q * lane));
    }
    for (int row = 0; row < down; row++) {
      text.append("      const %1$s x%2$d = (%1$s) (a%2$d[at * ac]);\n".formatted(vector, row));
      for (int q = 0; q < across; q++) {
        text.append(
            dtype.isFloating()
                ? "      c%1$d_%2$d = fma(x%1$d, b%2$d, c%1$d_%2$d);\n".formatted(row, q)
                : "      c%1$d_%2$d += x%1$d * b%2$d;\n".formatted(row, q));
      }
    }
    text.append("    }\n");
    text.append("    global %s *out = c + i * cr + first;\n".formatted(type));
    text.append("    const long count = n - first;\n");
    for (int row = 0; row < down; row++) {
      text.append("    if (i + %d < end) {\n".formatted(row));
      for (int q = 0; q < across; q++) {
        String place = "out + %d * cr + %d".formatted(row, q * lane);
        if (lane == 1) {
          text.append("      if (count > %d) *(%s) = c%d_%d;\n".formatted(q, place, row, q));
        } else {
          text.append(
              """
                    if (count >= %1$d) {
                      vstore%2$d(c%3$d_%4$d, 0, %5$s);
                    } else if (count > %6$d) {
                      %7$s t[%2$d];
                      vstore%2$d(c%3$d_%4$d, 0, t);
                      for (long j = 0; j < count - %6$d; j++) (%5$s)[j] = t[j];
                    }
              """
                  .formatted((q + 1) * lane, lane, row, q, place, q * lane, type));
        }
      }
      text.append("    }\n");
    }
    return text.append("  }\n}\n").toString();
  }

  // ---- cards ----

  private Launch card() {
    long tiles = Math.ceilDiv(kernel.m(), 64) * Math.ceilDiv(kernel.n(), 64);
    return launch("tiled", tiled(), 0, batch() * tiles, LANES, Math.ceilDiv(kernel.n(), 64));
  }

  private String tiled() {
    // Neighbouring work-items read neighbouring elements where the operand has any.
    boolean alongK = kernel.a().strides()[batches + 1] == 1;
    boolean alongN = kernel.b().strides()[batches + 1] == 1;
    return head("tiled", false)
        + """
          const int lane = get_local_id(0), x = lane %% 16, y = lane / 16;
          const long g = %2$s, across = s[%1$d], tiles = (m + 63) / 64 * across;
        """
            .formatted(more(), Launch.GROUP)
        + moved("g / tiles")
        + """
          const long i0 = g %% tiles / across * 64, j0 = g %% across * 64;
          local %1$s ta[16][65], tb[16][65];
          %1$s sum[4][4];
          for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) sum[i][j] = 0;
          for (long p0 = 0; p0 < k; p0 += 16) {
            for (int t = lane; t < 1024; t += 256) {
              const int pa = %2$s, ia = %3$s, pb = %4$s, jb = %5$s;
              ta[pa][ia] = i0 + ia < m && p0 + pa < k ? a[(i0 + ia) * ar + (p0 + pa) * ac] : 0;
              tb[pb][jb] = j0 + jb < n && p0 + pb < k ? b[(p0 + pb) * br + (j0 + jb) * bc] : 0;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int p = 0; p < 16; p++) {
              %1$s u[4], v[4];
              for (int i = 0; i < 4; i++) u[i] = ta[p][y + 16 * i];
              for (int j = 0; j < 4; j++) v[j] = tb[p][x + 16 * j];
              for (int i = 0; i < 4; i++)
                for (int j = 0; j < 4; j++) sum[i][j] += u[i] * v[j];
            }
            barrier(CLK_LOCAL_MEM_FENCE);
          }
          for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
              if (i0 + y + 16 * i < m && j0 + x + 16 * j < n)
                c[(i0 + y + 16 * i) * cr + j0 + x + 16 * j] = sum[i][j];
        }
        """
            .formatted(
                type,
                alongK ? "t % 16" : "t / 64",
                alongK ? "t / 16" : "t % 64",
                alongN ? "t / 64" : "t % 16",
                alongN ? "t % 64" : "t / 16");
  }
}
