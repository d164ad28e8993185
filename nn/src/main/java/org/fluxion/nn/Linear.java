package org.fluxion.nn;

import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * x · weightᵀ + bias over the last axis, with PyTorch's layout: {@code weight} [out, in], {@code
 * bias} [out].
 *
 * @param in the width of the input
 * @param out the width of the output
 * @param bias whether there is a bias
 */
public record Linear(int in, int out, boolean bias) implements Layer {
  /** Checks the widths. */
  public Linear {
    Configuration.requirePositive("linear", "in", in);
    Configuration.requirePositive("linear", "out", out);
  }

  /**
   * A linear layer with a bias.
   *
   * @param in the width of the input
   * @param out the width of the output
   */
  public Linear(int in, int out) {
    this(in, out, true);
  }

  /**
   * The same layer without its bias.
   *
   * @return the layer
   */
  public Linear withoutBias() {
    return new Linear(in, out, false);
  }

  /**
   * Glorot and Bengio's uniform weights, a bias of zeros.
   *
   * @param key the key of the draw
   * @return {@code weight} and {@code bias}
   */
  @Override
  public Parameters initialise(RandomKey key) {
    Parameters weight = Parameters.of("weight", Initialisers.xavierUniform(key, out, in));
    return bias ? weight.with("bias", Initialisers.zeros(out)) : weight;
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code weight} and {@code bias}
   * @param x floats [..., in]
   * @return floats [..., out]
   * @throws TensorException if the input's last extent is not {@code in}
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    Configuration.requireLast("linear", x, in);
    if (x.shape().rank() == 1) {
      return apply(parameters, x.reshape(1, in)).reshape(out);
    }
    Tensor y = x.matmul(parameters.get("weight").transpose());
    return bias ? y.add(parameters.get("bias")) : y;
  }
}
