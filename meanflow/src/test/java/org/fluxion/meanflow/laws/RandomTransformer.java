package org.fluxion.meanflow.laws;

import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * A small transformer with random weights in float64: fresh ones are zero where it would matter.
 *
 * @param transformer the network
 * @param parameters its weights
 * @param key of what else is random
 */
record RandomTransformer(DiffusionTransformer transformer, Parameters parameters, RandomKey key) {
  static final int DEPTH = 3;
  static final int CLASSES = 5;
  static final int BATCH = 2;

  static RandomTransformer of(long seed, int decoderDepth, boolean queryKeyNorm) {
    DiffusionTransformer transformer =
        new DiffusionTransformer(4, 2, 1, 8, DEPTH, 2, CLASSES, decoderDepth, queryKeyNorm, 2);
    RandomKey key = RandomKey.of(seed);
    Parameters.Builder weights = Parameters.builder();
    Parameters fresh = transformer.initialise(key);
    for (int i = 0; i < fresh.size(); i++) {
      String name = fresh.names().get(i);
      weights.add(name, key.fold(100 + i).normal(fresh.get(name).shape(), DType.FLOAT64).mul(0.3));
    }
    return new RandomTransformer(transformer, weights.build().detach(), key);
  }

  Tensor noise(int number) {
    return key.fold(number).normal(transformer.images(BATCH), DType.FLOAT64).detach();
  }

  /** Times, the same numbers again each time that it is asked. */
  Tensor times(int number) {
    return key.fold(10 + number).uniform(Shape.of(BATCH), DType.FLOAT64).detach();
  }
}
