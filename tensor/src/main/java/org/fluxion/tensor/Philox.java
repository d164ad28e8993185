package org.fluxion.tensor;

/**
 * The Philox 4×32-10 counter-based generator (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): ten rounds turn a counter of four words and a key of two
 * into four random words, so that any element of any stream is computed on its own.
 */
final class Philox {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  private Philox() {}

  /**
   * One word of one block.
   *
   * @param key two key words, step and stream
   * @param block the block's number, the low two counter words
   * @param word which of the block's four words
   * @return the random bits
   */
  static int word(int[] key, long block, int word) {
    return block(key[0], key[1], (int) block, (int) (block >>> 32), key[2], key[3])[word];
  }

  static int[] block(int k0, int k1, int c0, int c1, int c2, int c3) {
    for (int round = 0; round < 10; round++) {
      long p0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c0 = n0;
      c1 = (int) p1;
      c2 = n2;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return new int[] {c0, c1, c2, c3};
  }
}
