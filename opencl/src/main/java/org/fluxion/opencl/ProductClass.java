package org.fluxion.opencl;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.MatrixOrder;

/**
 * Products that are cut alike: of one dtype, with operands that lie alike, and of about one size.
 * Rows and columns are rounded to half powers of two, since a tile that is a little too large for
 * them computes in vain; the sums' length and the batch to powers of two.
 *
 * @param form of the kernels
 * @param dtype of the operands
 * @param left how the left operand lies
 * @param right how the right one lies
 * @param rows twice the logarithm of the rows to base 2, rounded
 * @param columns twice that of the columns
 * @param sum that of the sums' length
 * @param batch that of the number of products
 */
record ProductClass(
    String form,
    DType dtype,
    MatrixOrder left,
    MatrixOrder right,
    int rows,
    int columns,
    int sum,
    int batch) {
  /**
   * The class of a product.
   *
   * @param kernel the product
   * @param family the form of its kernels
   */
  static ProductClass of(Kernel.MatmulKernel kernel, Family family) {
    return new ProductClass(
        family.lanes() == 1 ? "processor " + family.width() : "card " + family.lanes(),
        kernel.c().buffer().dtype(),
        MatrixOrder.of(kernel.a()),
        MatrixOrder.of(kernel.b()),
        rounded(2, kernel.m()),
        rounded(2, kernel.n()),
        rounded(1, kernel.k()),
        rounded(1, kernel.matrices()));
  }

  private static int rounded(int each, long extent) {
    return (int) Math.round(each * StrictMath.log(Math.max(1, extent)) / StrictMath.log(2));
  }

  private static long typical(int each, int rounded) {
    return Math.round(StrictMath.pow(2, (double) rounded / each));
  }

  /** What the file of tiles calls it. */
  @Override
  public String toString() {
    return Text.of(
        "%s %s %s%s m~%d n~%d k~%d batch~%d",
        form,
        dtype,
        left,
        right,
        typical(2, rows),
        typical(2, columns),
        typical(1, sum),
        typical(1, batch));
  }
}
