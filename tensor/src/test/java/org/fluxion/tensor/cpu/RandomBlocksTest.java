package org.fluxion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The generator's two copies draw the same bits, for any key and any counter. */
class RandomBlocksTest {
  private static HostData key(int k0, int k1, int step, int stream) {
    HostData key = HostData.allocate(DType.INT32, 4);
    int[] words = {k0, k1, step, stream};
    for (int i = 0; i < words.length; i++) {
      key.setLong(i, words[i]);
    }
    return key;
  }

  private static HostData draw(HostData key, long offset, long first, int n) {
    try (Arena arena = Arena.ofConfined()) {
      long out = Blocks.allocate(arena, DType.INT32, n);
      RandomBlocks.randomBits(out, Blocks.put(arena, key), offset, first, n);
      return Blocks.get(out, DType.INT32, n);
    }
  }

  @Property(tries = 300, seed = "7829")
  void bitsAreThoseOfTheReference(
      @ForAll int k0,
      @ForAll int k1,
      @ForAll int step,
      @ForAll int stream,
      @ForAll long offset,
      @ForAll @IntRange(max = 30) int first,
      @ForAll @IntRange(max = 40) int n) {
    HostData key = key(k0, k1, step, stream);
    Tensor words = Tensor.input("key", Shape.of(4), DType.INT32);
    Tensor bits = Tensor.apply(new Op.RandomBits(Shape.of(first + n), offset), List.of(words));
    HostData expected = ReferenceInterpreter.evaluate(List.of(bits), Map.of(words, key)).get(0);
    HostData actual = draw(key, offset, first, n);
    for (int i = 0; i < n; i++) {
      assertEquals(expected.getLong(first + i), actual.getLong(i), "element " + i);
    }
  }

  /** Elements far behind what the reference could hold are those of a later offset. */
  @Property(tries = 100, seed = "9718")
  void blocksAreCountedInLongs(
      @ForAll long offset, @ForAll @LongRange(max = 1L << 60) long blocks) {
    HostData key = key(1, 2, 3, 4);
    HostData near = draw(key, offset + blocks, 0, 9);
    HostData far = draw(key, offset, 4 * blocks, 9);
    for (int i = 0; i < 9; i++) {
      assertEquals(near.getLong(i), far.getLong(i), "element " + i);
    }
  }

  /** The known answers published with the generator (Random123, philox4x32-10). */
  @Test
  void theFirstBlockIsThePublishedOne() {
    int[] zeros = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    int[] ones = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    HostData first = draw(key(0, 0, 0, 0), 0, 0, 4);
    HostData second = draw(key(-1, -1, -1, -1), -1, 0, 4);
    for (int i = 0; i < 4; i++) {
      assertEquals(zeros[i], first.getLong(i));
      assertEquals(ones[i], second.getLong(i));
    }
  }
}
