package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Places for temporary buffers in one piece of memory: a buffer's place is free again after its
 * last use.
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

  static Arena of(List<Kernel> order, Parts parts) {
    Map<Buffer, Use> uses = new LinkedHashMap<>();
    for (int i = 0; i < order.size(); i++) {
      for (Buffer memory : memories(order.get(i), parts)) {
        uses.computeIfAbsent(memory, Use::new).add(i);
      }
    }
    long[] live = new long[order.size() + 1];
    for (Use use : uses.values()) {
      live[use.first] += use.size;
      live[use.last + 1] -= use.size;
    }
    long most = 0;
    int peak = -1;
    long now = 0;
    for (int i = 0; i < order.size(); i++) {
      now += live[i];
      if (now > most) {
        most = now;
        peak = i;
      }
    }
    int at = peak;
    List<Buffer> kept =
        uses.values().stream()
            .filter(use -> use.first < at && use.last > at)
            .map(use -> use.buffer)
            .toList();
    long end = place(uses.values(), order.size());
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
   * fill no gap that small ones have torn.
   *
   * @return the end of the last one
   */
  private static long place(Collection<Use> uses, int kernels) {
    List<Use> bySize = new ArrayList<>(uses);
    bySize.sort(Comparator.<Use>comparingLong(use -> -use.size).thenComparingInt(u -> u.first));
    Timeline timeline = new Timeline(kernels);
    long end = 0;
    for (Use use : bySize) {
      List<Use> beside = timeline.overlapping(use);
      beside.sort(Comparator.comparingLong(other -> other.offset));
      long offset = 0;
      for (Use other : beside) {
        if (other.offset - offset >= use.size) {
          break;
        }
        offset = Math.max(offset, other.offset + other.size);
      }
      use.offset = offset;
      end = Math.max(end, offset + use.size);
      timeline.add(use);
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

  /** Placed buffers by time: a tree of halves, each buffer at the parts that make up its life. */
  private static final class Timeline {
    private final int width;
    private final List<List<Use>> here = new ArrayList<>();
    private final List<Set<Use>> below = new ArrayList<>();

    Timeline(int kernels) {
      int power = 1;
      while (power < kernels) {
        power *= 2;
      }
      width = power;
      for (int i = 0; i < 2 * width; i++) {
        here.add(new ArrayList<>(0));
        below.add(new LinkedHashSet<>(0));
      }
    }

    void add(Use use) {
      visit(1, 0, width - 1, use, true, null);
    }

    List<Use> overlapping(Use use) {
      Set<Use> found = new LinkedHashSet<>();
      visit(1, 0, width - 1, use, false, found);
      return new ArrayList<>(found);
    }

    private void visit(int node, int from, int to, Use use, boolean add, Set<Use> found) {
      if (use.last < from || use.first > to) {
        return;
      }
      if (!add) {
        found.addAll(here.get(node));
      }
      if (use.first <= from && to <= use.last) {
        if (add) {
          here.get(node).add(use);
        } else {
          found.addAll(below.get(node));
        }
        return;
      }
      if (add) {
        below.get(node).add(use);
      }
      int middle = (from + to) / 2;
      visit(2 * node, from, middle, use, add, found);
      visit(2 * node + 1, middle + 1, to, use, add, found);
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
