package org.fluxion.meanflow.model;

import org.fluxion.tensor.Tensor;

/** An instantaneous velocity that needs no parameters from outside, such as a frozen teacher's. */
@FunctionalInterface
public interface VelocityModel {
  /**
   * The velocity.
   *
   * @param x images [batch, channels, size, size]
   * @param t times [batch]
   * @param labels classes [batch]
   * @return floats of the images' shape
   */
  Tensor velocity(Tensor x, Tensor t, Tensor labels);
}
