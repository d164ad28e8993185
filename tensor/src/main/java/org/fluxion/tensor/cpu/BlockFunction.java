package org.fluxion.tensor.cpu;

/**
 * An elementwise operation over contiguous blocks of native memory, short enough to stay in the L1
 * cache: out[i] = f(a[i], b[i], c[i]) for i &lt; n.
 */
@FunctionalInterface
interface BlockFunction {
  /**
   * Computes one block. An operand that the operation does not have is 0. The result may be written
   * over an operand with elements of the same size that starts at the same address; any other
   * overlap, and writing over a scalar operand, is an error that nothing detects.
   *
   * @param out the address of the results
   * @param a the address of the first operand
   * @param b the address of the second
   * @param c the address of the third
   * @param n how many elements
   */
  void apply(long out, long a, long b, long c, int n);
}
