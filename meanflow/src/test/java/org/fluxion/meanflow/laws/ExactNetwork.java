package org.fluxion.meanflow.laws;

import org.fluxion.meanflow.model.FlowNetwork;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A network that has learned the {@link GaussianFlow} of each class: its parameters are the means,
 * [classes + 1], and the spread, a scalar. It is certain of its errors, log-variance 0.
 */
record ExactNetwork(int classes) implements FlowNetwork {
  static final String MEAN = "mean";
  static final String SPREAD = "spread";

  /** The flow of labels' classes, beside images. */
  static GaussianFlow flow(Parameters parameters, Tensor labels) {
    Tensor means = parameters.get(MEAN).take(labels);
    return new GaussianFlow(perImage(means), parameters.get(SPREAD));
  }

  /** Numbers [batch] beside images. */
  static Tensor perImage(Tensor numbers) {
    return numbers.reshape(Shape.of(numbers.shape().extent(0), 1, 1, 1));
  }

  @Override
  public Tensor apply(Parameters parameters, Tensor x, Tensor t, Tensor r, Tensor labels) {
    return flow(parameters, labels).averageVelocity(x, perImage(t), perImage(r));
  }

  @Override
  public Tensor logVariance(Parameters parameters, Tensor t, Tensor r) {
    return t.zerosLike();
  }
}
