package org.fluxion.meanflow.loss;

import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/** A loss of a network on a batch of images; everything random is given. */
public interface TrainingLoss {
  /**
   * The losses of a batch.
   *
   * @param parameters the network's parameters
   * @param images data [batch, channels, size, size]
   * @param labels integer classes [batch]
   * @param draws everything random
   * @return the losses, differentiable in the parameters
   */
  Losses apply(Parameters parameters, Tensor images, Tensor labels, Draws draws);
}
