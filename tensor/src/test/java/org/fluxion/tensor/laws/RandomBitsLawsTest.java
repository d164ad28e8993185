package org.fluxion.tensor.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random bits look like tosses of a coin: each on its own, beside those that follow, and beside
 * those of the next key. The keys are fixed, so that what holds once holds always; the bounds are
 * five standard deviations, which a fair coin exceeds in fewer than one of 100,000 comparisons.
 */
class RandomBitsLawsTest {
  private static final int WORDS = 40_000;

  private static final double DEVIATIONS = 5;

  private static int[] bits(RandomKey key) {
    long[] words = key.bits(Shape.of(WORDS)).toLongArray();
    return IntStream.range(0, WORDS).map(i -> (int) words[i]).toArray();
  }

  /** That of n tosses about half are heads, at each of 32 places. */
  private static void assertFair(int[] words, String what) {
    double deviation = Math.sqrt(words.length) / 2;
    for (int place = 0; place < Integer.SIZE; place++) {
      int mask = 1 << place;
      long heads = IntStream.of(words).filter(word -> (word & mask) != 0).count();
      assertEquals(words.length / 2.0, heads, DEVIATIONS * deviation, what + ", bit " + place);
    }
  }

  /** Where two sequences differ, which is a coin as well. */
  private static int[] different(int[] a, int[] b) {
    return IntStream.range(0, Math.min(a.length, b.length)).map(i -> a[i] ^ b[i]).toArray();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 42, -1, 1L << 40})
  void everyBitIsFair(long seed) {
    assertFair(bits(RandomKey.of(seed)), "key " + seed);
  }

  /** Words that follow, in the same block of four and in later ones, and other bits of a word. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 42, -1, 1L << 40})
  void noBitTellsOfLaterOnes(long seed) {
    int[] words = bits(RandomKey.of(seed));
    for (int lag : new int[] {1, 2, 3, 4, 8, 256}) {
      int[] later = IntStream.range(lag, WORDS).map(i -> words[i]).toArray();
      assertFair(different(words, later), lag + " words later");
    }
    for (int turn : new int[] {1, 8, 16}) {
      int[] turned = IntStream.of(words).map(word -> Integer.rotateLeft(word, turn)).toArray();
      assertFair(different(words, turned), turn + " bits later");
    }
  }

  /**
   * Seeds that follow each other, one bit of a seed, and keys that are folded or of other steps.
   */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 42, -1, 1L << 40})
  void noKeyTellsOfAnother(long seed) {
    RandomKey key = RandomKey.of(seed);
    int[] words = bits(key);
    assertFair(different(words, bits(RandomKey.of(seed + 1))), "the next seed");
    assertFair(different(words, bits(RandomKey.of(seed ^ 1L << 63))), "a seed's highest bit");
    assertFair(different(words, bits(key.fold(0))), "folded with 0");
    assertFair(different(bits(key.fold(1)), bits(key.fold(2))), "folded with 1, and with 2");
    Tensor one = Tensor.scalar(1, DType.INT32);
    Tensor two = Tensor.scalar(2, DType.INT32);
    assertFair(different(bits(key.step(one)), bits(key.step(two))), "step 1, and step 2");
  }

  /** χ² of 256 bins has 255 degrees of freedom, so that its deviation is √510. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 42, -1, 1L << 40})
  void everyByteIsAsFrequent(long seed) {
    int[] words = bits(RandomKey.of(seed));
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      long[] counts = new long[256];
      for (int word : words) {
        counts[word >>> shift & 0xff]++;
      }
      double expected = WORDS / 256.0;
      double chi = 0;
      for (long count : counts) {
        chi += (count - expected) * (count - expected) / expected;
      }
      assertEquals(255, chi, DEVIATIONS * Math.sqrt(2 * 255), "byte " + shift / Byte.SIZE);
    }
  }

  /** A coin of which one toss in fifty is turned is found. */
  @ParameterizedTest
  @ValueSource(ints = {0, 31})
  void whatIsNotRandomShows(int place) {
    int[] words = bits(RandomKey.of(7));
    assertFair(words, "as they were drawn");
    int[] often =
        IntStream.range(0, WORDS)
            .map(i -> i % 25 == 0 ? words[i] | 1 << place : words[i])
            .toArray();
    assertThrows(AssertionError.class, () -> assertFair(often, "one in 50 turned"));
  }
}
