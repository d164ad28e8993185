package org.fluxion.meanflow.metrics;

import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;

/**
 * The squared Fréchet (2-Wasserstein) distance of the Gaussians with the means and covariances of
 * two sets, ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2·(C₁·C₂)^½) (Dowson and Landau, 1982), as Heusel et al.
 * (2017) measure generators by it. Over another network's features than Inception's it is no FID:
 * figures compare only under one classifier, and with one number of samples, because the
 * covariance's error adds to the distance.
 */
public final class FrechetDistance {
  /** How far below 0 rounding may take an eigenvalue, relative to the largest. */
  private static final double ROUNDING = 1e-9;

  private FrechetDistance() {}

  /**
   * The distance of two sets.
   *
   * @param a one set's statistics
   * @param b the other's
   * @return the squared distance, in squared units of the features; at least 0
   * @throws IllegalArgumentException if the numbers of features differ, or a covariance has a
   *     negative eigenvalue
   */
  public static double between(FeatureStatistics a, FeatureStatistics b) {
    if (a.width() != b.width()) {
      throw new IllegalArgumentException(
          "fréchet distance: the sets have %d and %d features; take both from one classifier"
              .formatted(a.width(), b.width()));
    }
    double[] meanA = a.mean();
    double[] meanB = b.mean();
    double distance = 0;
    for (int i = 0; i < meanA.length; i++) {
      distance += (meanA[i] - meanB[i]) * (meanA[i] - meanB[i]);
    }
    DMatrixRMaj covarianceA = a.covarianceMatrix();
    DMatrixRMaj covarianceB = b.covarianceMatrix();
    double traces = CommonOps_DDRM.trace(covarianceA) + CommonOps_DDRM.trace(covarianceB);
    // Rounding may leave a small negative number where the sets are equal.
    return Math.max(0, distance + traces - 2 * traceOfRoot(covarianceA, covarianceB));
  }

  /**
   * tr((A·B)^½): the sum of the roots of the eigenvalues of A^½·B·A^½, which are the singular
   * values of A^½·B^½. Taken as singular values, because the root of a computed eigenvalue near 0
   * keeps half its digits only.
   */
  private static double traceOfRoot(DMatrixRMaj a, DMatrixRMaj b) {
    DMatrixRMaj product = new DMatrixRMaj(a.numRows, a.numRows);
    CommonOps_DDRM.mult(root(a), root(b), product);
    SingularValueDecomposition_F64<DMatrixRMaj> decomposition =
        DecompositionFactory_DDRM.svd(a.numRows, a.numRows, false, false, false);
    if (!decomposition.decompose(product)) {
      throw new IllegalStateException("fréchet distance: the singular values did not converge");
    }
    double sum = 0;
    double[] values = decomposition.getSingularValues();
    for (int i = 0; i < decomposition.numberOfSingularValues(); i++) {
      sum += values[i];
    }
    return sum;
  }

  /** The symmetric root of a symmetric matrix: Q·Λ^½·Qᵀ. */
  private static DMatrixRMaj root(DMatrixRMaj matrix) {
    int width = matrix.numRows;
    EigenDecomposition_F64<DMatrixRMaj> decomposition =
        DecompositionFactory_DDRM.eig(width, true, true);
    if (!decomposition.decompose(matrix.copy())) {
      throw new IllegalStateException("fréchet distance: the eigenvalues did not converge");
    }
    double largest = 0;
    for (int i = 0; i < width; i++) {
      largest = Math.max(largest, Math.abs(decomposition.getEigenvalue(i).getReal()));
    }
    DMatrixRMaj result = new DMatrixRMaj(width, width);
    for (int i = 0; i < width; i++) {
      double value = decomposition.getEigenvalue(i).getReal();
      if (value < -ROUNDING * largest) {
        throw new IllegalArgumentException(
            "fréchet distance: a covariance has the negative eigenvalue %s".formatted(value));
      }
      DMatrixRMaj vector = decomposition.getEigenVector(i);
      CommonOps_DDRM.multAddTransB(Math.sqrt(Math.max(0, value)), vector, vector, result);
    }
    return result;
  }
}
