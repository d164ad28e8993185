package org.fluxion.nn;

import java.util.List;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * A two-dimensional cross-correlation, as PyTorch's Conv2d: images [n, in, h, w] to [n, out, h',
 * w'] with h' = (h + 2·padding − kernel) / stride + 1. Parameters: {@code weight} [out, in, kernel,
 * kernel], {@code bias} [out].
 *
 * @param in channels of the input
 * @param out channels of the output
 * @param kernel rows and columns of the window
 * @param stride step of the window along both axes
 * @param padding zeros around the image on every side
 * @param bias whether there is a bias
 */
public record Conv2d(int in, int out, int kernel, int stride, int padding, boolean bias)
    implements Layer {
  /** Checks the configuration. */
  public Conv2d {
    Configuration.requirePositive("conv2d", "in", in);
    Configuration.requirePositive("conv2d", "out", out);
    Configuration.requirePositive("conv2d", "kernel", kernel);
    Configuration.requirePositive("conv2d", "stride", stride);
    if (padding < 0) {
      throw new IllegalArgumentException("conv2d: expected padding of at least 0, got " + padding);
    }
  }

  /**
   * A convolution of stride 1, without padding, with a bias.
   *
   * @param in channels of the input
   * @param out channels of the output
   * @param kernel rows and columns of the window
   */
  public Conv2d(int in, int out, int kernel) {
    this(in, out, kernel, 1, 0, true);
  }

  /**
   * The same convolution with another step.
   *
   * @param step the step of the window along both axes
   * @return the layer
   */
  public Conv2d withStride(int step) {
    return new Conv2d(in, out, kernel, step, padding, bias);
  }

  /**
   * The same convolution with zeros around the image.
   *
   * @param zeros how many on every side
   * @return the layer
   */
  public Conv2d withPadding(int zeros) {
    return new Conv2d(in, out, kernel, stride, zeros, bias);
  }

  /**
   * The same convolution without its bias.
   *
   * @return the layer
   */
  public Conv2d withoutBias() {
    return new Conv2d(in, out, kernel, stride, padding, false);
  }

  /**
   * He's uniform weights, a bias of zeros.
   *
   * @param key the key of the draw
   * @return {@code weight} and {@code bias}
   */
  @Override
  public Parameters initialise(RandomKey key) {
    Parameters weight =
        Parameters.of("weight", Initialisers.kaimingUniform(key, out, in, kernel, kernel));
    return bias ? weight.with("bias", Initialisers.zeros(out)) : weight;
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code weight} and {@code bias}
   * @param x floats [n, in, h, w]
   * @return floats [n, out, h', w']
   * @throws TensorException if the input's shape does not fit
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    Op.Window window = new Op.Window(kernel, kernel, stride, padding);
    Shape shape = x.shape();
    if (shape.rank() != 4
        || shape.extent(1) != in
        || window.positions(shape.extent(2), kernel) == 0
        || window.positions(shape.extent(3), kernel) == 0) {
      throw new TensorException(
          "conv2d: expected images [n, %d, h, w] of at least %d×%d with %d of padding, got %s"
              .formatted(in, kernel, kernel, padding, shape));
    }
    Tensor columns = Tensor.apply(new Op.Unfold(window), List.of(x));
    Tensor weight = parameters.get("weight").reshape(out, in * kernel * kernel);
    Tensor y = weight.matmul(columns);
    Tensor biased = bias ? y.add(parameters.get("bias").reshape(out, 1)) : y;
    return biased.reshape(
        shape.extent(0),
        out,
        window.positions(shape.extent(2), kernel),
        window.positions(shape.extent(3), kernel));
  }
}
