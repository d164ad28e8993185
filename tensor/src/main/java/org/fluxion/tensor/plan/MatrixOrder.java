package org.fluxion.tensor.plan;

/** How a matrix lies in memory, in the letters of BLAS. */
public enum MatrixOrder {
  /** Elements of a row are neighbours. */
  N,
  /** Elements of a column are neighbours: the matrix is stored transposed. */
  T,
  /** No neighbours are. */
  S;

  /**
   * The order of a product's operand.
   *
   * @param operand whose last two strides are those of row and column
   * @return how it lies
   */
  public static MatrixOrder of(Access operand) {
    long[] strides = operand.strides();
    return strides[strides.length - 1] == 1 ? N : strides[strides.length - 2] == 1 ? T : S;
  }
}
