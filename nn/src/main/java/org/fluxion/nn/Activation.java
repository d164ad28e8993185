package org.fluxion.nn;

import java.util.function.UnaryOperator;
import org.fluxion.tensor.Tensor;

/**
 * The nonlinearities between layers, by name, so that a layer's record stays plain configuration.
 */
public enum Activation implements UnaryOperator<Tensor> {
  /** max(x, 0). */
  RELU,
  /** x · sigmoid(x), also called swish. */
  SILU,
  /** x · Φ(x), with the exact normal distribution function (Hendrycks and Gimpel, 2016). */
  GELU,
  /** The same with Φ approximated by tanh: PyTorch's {@code approximate="tanh"}. */
  GELU_TANH;

  /**
   * Applies the function to each element.
   *
   * @param x floats
   * @return floats of the same shape
   */
  @Override
  public Tensor apply(Tensor x) {
    return switch (this) {
      case RELU -> Functions.relu(x);
      case SILU -> Functions.silu(x);
      case GELU -> Functions.gelu(x);
      case GELU_TANH -> Functions.geluTanh(x);
    };
  }
}
