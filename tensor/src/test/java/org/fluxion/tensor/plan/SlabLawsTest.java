package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;

/** Temporary buffers in pieces of memory of a limited size. */
class SlabLawsTest {
  private static Buffer buffer(int id, int elements) {
    return new Buffer(id, DType.FLOAT32, Shape.of(elements), Buffer.Kind.TEMPORARY, "buffer" + id);
  }

  /** Buffers of all sizes up to some 4 KiB, some with a part, in use at any of 20 kernels. */
  private static List<Lifetime> lifetimes(Random random) {
    List<Lifetime> made = new ArrayList<>();
    int count = random.nextInt(40);
    for (int i = 0; i < count; i++) {
      int elements = random.nextInt(1 << random.nextInt(1, 11));
      int first = random.nextInt(20);
      Map<Buffer, Long> parts = new HashMap<>();
      if (elements > 1 && random.nextBoolean()) {
        parts.put(buffer(1000 + i, elements / 2), 4L * (elements - elements / 2));
      }
      made.add(new Lifetime(buffer(i, elements), first, first + random.nextInt(20 - first), parts));
    }
    return made;
  }

  @Property(seed = "5436")
  void nothingLiesWhereSomethingLives(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 8192) int largest) {
    List<Lifetime> lifetimes = lifetimes(new Random(seed));
    Slabs slabs = Slabs.of(lifetimes, largest);
    for (Lifetime one : lifetimes) {
      Slabs.Place place = slabs.places().get(one.buffer());
      long size = slabs.sizes().get(place.slab());
      assertTrue(place.offset() + one.buffer().bytes() <= size, "beyond the slab's end");
      assertEquals(0, place.offset() % Arena.ALIGNMENT);
      assertTrue(size <= Math.max(largest, one.size()), "a slab is too large");
      one.parts()
          .forEach(
              (part, start) ->
                  assertEquals(
                      new Slabs.Place(place.slab(), place.offset() + start),
                      slabs.places().get(part)));
      for (Lifetime other : lifetimes) {
        Slabs.Place its = slabs.places().get(other.buffer());
        boolean apart =
            other.buffer().id() <= one.buffer().id()
                || !other.meets(one)
                || its.slab() != place.slab()
                || its.offset() >= place.offset() + one.buffer().bytes()
                || place.offset() >= its.offset() + other.buffer().bytes();
        assertTrue(apart, () -> one + " and " + other + " lie in each other's place");
      }
    }
  }

  @Property(seed = "9355")
  void withoutALimitThereIsOnePiece(@ForAll long seed) {
    List<Lifetime> lifetimes = lifetimes(new Random(seed));
    Slabs slabs = Slabs.of(lifetimes, Long.MAX_VALUE);
    assertEquals(lifetimes.isEmpty() ? 0 : 1, slabs.sizes().size());
  }

  @Property(seed = "4471")
  void apartNothingSharesAPiece(@ForAll long seed) {
    List<Lifetime> lifetimes = lifetimes(new Random(seed));
    Slabs slabs = Slabs.apart(lifetimes);
    assertEquals(lifetimes.size(), slabs.sizes().size());
    boolean[] taken = new boolean[lifetimes.size()];
    for (Lifetime one : lifetimes) {
      int slab = slabs.places().get(one.buffer()).slab();
      assertFalse(taken[slab], "two in one piece");
      taken[slab] = true;
      assertEquals(new Slabs.Place(slab, 0), slabs.places().get(one.buffer()));
      assertEquals(Math.max(1, one.buffer().bytes()), slabs.sizes().get(slab));
      one.parts()
          .forEach(
              (part, start) ->
                  assertEquals(new Slabs.Place(slab, start), slabs.places().get(part)));
    }
  }

  @Example
  void whatIsNoLongerInUseMakesRoom() {
    List<Lifetime> lifetimes =
        List.of(
            new Lifetime(buffer(1, 32), 0, 1, Map.of()),
            new Lifetime(buffer(2, 32), 1, 2, Map.of()),
            new Lifetime(buffer(3, 32), 2, 3, Map.of()),
            new Lifetime(buffer(4, 100), 0, 3, Map.of()));
    // The one of 448 bytes alone, as it is larger than a piece, and two at a time of 128 in others.
    assertEquals(List.of(448L, 128L, 128L), Slabs.of(lifetimes, 200).sizes());
    assertEquals(List.of(448L, 256L), Slabs.of(lifetimes, 256).sizes());
    assertEquals(List.of(704L), Slabs.of(lifetimes, 1000).sizes());
    // Two that fill a piece, one after the other.
    assertEquals(
        List.of(256L),
        Slabs.of(
                List.of(
                    new Lifetime(buffer(5, 64), 0, 1, Map.of()),
                    new Lifetime(buffer(6, 64), 2, 3, Map.of())),
                256)
            .sizes());
  }
}
