package org.fluxion.meanflow.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

class OpenSamplerTest {
  private static final DiffusionTransformer TRANSFORMER =
      new DiffusionTransformer(4, 2, 1, 8, 2, 2, 5, 1, false);
  private static final Sampler SAMPLER =
      Samplers.euler(new FlowMap(TRANSFORMER, TRANSFORMER.initialise(RandomKey.of(1))));

  @Test
  void labelsAreClassesOrNoClass() {
    assertEquals(
        TRANSFORMER.images(3), SAMPLER.sample(Tensor.tensor(0, 4, 5), RandomKey.of(0)).shape());
    assertEquals(
        "sample: expected labels from 0 to 4, or 5 for no class, got 6 at index 1",
        messageOf(Tensor.tensor(5, 6)));
    assertEquals(
        "sample: expected labels from 0 to 4, or 5 for no class, got -1 at index 0",
        messageOf(Tensor.tensor(-1, 9)));
    assertEquals(
        "sample: expected integer labels [n], got float32 [1]", messageOf(Tensor.tensor(1f)));
  }

  private static String messageOf(Tensor labels) {
    return assertThrows(TensorException.class, () -> SAMPLER.sample(labels, RandomKey.of(0)))
        .getMessage();
  }

  @Test
  void guidanceIsBetweenTimesInOrder() {
    for (double[] interval : new double[][] {{-0.1, 1}, {0.6, 0.5}, {0, 1.1}, {Double.NaN, 1}}) {
      assertThrows(
          IllegalArgumentException.class, () -> SAMPLER.guidance(2, interval[0], interval[1]));
    }
  }
}
