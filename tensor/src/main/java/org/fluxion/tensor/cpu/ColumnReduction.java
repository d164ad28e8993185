package org.fluxion.tensor.cpu;

/** Folds rows, one after the other, into an accumulator of one row. */
@FunctionalInterface
interface ColumnReduction {
  /**
   * Folds rows in.
   *
   * @param a the address of rows × columns elements, row-major
   * @param rows how many rows
   * @param columns the elements of each
   * @param accumulator the address of the columns' values so far, updated in place
   */
  void apply(long a, int rows, int columns, long accumulator);
}
