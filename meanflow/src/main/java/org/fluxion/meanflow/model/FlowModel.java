package org.fluxion.meanflow.model;

import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * A flow model: the instantaneous velocity of an image on its way between data and noise.
 *
 * @param transformer the network
 * @param parameters its parameters
 */
public record FlowModel(DiffusionTransformer transformer, Parameters parameters)
    implements VelocityModel {
  @Override
  public Tensor velocity(Tensor x, Tensor t, Tensor labels) {
    return transformer.apply(parameters, x, t, t, labels);
  }
}
