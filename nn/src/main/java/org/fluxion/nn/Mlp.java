package org.fluxion.nn;

import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;

/**
 * Two linear layers with a nonlinearity between them, under timm's names {@code fc1} and {@code
 * fc2}.
 *
 * @param in the width of the input
 * @param hidden the width between the layers
 * @param out the width of the output
 * @param activation the nonlinearity
 */
public record Mlp(int in, int hidden, int out, Activation activation) implements Layer {
  /** Checks the widths. */
  public Mlp {
    Configuration.requirePositive("mlp", "in", in);
    Configuration.requirePositive("mlp", "hidden", hidden);
    Configuration.requirePositive("mlp", "out", out);
    java.util.Objects.requireNonNull(activation, "activation");
  }

  /**
   * A transformer's block: as wide out as in, with GELU by tanh.
   *
   * @param width the width of input and output
   * @param hidden the width between
   */
  public Mlp(int width, int hidden) {
    this(width, hidden, width, Activation.GELU_TANH);
  }

  /**
   * The first layer.
   *
   * @return its configuration
   */
  public Linear fc1() {
    return new Linear(in, hidden);
  }

  /**
   * The second layer.
   *
   * @return its configuration
   */
  public Linear fc2() {
    return new Linear(hidden, out);
  }

  @Override
  public Parameters initialise(RandomKey key) {
    return Parameters.builder()
        .add("fc1", fc1().initialise(key.fold(0)))
        .add("fc2", fc2().initialise(key.fold(1)))
        .build();
  }

  /**
   * Applies the layer.
   *
   * @param parameters {@code fc1} and {@code fc2}
   * @param x floats [..., in]
   * @return floats [..., out]
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor x) {
    Tensor inner = activation.apply(fc1().apply(parameters.scope("fc1"), x));
    return fc2().apply(parameters.scope("fc2"), inner);
  }
}
