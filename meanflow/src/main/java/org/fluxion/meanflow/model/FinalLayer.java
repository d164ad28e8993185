package org.fluxion.meanflow.model;

import java.util.List;
import org.fluxion.nn.Initialisers;
import org.fluxion.nn.Linear;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.Parametric;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;

/** From tokens to patches: a modulated norm and a linear layer, all zero at first. */
record FinalLayer(int width, int patchElements) implements Parametric {
  private static final int MODULATIONS = 2;

  @Override
  public Parameters initialise(RandomKey key) {
    return Parameters.builder()
        .add("linear.weight", Initialisers.zeros(patchElements, width))
        .add("linear.bias", Initialisers.zeros(patchElements))
        .add("adaLN_modulation.1.weight", Initialisers.zeros(MODULATIONS * width, width))
        .add("adaLN_modulation.1.bias", Initialisers.zeros(MODULATIONS * width))
        .build();
  }

  /**
   * Tokens [batch, tokens, width] under a condition [batch, width], as blocks take it, to [batch,
   * tokens, patch].
   */
  Tensor apply(Parameters parameters, Tensor tokens, Tensor condition) {
    List<Tensor> modulation =
        TransformerBlock.modulation(parameters.scope("adaLN_modulation.1"), condition, MODULATIONS);
    Tensor modulated = TransformerBlock.modulate(tokens, modulation.get(0), modulation.get(1));
    return new Linear(width, patchElements).apply(parameters.scope("linear"), modulated);
  }
}
