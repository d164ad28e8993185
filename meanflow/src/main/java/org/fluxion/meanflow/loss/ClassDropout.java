package org.fluxion.meanflow.loss;

import org.fluxion.tensor.Tensor;

/** Labels of which a share became "no class", so that the model learns to do without. */
record ClassDropout(Tensor dropped, Tensor labels) {
  static ClassDropout of(double rate, int noClass, Tensor labels, Draws draws) {
    Tensor dropped = draws.classDropout().less(Tensor.scalar(rate, draws.classDropout().dtype()));
    return new ClassDropout(
        dropped, Tensor.where(dropped, Tensor.scalar(noClass, labels.dtype()), labels));
  }
}
