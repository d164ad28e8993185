package org.fluxion.nn;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/** What is done with a gradient before an optimizer takes it. */
public final class Gradients {
  /** PyTorch's guard against a norm of 0. */
  private static final double GUARD = 1e-6;

  private Gradients() {}

  /**
   * The Euclidean norm of all elements of all tensors together.
   *
   * @param gradient the gradient
   * @return a scalar of the first tensor's dtype; float32 0 if there is none
   */
  public static Tensor globalNorm(Parameters gradient) {
    return gradient.leaves().stream()
        .map(g -> g.square().sum())
        .reduce((sum, squares) -> sum.add(squares.cast(sum.dtype())))
        .map(Tensor::sqrt)
        .orElse(Tensor.scalar(0, DType.FLOAT32));
  }

  /**
   * Scales a gradient so that its norm is at most a maximum, as PyTorch's {@code clip_grad_norm_}:
   * times min(1, maximum / (norm + 1e-6)).
   *
   * @param gradient the gradient
   * @param maximum the largest norm that passes unchanged, above 0
   * @return the scaled gradient, and the norm before; if the norm is not finite, neither is every
   *     element, so look at the norm
   */
  public static Clipped clipByGlobalNorm(Parameters gradient, double maximum) {
    if (!(maximum > 0)) {
      throw new IllegalArgumentException(
          "clipByGlobalNorm: expected a maximum above 0, got " + maximum);
    }
    Tensor norm = globalNorm(gradient);
    Tensor coefficient =
        Tensor.scalar(maximum, norm.dtype())
            .div(norm.add(GUARD))
            .minimum(Tensor.scalar(1, norm.dtype()));
    return new Clipped(gradient.map(g -> g.mul(coefficient.cast(g.dtype()))), norm);
  }

  /**
   * A clipped gradient.
   *
   * @param gradient the scaled gradient
   * @param norm the norm before, a scalar
   */
  public record Clipped(Parameters gradient, Tensor norm) {}
}
