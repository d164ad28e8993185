package org.fluxion.tensor.plan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Places for temporary buffers in one piece of memory: a buffer's place is free again after its
 * last reader.
 *
 * @param offsets the byte at which each temporary buffer begins, a multiple of {@link #ALIGNMENT}
 * @param bytes the size of the whole
 * @param live the most bytes in use at any one time, which no placement could go below
 */
public record Arena(Map<Buffer, Long> offsets, long bytes, long live) {
  /** Buffers begin at multiples of a cache line, which is also the widest vector. */
  public static final long ALIGNMENT = 64;

  /** Copies the map. */
  public Arena {
    offsets = Map.copyOf(offsets);
  }

  static Arena of(List<Kernel> order) {
    Map<Buffer, Integer> last = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer buffer : order.get(i).reads()) {
        last.put(buffer, i);
      }
      for (Buffer buffer : order.get(i).writes()) {
        last.merge(buffer, i, Math::max);
      }
    }
    Map<Buffer, Long> offsets = new HashMap<>();
    TreeMap<Long, Long> free = new TreeMap<>();
    long end = 0;
    long live = 0;
    long most = 0;
    for (int i = 0; i < order.size(); i++) {
      for (Buffer buffer : order.get(i).writes()) {
        if (buffer.kind() != Buffer.Kind.TEMPORARY || offsets.containsKey(buffer)) {
          continue;
        }
        long size = rounded(buffer);
        Long best = null;
        for (Map.Entry<Long, Long> gap : free.entrySet()) {
          if (gap.getValue() >= size && (best == null || gap.getValue() < free.get(best))) {
            best = gap.getKey();
          }
        }
        if (best == null) {
          Map.Entry<Long, Long> tail = free.lastEntry();
          boolean extend = tail != null && tail.getKey() + tail.getValue() == end;
          best = extend ? tail.getKey() : end;
          if (extend) {
            free.remove(best);
          }
          end = best + size;
        } else {
          long gap = free.remove(best);
          if (gap > size) {
            free.put(best + size, gap - size);
          }
        }
        offsets.put(buffer, best);
        live += size;
      }
      most = Math.max(most, live);
      int now = i;
      java.util.stream.Stream.concat(order.get(i).reads().stream(), order.get(i).writes().stream())
          .distinct()
          .filter(b -> offsets.containsKey(b) && last.get(b) == now)
          .forEach(b -> release(free, offsets.get(b), rounded(b)));
      for (Buffer buffer : union(order.get(i))) {
        if (offsets.containsKey(buffer) && last.get(buffer) == i) {
          live -= rounded(buffer);
        }
      }
    }
    return new Arena(offsets, end, most);
  }

  private static List<Buffer> union(Kernel kernel) {
    return java.util.stream.Stream.concat(kernel.reads().stream(), kernel.writes().stream())
        .distinct()
        .toList();
  }

  private static long rounded(Buffer buffer) {
    return (Math.max(1, buffer.bytes()) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static void release(TreeMap<Long, Long> free, long offset, long size) {
    long start = offset;
    long length = size;
    Map.Entry<Long, Long> before = free.floorEntry(offset);
    if (before != null && before.getKey() + before.getValue() == offset) {
      start = before.getKey();
      length += before.getValue();
      free.remove(start);
    }
    Long after = free.remove(offset + size);
    if (after != null) {
      length += after;
    }
    free.put(start, length);
  }
}
