package org.fluxion.tensor.plan;

import java.util.Collection;
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
 * @param lifetimes when each buffer that is no part of another is in use
 */
public record Arena(
    Map<Buffer, Long> offsets,
    long bytes,
    long live,
    int peak,
    List<Buffer> kept,
    List<Lifetime> lifetimes) {
  /** Buffers begin at multiples of a cache line, which is also the widest vector. */
  public static final long ALIGNMENT = 64;

  /** Copies the map and the lists. */
  public Arena {
    offsets = Map.copyOf(offsets);
    kept = List.copyOf(kept);
    lifetimes = List.copyOf(lifetimes);
  }

  /**
   * The same buffers in several pieces of memory, for devices that do not give one so large.
   *
   * @param largest the most bytes that a piece may have; a buffer that is larger has one of its own
   * @return the pieces, and where each buffer lies
   */
  public Slabs slabs(long largest) {
    return Slabs.of(lifetimes, largest);
  }

  /**
   * The same buffers in a piece of memory each, for who watches what happens to each of them.
   *
   * @return the pieces, and which of them is whose
   */
  public Slabs apart() {
    return Slabs.apart(lifetimes);
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
    List<Lifetime> lifetimes = lifetimes(uses.values(), parts);
    long[] live = new long[order.size() + 2];
    for (Lifetime lifetime : lifetimes) {
      live[lifetime.first()] += lifetime.size();
      live[lifetime.last() + 1] -= lifetime.size();
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
        lifetimes.stream()
            .filter(lifetime -> lifetime.first() < at && lifetime.last() > at)
            .map(Lifetime::buffer)
            .toList();
    Slabs whole = Slabs.of(lifetimes, Long.MAX_VALUE);
    Map<Buffer, Long> offsets = new HashMap<>();
    whole.places().forEach((buffer, place) -> offsets.put(buffer, place.offset()));
    return new Arena(offsets, whole.bytes(), most, peak, kept, lifetimes);
  }

  private static List<Lifetime> lifetimes(Collection<Use> uses, Parts parts) {
    Map<Buffer, Map<Buffer, Long>> starts = new HashMap<>();
    for (Buffer part : parts.all()) {
      starts
          .computeIfAbsent(parts.whole(part), key -> new HashMap<>())
          .put(part, parts.offset(part) * part.dtype().bytes());
    }
    return uses.stream()
        .map(
            use ->
                new Lifetime(
                    use.buffer, use.first, use.last, starts.getOrDefault(use.buffer, Map.of())))
        .toList();
  }

  /** When a buffer's memory is in use. */
  private static final class Use {
    final Buffer buffer;
    int first = -1;
    int last;

    Use(Buffer buffer) {
      this.buffer = buffer;
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
}
