package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Places for temporary buffers in several pieces of memory, since a device may not give one that is
 * large enough for all: no buffer lies in two of them.
 *
 * @param sizes the bytes of each piece
 * @param places where each buffer lies
 */
public record Slabs(List<Long> sizes, Map<Buffer, Place> places) {
  /**
   * Where a buffer lies.
   *
   * @param slab the number of the piece of memory
   * @param offset the byte of it at which the buffer begins, a multiple of {@link Arena#ALIGNMENT}
   *     unless it is a part of another
   */
  public record Place(int slab, long offset) {}

  /** Copies the list and the map. */
  public Slabs {
    sizes = List.copyOf(sizes);
    places = Map.copyOf(places);
  }

  /**
   * The bytes of all pieces.
   *
   * @return the sum
   */
  public long bytes() {
    return sizes.stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Places buffers whose lifetimes are all known, the largest first, each at the lowest place at
   * which nothing lies while it lives: large buffers that live long, such as a flat gradient, then
   * fill no gap that small ones have torn. The search is a plain walk over those that are placed,
   * upwards, which ends at the first gap: of the time to compile it is a few parts in a hundred.
   *
   * @param lifetimes the buffers
   * @param largest the most bytes that a piece may have; a buffer that is larger has one of its own
   */
  static Slabs of(List<Lifetime> lifetimes, long largest) {
    long slab = Math.max(1, largest / Arena.ALIGNMENT) * Arena.ALIGNMENT;
    List<Lifetime> bySize = new ArrayList<>(lifetimes);
    bySize.sort(
        Comparator.<Lifetime>comparingLong(l -> -l.size()).thenComparingInt(Lifetime::first));
    List<Long> sizes = new ArrayList<>();
    Map<Buffer, Place> places = new HashMap<>();
    // Those beyond the limit are the first.
    while (!bySize.isEmpty() && bySize.getFirst().size() > slab) {
      Lifetime alone = bySize.removeFirst();
      put(alone, new Place(sizes.size(), 0), places);
      sizes.add(alone.size());
    }
    int firstSlab = sizes.size();
    Lifetime[] upwards = new Lifetime[bySize.size()];
    long[] offsets = new long[upwards.length];
    int count = 0;
    for (Lifetime lifetime : bySize) {
      long size = lifetime.size();
      long offset = 0;
      for (int i = 0; i < count; i++) {
        if (offsets[i] - offset >= size) {
          break;
        }
        if (upwards[i].meets(lifetime)) {
          offset = within(slab, Math.max(offset, offsets[i] + upwards[i].size()), size);
        }
      }
      int number = Math.toIntExact(firstSlab + offset / slab);
      sizes.addAll(Collections.nCopies(Math.max(0, number + 1 - sizes.size()), 0L));
      sizes.set(number, Math.max(sizes.get(number), offset % slab + size));
      put(lifetime, new Place(number, offset % slab), places);
      int at = -1 - Arrays.binarySearch(offsets, 0, count, offset);
      at = at < 0 ? -1 - at : at;
      System.arraycopy(upwards, at, upwards, at + 1, count - at);
      System.arraycopy(offsets, at, offsets, at + 1, count - at);
      upwards[at] = lifetime;
      offsets[at] = offset;
      count++;
    }
    return new Slabs(sizes, places);
  }

  /**
   * Places each buffer in a piece of its own, whenever it lives, which ends where it does.
   *
   * @param lifetimes the buffers
   */
  static Slabs apart(List<Lifetime> lifetimes) {
    List<Long> sizes = new ArrayList<>();
    Map<Buffer, Place> places = new HashMap<>();
    for (Lifetime lifetime : lifetimes) {
      put(lifetime, new Place(sizes.size(), 0), places);
      sizes.add(Math.max(1, lifetime.buffer().bytes()));
    }
    return new Slabs(sizes, places);
  }

  /** The lowest offset from one on at which so many bytes lie in one slab. */
  private static long within(long slab, long offset, long size) {
    return offset % slab + size <= slab ? offset : (offset / slab + 1) * slab;
  }

  private static void put(Lifetime lifetime, Place place, Map<Buffer, Place> places) {
    places.put(lifetime.buffer(), place);
    lifetime
        .parts()
        .forEach((part, start) -> places.put(part, new Place(place.slab, place.offset + start)));
  }
}
