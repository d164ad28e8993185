package org.fluxion.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Access;

/**
 * A position that is linear in loop indices, walked over a range of the loops' elements in order:
 * reads a buffer's elements into a block, or writes the position itself. Neighbouring loops along
 * which every stride continues are walked as one.
 */
final class StridedRead {
  private final DType dtype;
  private final long offset;
  private final long[] extents;
  private final long[] strides;
  private final long[] boundOffsets;
  private final long[][] boundStrides;
  private final long[] boundExtents;

  /**
   * A reader.
   *
   * @param dtype the elements
   * @param extents the loops to walk, outermost first
   * @param access position and bounds; its strides are those of the loops to walk
   */
  StridedRead(DType dtype, List<Long> extents, Access access) {
    this.dtype = dtype;
    this.offset = access.offset();
    List<Access.Bound> bounds = access.bounds();
    long[] all = access.strides();
    List<Integer> kept = new ArrayList<>();
    List<Long> merged = new ArrayList<>();
    for (int loop = 0; loop < extents.size(); loop++) {
      long extent = extents.get(loop);
      boolean continues = !kept.isEmpty();
      if (continues) {
        int before = kept.getLast();
        continues = all[before] == all[loop] * extent;
        for (Access.Bound bound : bounds) {
          long[] s = bound.strides();
          continues &= s[before] == s[loop] * extent;
        }
      }
      if (continues) {
        kept.set(kept.size() - 1, loop);
        merged.set(merged.size() - 1, merged.getLast() * extent);
      } else {
        kept.add(loop);
        merged.add(extent);
      }
    }
    int count = Math.max(1, kept.size());
    this.extents = new long[count];
    this.strides = new long[count];
    this.boundOffsets = bounds.stream().mapToLong(Access.Bound::offset).toArray();
    this.boundExtents = bounds.stream().mapToLong(Access.Bound::extent).toArray();
    this.boundStrides = new long[bounds.size()][count];
    this.extents[0] = 1;
    for (int i = 0; i < kept.size(); i++) {
      this.extents[i] = merged.get(i);
      this.strides[i] = all[kept.get(i)];
      for (int b = 0; b < bounds.size(); b++) {
        boundStrides[b][i] = bounds.get(b).strides()[kept.get(i)];
      }
    }
  }

  /** Whether the elements lie in the buffer as they are walked, so that nothing need be copied. */
  boolean isContiguous() {
    return boundOffsets.length == 0 && strides.length == 1 && (strides[0] == 1 || extents[0] == 1);
  }

  long offset() {
    return offset;
  }

  int loops() {
    return extents.length;
  }

  /** Copies elements start to start + n of the walk from the buffer at an address. */
  void read(long out, long base, long start, int n, long[] indices) {
    int inner = extents.length - 1;
    int bytes = dtype.bytes();
    long stride = strides[inner];
    long position = begin(start, indices);
    long to = out;
    int left = n;
    while (true) {
      int run = (int) Math.min(left, extents[inner] - indices[inner]);
      if (boundOffsets.length == 0) {
        copy(bytes, to, base + (offset + position) * bytes, stride, run);
      } else {
        bounded(bytes, to, base, position, run, indices);
      }
      left -= run;
      if (left == 0) {
        return;
      }
      to += (long) run * bytes;
      position = next(position, run, indices);
    }
  }

  /** Writes the positions themselves, as numbers. */
  void positions(long out, long start, int n, long[] indices) {
    int inner = extents.length - 1;
    long position = begin(start, indices);
    long to = out;
    int left = n;
    while (true) {
      int run = (int) Math.min(left, extents[inner] - indices[inner]);
      Copies.iota(dtype, to, offset + position, strides[inner], run);
      left -= run;
      if (left == 0) {
        return;
      }
      to += (long) run * dtype.bytes();
      position = next(position, run, indices);
    }
  }

  private long begin(long start, long[] indices) {
    long rest = start;
    long position = 0;
    for (int loop = extents.length - 1; loop >= 0; loop--) {
      indices[loop] = rest % extents[loop];
      rest /= extents[loop];
      position += indices[loop] * strides[loop];
    }
    return position;
  }

  private long next(long position, int run, long[] indices) {
    int loop = extents.length - 1;
    long result = position + run * strides[loop];
    indices[loop] += run;
    while (loop > 0 && indices[loop] == extents[loop]) {
      result -= indices[loop] * strides[loop];
      indices[loop] = 0;
      loop--;
      indices[loop]++;
      result += strides[loop];
    }
    return result;
  }

  private static void copy(int bytes, long out, long in, long stride, int n) {
    if (stride == 0) {
      Copies.expandRows(bytes, in, 1, n, out);
    } else {
      Copies.copyStrided(bytes, out, 1, in, stride, n);
    }
  }

  /** A run of which only the part within all bounds is read; the rest is zero. */
  private void bounded(int bytes, long out, long base, long position, int run, long[] indices) {
    int inner = extents.length - 1;
    long low = 0;
    long high = run;
    for (int b = 0; b < boundOffsets.length; b++) {
      long first = boundOffsets[b];
      for (int loop = 0; loop <= inner; loop++) {
        first += boundStrides[b][loop] * indices[loop];
      }
      long step = boundStrides[b][inner];
      long extent = boundExtents[b];
      if (step == 0) {
        high = first >= 0 && first < extent ? high : 0;
      } else if (step > 0) {
        low = Math.max(low, Math.ceilDiv(-first, step));
        high = Math.min(high, Math.ceilDiv(extent - first, step));
      } else {
        low = Math.max(low, Math.floorDiv(first - extent, -step) + 1);
        high = Math.min(high, Math.floorDiv(first, -step) + 1);
      }
    }
    high = Math.max(high, 0);
    low = Math.min(low, run);
    if (high <= low) {
      Copies.fillBits(bytes, out, 0, run);
      return;
    }
    Copies.fillBits(bytes, out, 0, (int) low);
    long from = base + (offset + position + low * strides[inner]) * bytes;
    copy(bytes, out + low * bytes, from, strides[inner], (int) (high - low));
    Copies.fillBits(bytes, out + high * bytes, 0, (int) (run - high));
  }
}
