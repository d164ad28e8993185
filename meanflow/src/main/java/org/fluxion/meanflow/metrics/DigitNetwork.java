package org.fluxion.meanflow.metrics;

import java.util.List;
import org.fluxion.nn.Activation;
import org.fluxion.nn.Conv2d;
import org.fluxion.nn.Linear;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Parametric;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * A small convolutional network over digits of 16 × 16: three 3 × 3 convolutions, which halve the
 * image to 8 × 8 and 4 × 4, a linear layer to the features, and one to the classes; SiLU after each
 * but the last. Parameters: {@code conv1}, {@code conv2}, {@code conv3}, {@code features}, {@code
 * head}, each with {@code weight} and {@code bias}.
 *
 * @param width channels of the first convolution; the further ones have two and four times as many
 * @param features the number of features
 * @param classes the number of classes
 */
public record DigitNetwork(int width, int features, int classes) implements Parametric {
  /** Rows and columns of an image. */
  public static final int EXTENT = 16;

  /** Rows and columns after the convolutions. */
  private static final int LAST = EXTENT / 4;

  /** Checks the configuration. */
  public DigitNetwork {
    requirePositive("width", width);
    requirePositive("features", features);
    requirePositive("classes", classes);
  }

  private static void requirePositive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "digit network: expected %s of at least 1, got %d".formatted(what, value));
    }
  }

  private Conv2d conv1() {
    return new Conv2d(1, width, 3).withPadding(1);
  }

  private Conv2d conv2() {
    return new Conv2d(width, 2 * width, 3).withPadding(1).withStride(2);
  }

  private Conv2d conv3() {
    return new Conv2d(2 * width, 4 * width, 3).withPadding(1).withStride(2);
  }

  private Linear toFeatures() {
    return new Linear(4 * width * LAST * LAST, features);
  }

  private Linear head() {
    return new Linear(features, classes);
  }

  @Override
  public Parameters initialise(RandomKey key) {
    List<RandomKey> keys = key.split(5);
    return Parameters.builder()
        .add("conv1", conv1().initialise(keys.get(0)))
        .add("conv2", conv2().initialise(keys.get(1)))
        .add("conv3", conv3().initialise(keys.get(2)))
        .add("features", toFeatures().initialise(keys.get(3)))
        .add("head", head().initialise(keys.get(4)))
        .build();
  }

  /**
   * The penultimate activations, after their SiLU.
   *
   * @param parameters the network's
   * @param images floats [n, 1, 16, 16] from −1 (background) to 1 (ink)
   * @return floats [n, features]
   * @throws TensorException if the images have another shape
   */
  public Tensor features(Parameters parameters, Tensor images) {
    if (images.shape().rank() != 4
        || images.shape().extent(1) != 1
        || images.shape().extent(2) != EXTENT
        || images.shape().extent(3) != EXTENT) {
      throw new TensorException(
          "digit network: expected images [n, 1, 16, 16], got %s; read digits with Mnist.Size.HALF"
              .formatted(images.shape()));
    }
    Tensor h = Activation.SILU.apply(conv1().apply(parameters.scope("conv1"), images));
    h = Activation.SILU.apply(conv2().apply(parameters.scope("conv2"), h));
    h = Activation.SILU.apply(conv3().apply(parameters.scope("conv3"), h));
    Tensor flat = h.reshape(images.shape().extent(0), 4 * width * LAST * LAST);
    return Activation.SILU.apply(toFeatures().apply(parameters.scope("features"), flat));
  }

  /**
   * The scores of the classes.
   *
   * @param parameters the network's
   * @param features what {@link #features(Parameters, Tensor)} gave, [n, features]
   * @return logits [n, classes]
   */
  public Tensor logits(Parameters parameters, Tensor features) {
    return head().apply(parameters.scope("head"), features);
  }
}
