package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Buffer;

/**
 * Folds the parts of a column reduction, which work-groups have left in scratch memory, in order.
 */
final class CombineSource {
  private static final String NAME = "combine";

  private CombineSource() {}

  /** The launch; its numbers are where the parts begin, in bytes, columns, parts and results. */
  static Launch of(
      Buffer result, boolean maximum, long scratchBytes, List<Long> numbers, Family family) {
    DType dtype = result.dtype();
    String source =
        (dtype == DType.FLOAT64 ? Types.DOUBLES : "")
            + Text.of(
                """
                kernel __attribute__((reqd_work_group_size(%1$d, 1, 1)))
                void %2$s(global %3$s *out_, global uchar *scratch, %5$s) {
                  global %3$s *out = out_ + s[0];
                  const global %3$s *parts = (const global %3$s *) (scratch + s[1]);
                  const long columns = s[2], count = s[3], n = s[4];
                  for (long e = (%6$s) * %1$d + get_local_id(0); e < n; e += s[5]) {
                    const long at = e / columns * count * columns + e %% columns;
                    %3$s a = parts[at];
                    for (long c = 1; c < count; c++) {
                      const %3$s x = parts[at + c * columns];
                      a = %4$s;
                    }
                    out[e] = a;
                  }
                }
                """,
                family.lanes(),
                NAME,
                Types.value(dtype),
                new Expressions(1).fold(maximum, dtype, "a", "x"),
                Launch.NUMBERS,
                Launch.GROUP);
    long each = family.lanes() == 1 ? 1024 : family.lanes();
    long groups = Math.clamp(Math.ceilDiv(result.elements(), each), 1, 1 << 16);
    List<Long> all = new ArrayList<>(numbers);
    all.add(groups * family.lanes());
    return new Launch(NAME, source, List.of(result), scratchBytes, all, groups, family.lanes());
  }
}
