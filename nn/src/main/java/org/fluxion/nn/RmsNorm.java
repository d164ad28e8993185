package org.fluxion.nn;

import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * weight · x / √(mean of x² + epsilon) over the last axis (Zhang and Sennrich, 2019). Parameter:
 * {@code weight} [width].
 *
 * @param width the extent of the last axis
 * @param epsilon what keeps the root from 0
 */
public record RmsNorm(int width, double epsilon) implements Layer {
  /** Checks the configuration. */
  public RmsNorm {
    Configuration.requirePositive("rms norm", "width", width);
    Configuration.requireEpsilon("rms norm", epsilon);
  }

  /**
   * An RMS norm with an epsilon of 1e-6.
   *
   * @param width the extent of the last axis
   */
  public RmsNorm(int width) {
    this(width, 1e-6);
  }

  /**
   * Ones.
   *
   * @param key not used
   * @return {@code weight}
   */
  @Override
  public Parameters initialise(RandomKey key) {
    return Parameters.of("weight", Initialisers.ones(width));
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code weight}
   * @param x floats [..., width]
   * @return floats of the same shape
   * @throws TensorException if the input's last extent is not the width
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    Configuration.requireLast("rms norm", x, width);
    Tensor scale = x.square().meanKeep(-1).add(epsilon).sqrt().reciprocal();
    return x.mul(scale).mul(parameters.get("weight"));
  }
}
