package org.fluxion.nn;

import org.fluxion.tensor.Tensor;

/**
 * Elementwise functions of layers, meant for static import. Softmax, dropout and one-hot are
 * methods of {@link Tensor}; the losses are in {@link org.fluxion.tensor.Losses}.
 */
public final class Functions {
  private static final double ROOT_HALF = Math.sqrt(0.5);
  private static final double TWICE_ROOT_TWO_OVER_PI = 2 * Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBE = 0.044715;

  private Functions() {}

  /**
   * max(x, 0); its derivative at 0 is taken as one half.
   *
   * @param x floats
   * @return floats of the same shape
   */
  public static Tensor relu(Tensor x) {
    return x.maximum(x.zerosLike());
  }

  /**
   * x · sigmoid(x).
   *
   * @param x floats
   * @return floats of the same shape
   */
  public static Tensor silu(Tensor x) {
    return x.mul(x.sigmoid());
  }

  /**
   * x · Φ(x) = x/2 · (1 + erf(x/√2)).
   *
   * @param x floats
   * @return floats of the same shape
   */
  public static Tensor gelu(Tensor x) {
    return x.mul(0.5).mul(x.mul(ROOT_HALF).erf().add(1));
  }

  /**
   * x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))), computed as x · sigmoid(2·√(2/π) · (x +
   * 0.044715·x³)), which is the same.
   *
   * @param x floats
   * @return floats of the same shape
   */
  public static Tensor geluTanh(Tensor x) {
    // Written so that the fewest operations are left: a processor is busy with them, not with
    // memory.
    Tensor slope = x.square().mul(GELU_CUBE * TWICE_ROOT_TWO_OVER_PI).add(TWICE_ROOT_TWO_OVER_PI);
    return x.mul(slope.mul(x).sigmoid());
  }
}
