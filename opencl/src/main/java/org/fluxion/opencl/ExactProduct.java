package org.fluxion.opencl;

import java.util.Optional;
import java.util.Random;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.plan.Access;
import org.fluxion.tensor.plan.Kernel;

/**
 * Operands of a product whose result is exact, whatever the order of the sums: small integers. So
 * results are right or wrong, without any tolerance. They are checked as Freivalds does: C·x is
 * compared with A·(B·x), where x is random, which costs no product of matrices and misses a wrong
 * row of C once in a thousand times.
 */
final class ExactProduct {
  /** Integers up to 2²⁴ are exact in float32. */
  private static final long EXACT = 1L << 24;

  /** Numbers of x are drawn from so many. */
  private static final int RANGE = 1001;

  private final Kernel.MatmulKernel kernel;
  private final HostData left;
  private final HostData right;
  private final double[] x;
  private final double[][] expected;

  /**
   * Operands.
   *
   * @param kernel the product; if both operands are in one buffer, they stay so
   */
  ExactProduct(Kernel.MatmulKernel kernel) {
    this.kernel = kernel;
    Random random = new Random(1);
    int largest = 9L * kernel.k() <= EXACT ? 3 : 1;
    this.left = integers(kernel.a(), largest, random);
    this.right =
        kernel.b().buffer().equals(kernel.a().buffer())
            ? left
            : integers(kernel.b(), largest, random);
    this.x = random.doubles(kernel.n()).map(d -> Math.floor(d * RANGE) - RANGE / 2).toArray();
    int batch = Math.toIntExact(kernel.matrices());
    this.expected = new double[batch][];
    for (int matrix = 0; matrix < batch; matrix++) {
      double[] inner = times(right, kernel.b(), matrix, kernel.k(), x);
      expected[matrix] = times(left, kernel.a(), matrix, kernel.m(), inner);
    }
  }

  private static HostData integers(Access access, int largest, Random random) {
    DType dtype = access.buffer().dtype();
    HostData data = HostData.allocate(dtype, access.buffer().elements());
    for (long i = 0; i < data.elements(); i++) {
      data.setLong(i, random.nextInt(2 * largest + 1) - largest);
    }
    return data;
  }

  /** What the left operand's buffer holds. */
  HostData left() {
    return left;
  }

  /** What the right operand's buffer holds; the same as the left one's if they share it. */
  HostData right() {
    return right;
  }

  /** A matrix of a batch times a vector. */
  private double[] times(HostData data, Access access, int matrix, int rows, double[] vector) {
    long[] strides = access.strides();
    int loops = kernel.batch().size();
    long first = access.offset();
    long rest = matrix;
    for (int loop = loops - 1; loop >= 0; loop--) {
      long extent = kernel.batch().get(loop);
      first += rest % extent * strides[loop];
      rest /= extent;
    }
    double[] sums = new double[rows];
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      for (int column = 0; column < vector.length; column++) {
        long at = first + row * strides[loops] + column * strides[loops + 1];
        sum += data.getDouble(at) * vector[column];
      }
      sums[row] = sum;
    }
    return sums;
  }

  /**
   * What is wrong with a result.
   *
   * @param result what its buffer holds
   * @return where it is wrong, or empty if it is right
   */
  Optional<String> fault(HostData result) {
    for (int matrix = 0; matrix < expected.length; matrix++) {
      double[] sums = times(result, kernel.c(), matrix, kernel.m(), x);
      for (int row = 0; row < sums.length; row++) {
        // A NaN, left where nothing was stored, equals nothing.
        if (sums[row] != expected[matrix][row]) {
          return Optional.of(
              "in row %d of %d%s"
                  .formatted(
                      row,
                      kernel.m(),
                      expected.length == 1
                          ? ""
                          : " of product %d of %d".formatted(matrix, expected.length)));
        }
      }
    }
    return Optional.empty();
  }
}
