package org.fluxion.meanflow.model;

import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Tensor;

/**
 * What a loss asks of the network that it trains, apart from its parameters. The diffusion
 * transformer is one; a velocity that is known in closed form is another, for which a loss's value
 * and gradient are known as well.
 */
public interface FlowNetwork {
  /**
   * The number of classes.
   *
   * @return the label that means "no class", one more than the last class
   */
  int classes();

  /**
   * The average velocity from t to r; with r = t the velocity at t.
   *
   * @param parameters the network's parameters
   * @param x images [batch, channels, size, size]
   * @param t where the images are, [batch]
   * @param r where they are going, [batch]
   * @param labels integers [batch] from 0 to {@code classes}
   * @return floats of the images' shape
   */
  Tensor apply(Parameters parameters, Tensor x, Tensor t, Tensor r, Tensor labels);

  /**
   * The logarithm of the variance that the loss expects at a pair of times.
   *
   * @param parameters the network's parameters
   * @param t where the images are, [batch]
   * @param r where they are going, [batch]
   * @return floats [batch]
   */
  Tensor logVariance(Parameters parameters, Tensor t, Tensor r);
}
