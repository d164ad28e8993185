package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Places for temporary buffers in one piece of memory: a buffer's place is free again after its
 * last use. Those that are used between two runs alone ({@link Plan#moves}) are among them.
 *
 * @param offsets the byte at which each temporary buffer begins, a multiple of {@link #ALIGNMENT}
 *     unless it is a part of another
 * @param bytes the size of the whole
 * @param live the most bytes in use at any one time, which no placement could go below
 * @param peak the number of the first kernel at which that many are in use; −1 if there is none
 * @param kept the buffers that hold their values through that kernel: written before it, and used
 *     after it. In a training step, whose peak is where the backward pass begins, these are the
 *     residuals that it needs.
 */
public record Arena(Map<Buffer, Long> offsets, long bytes, long live, int peak, List<Buffer> kept) {
  /** Buffers begin at multiples of a cache line, which is also the widest vector. */
  public static final long ALIGNMENT = 64;

  /** Copies the map and the list. */
  public Arena {
    offsets = Map.copyOf(offsets);
    kept = List.copyOf(kept);
  }

  static Arena of(List<Kernel> order, List<Move> moves, Parts parts) {
    Map<Buffer, Use> uses = new LinkedHashMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer memory : memories(order.get(i), parts)) {
        uses.computeIfAbsent(memory, Use::new).add(i);
      }
    }
    // What is moved by way of other memory is there when the last kernel has run.
    for (Move move : moves) {
      if (move.to().kind() == Buffer.Kind.TEMPORARY) {
        uses.computeIfAbsent(move.to(), Use::new).add(order.size());
      }
    }
    long[] live = new long[order.size() + 2];
    for (Use use : uses.values()) {
      live[use.first] += use.size;
      live[use.last + 1] -= use.size;
    }
    long most = 0;
    int peak = -1;
    long now = 0;
    for (int i = 0; i <= order.size(); i++) {
      now += live[i];
      if (now > most) {
        most = now;
        peak = i < order.size() ? i : peak;
      }
    }
    int at = peak;
    List<Buffer> kept =
        uses.values().stream()
            .filter(use -> use.first < at && use.last > at)
            .map(use -> use.buffer)
            .toList();
    long end = place(uses.values());
    Map<Buffer, Long> offsets = new HashMap<>();
    uses.values().forEach(use -> offsets.put(use.buffer, use.offset));
    for (Buffer part : parts.all()) {
      Long whole = offsets.get(parts.whole(part));
      if (whole != null) {
        offsets.put(part, whole + parts.offset(part) * part.dtype().bytes());
      }
    }
    return new Arena(offsets, end, most, peak, kept);
  }

  /**
   * Places buffers whose lifetimes are all known, the largest first, each at the lowest offset at
   * which nothing lies while it lives: large buffers that live long, such as a flat gradient, then
   * fill no gap that small ones have torn. The search is a plain walk over those that are placed,
   * upwards, which ends at the first gap: of the time to compile it is a few parts in a hundred.
   *
   * @return the end of the last one
   */
  private static long place(Collection<Use> uses) {
    List<Use> bySize = new ArrayList<>(uses);
    bySize.sort(Comparator.<Use>comparingLong(use -> -use.size).thenComparingInt(u -> u.first));
    Use[] upwards = new Use[bySize.size()];
    int count = 0;
    long end = 0;
    for (Use use : bySize) {
      long offset = 0;
      for (int i = 0; i < count; i++) {
        Use other = upwards[i];
        if (other.offset - offset >= use.size) {
          break;
        }
        if (other.first <= use.last && use.first <= other.last) {
          offset = Math.max(offset, other.offset + other.size);
        }
      }
      use.offset = offset;
      end = Math.max(end, offset + use.size);
      int at = count;
      while (at > 0 && upwards[at - 1].offset > offset) {
        upwards[at] = upwards[at - 1];
        at--;
      }
      upwards[at] = use;
      count++;
    }
    return end;
  }

  /** When a buffer's memory is in use, and where it lies. */
  private static final class Use {
    final Buffer buffer;
    final long size;
    int first = -1;
    int last;
    long offset;

    Use(Buffer buffer) {
      this.buffer = buffer;
      this.size = rounded(buffer);
    }

    void add(int kernel) {
      first = first < 0 ? kernel : first;
      last = kernel;
    }
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
}
