package org.fluxion.tensor.cpu;

/**
 * Blocks of random bits by Philox 4×32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), the generator
 * that {@code Op.RandomBits} names: element i is word i mod 4 of block offset + i/4.
 */
final class RandomBlocks {
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long LOW = 0xFFFFFFFFL;

  private RandomBlocks() {}

  /**
   * Random bits.
   *
   * @param out the address of the int32 results
   * @param key the address of four int32: two key words, step and stream
   * @param offset the number of the block that element 0 is in
   * @param firstElement the index of the first element wanted
   * @param n how many elements
   */
  static void randomBits(long out, long key, long offset, long firstElement, int n) {
    int i = 0;
    while (i < n) {
      long element = firstElement + i;
      int word = (int) (element & 3);
      int count = Math.min(4 - word, n - i);
      block(out + 4L * i, key, offset + (element >> 2), word, count);
      i += count;
    }
  }

  /** Some words of one block. */
  private static void block(long out, long key, long block, int firstWord, int count) {
    int k0 = Memory.getInt(key);
    int k1 = Memory.getInt(key + 4);
    int c0 = (int) block;
    int c1 = (int) (block >>> 32);
    int c2 = Memory.getInt(key + 8);
    int c3 = Memory.getInt(key + 12);
    for (int round = 0; round < 10; round++) {
      long p0 = MULTIPLIER_0 * (c0 & LOW);
      long p1 = MULTIPLIER_1 * (c2 & LOW);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    for (int i = 0; i < count; i++) {
      int word = firstWord + i;
      Memory.putInt(out + 4L * i, word == 0 ? c0 : word == 1 ? c1 : word == 2 ? c2 : c3);
    }
  }
}
