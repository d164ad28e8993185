package org.fluxion.nn;

import org.fluxion.tensor.Tensor;

/**
 * A function of one tensor and of parameters: {@code fc1.apply(parameters.scope("fc1"), x)}. A
 * layer holds configuration only and is immutable.
 */
public interface Layer extends Parametric {
  /**
   * The layer's output.
   *
   * @param parameters its parameters, under its own names
   * @param x its input, of the parameters' dtype
   * @return the output
   */
  Tensor apply(Parameters parameters, Tensor x);
}
