package org.fluxion.nn;

import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * (x − mean) / √(variance + epsilon) over the last axis (Ba et al., 2016), and then, if affine,
 * times {@code weight} [width] plus {@code bias} [width]. The variance is divided by the width.
 *
 * @param width the extent of the last axis
 * @param affine whether there are parameters
 * @param epsilon what keeps the root from 0
 */
public record LayerNorm(int width, boolean affine, double epsilon) implements Layer {
  /** Checks the configuration. */
  public LayerNorm {
    Configuration.requirePositive("layer norm", "width", width);
    Configuration.requireEpsilon("layer norm", epsilon);
  }

  /**
   * An affine layer norm with PyTorch's epsilon of 1e-5.
   *
   * @param width the extent of the last axis
   */
  public LayerNorm(int width) {
    this(width, true, 1e-5);
  }

  /**
   * Ones and zeros, or nothing if there is no affine part.
   *
   * @param key not used
   * @return {@code weight} and {@code bias}
   */
  @Override
  public Parameters initialise(RandomKey key) {
    return affine
        ? Parameters.of("weight", Initialisers.ones(width), "bias", Initialisers.zeros(width))
        : Parameters.empty();
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code weight} and {@code bias}, or nothing
   * @param x floats [..., width]
   * @return floats of the same shape
   * @throws TensorException if the input's last extent is not the width
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    Configuration.requireLast("layer norm", x, width);
    Tensor centred = x.sub(x.meanKeep(-1));
    // One division a row rather than one an element, in the tangent and the cotangent as well.
    Tensor scale = centred.square().meanKeep(-1).add(epsilon).sqrt().reciprocal();
    Tensor scaled = centred.mul(scale);
    return affine ? scaled.mul(parameters.get("weight")).add(parameters.get("bias")) : scaled;
  }
}
