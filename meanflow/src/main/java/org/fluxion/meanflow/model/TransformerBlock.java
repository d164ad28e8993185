package org.fluxion.meanflow.model;

import java.util.List;
import org.fluxion.nn.Activation;
import org.fluxion.nn.Initialisers;
import org.fluxion.nn.LayerNorm;
import org.fluxion.nn.Linear;
import org.fluxion.nn.Mlp;
import org.fluxion.nn.MultiHeadAttention;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Parametric;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;

/**
 * A transformer block whose norms are shifted and scaled, and whose branches are gated, by a linear
 * function of the condition that starts at zero (adaLN-zero, Peebles and Xie, 2023).
 */
record TransformerBlock(int width, int heads, boolean queryKeyNorm, int mlpRatio)
    implements Parametric {
  static final double EPSILON = 1e-6;

  private static final int MODULATIONS = 6;

  private MultiHeadAttention attention() {
    MultiHeadAttention plain = new MultiHeadAttention(width, heads);
    return queryKeyNorm ? plain.normalised() : plain;
  }

  private Mlp mlp() {
    return new Mlp(width, mlpRatio * width, width, Activation.GELU_TANH);
  }

  @Override
  public Parameters initialise(RandomKey key) {
    return Parameters.builder()
        .add("attn", attention().initialise(key.fold(0)))
        .add("mlp", mlp().initialise(key.fold(1)))
        .add("adaLN_modulation.1.weight", Initialisers.zeros(MODULATIONS * width, width))
        .add("adaLN_modulation.1.bias", Initialisers.zeros(MODULATIONS * width))
        .build();
  }

  /** Tokens [batch, tokens, width] under a condition [batch, width], SiLU and all. */
  Tensor apply(Parameters parameters, Tensor tokens, Tensor condition) {
    List<Tensor> modulation =
        modulation(parameters.scope("adaLN_modulation.1"), condition, MODULATIONS);
    Tensor attended =
        attention()
            .apply(
                parameters.scope("attn"), modulate(tokens, modulation.get(0), modulation.get(1)));
    Tensor after = tokens.add(modulation.get(2).mul(attended));
    Tensor moved =
        mlp().apply(parameters.scope("mlp"), modulate(after, modulation.get(3), modulation.get(4)));
    return after.add(modulation.get(5).mul(moved));
  }

  /** Parts of a linear function of the condition, each [batch, 1, width]. */
  static List<Tensor> modulation(Parameters parameters, Tensor condition, int parts) {
    int batch = condition.shape().extent(0);
    int width = condition.shape().extent(1);
    return new Linear(width, parts * width)
        .apply(parameters, condition)
        .reshape(batch, parts, width)
        .split(parts, 1);
  }

  /** The norm of tokens, times 1 + scale, plus shift. */
  static Tensor modulate(Tensor tokens, Tensor shift, Tensor scale) {
    Tensor normalised =
        new LayerNorm(tokens.shape().extent(-1), false, EPSILON).apply(Parameters.empty(), tokens);
    return normalised.mul(scale.add(1)).add(shift);
  }
}
