package org.fluxion.tensor.plan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Places for temporary buffers in one piece of memory: a buffer's place is free again after its
 * last use.
 *
 * @param offsets the byte at which each temporary buffer begins, a multiple of {@link #ALIGNMENT}
 *     unless it is a part of another
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

  static Arena of(List<Kernel> order, Parts parts) {
    Map<Buffer, Integer> last = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer memory : memories(order.get(i), parts)) {
        last.put(memory, i);
      }
    }
    Map<Buffer, Long> offsets = new HashMap<>();
    Gaps gaps = new Gaps();
    long live = 0;
    long most = 0;
    for (int i = 0; i < order.size(); i++) {
      List<Buffer> memories = memories(order.get(i), parts);
      for (Buffer memory : memories) {
        if (!offsets.containsKey(memory)) {
          offsets.put(memory, gaps.take(rounded(memory)));
          live += rounded(memory);
        }
      }
      most = Math.max(most, live);
      for (Buffer memory : memories) {
        if (last.get(memory) == i) {
          gaps.release(offsets.get(memory), rounded(memory));
          live -= rounded(memory);
        }
      }
    }
    parts
        .asMap()
        .forEach(
            (part, place) -> {
              Long whole = offsets.get(place.whole());
              if (whole != null) {
                offsets.put(part, whole + place.offset() * part.dtype().bytes());
              }
            });
    return new Arena(offsets, gaps.end, most);
  }

  /** The temporary buffers whose memory a kernel uses. */
  private static List<Buffer> memories(Kernel kernel, Parts parts) {
    return Stream.concat(kernel.reads().stream(), kernel.writes().stream())
        .map(parts::whole)
        .filter(buffer -> buffer.kind() == Buffer.Kind.TEMPORARY)
        .distinct()
        .toList();
  }

  private static long rounded(Buffer buffer) {
    return (Math.max(1, buffer.bytes()) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** What is free below the end, found by place and by size. */
  private static final class Gaps {
    private record Gap(long size, long offset) implements Comparable<Gap> {
      @Override
      public int compareTo(Gap other) {
        return size != other.size
            ? Long.compare(size, other.size)
            : Long.compare(offset, other.offset);
      }
    }

    private final TreeMap<Long, Long> byOffset = new TreeMap<>();
    private final TreeSet<Gap> bySize = new TreeSet<>();
    private long end;

    /** The smallest gap that fits; else the last gap, if it is open to the end, made larger. */
    long take(long size) {
      Gap fitting = bySize.ceiling(new Gap(size, 0));
      if (fitting != null) {
        remove(fitting.offset, fitting.size);
        if (fitting.size > size) {
          add(fitting.offset + size, fitting.size - size);
        }
        return fitting.offset;
      }
      Map.Entry<Long, Long> tail = byOffset.lastEntry();
      long offset = end;
      if (tail != null && tail.getKey() + tail.getValue() == end) {
        offset = tail.getKey();
        remove(offset, tail.getValue());
      }
      end = offset + size;
      return offset;
    }

    void release(long offset, long size) {
      long start = offset;
      long length = size;
      Map.Entry<Long, Long> before = byOffset.floorEntry(offset);
      if (before != null && before.getKey() + before.getValue() == offset) {
        start = before.getKey();
        length += before.getValue();
        remove(start, before.getValue());
      }
      Long after = byOffset.get(offset + size);
      if (after != null) {
        length += after;
        remove(offset + size, after);
      }
      add(start, length);
    }

    private void add(long offset, long size) {
      byOffset.put(offset, size);
      bySize.add(new Gap(size, offset));
    }

    private void remove(long offset, long size) {
      byOffset.remove(offset);
      bySize.remove(new Gap(size, offset));
    }
  }
}
