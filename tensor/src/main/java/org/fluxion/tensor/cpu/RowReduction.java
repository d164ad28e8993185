package org.fluxion.tensor.cpu;

/** Folds each of several contiguous rows into one element. */
@FunctionalInterface
interface RowReduction {
  /**
   * Reduces rows.
   *
   * @param a the address of rows × length elements, row-major
   * @param rows how many rows
   * @param length the elements of each
   * @param out the address of the results, one a row
   */
  void apply(long a, int rows, int length, long out);
}
