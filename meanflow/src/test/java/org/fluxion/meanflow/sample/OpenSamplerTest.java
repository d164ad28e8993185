package org.fluxion.meanflow.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.fluxion.meanflow.device.SmallCard;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowMap;
import org.fluxion.tensor.DType;
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

  @Test
  void samplingNeedsNoFloat64OnTheDevice() {
    Tensor labels = Tensor.tensor(0, 4, 5);
    for (Sampler sampler :
        List.of(SAMPLER.steps(2), SAMPLER.guidance(2), SAMPLER.steps(3).guidance(2, 0.5, 1))) {
      assertArrayEquals(
          sampler.sample(labels, RandomKey.of(3)).toFloatArray(),
          sampler.device(new SmallCard()).sample(labels, RandomKey.of(3)).toFloatArray());
    }
    FlowMap wide = new FlowMap(TRANSFORMER, SAMPLER.parameters().cast(DType.FLOAT64).detach());
    Sampler refused = Samplers.euler(wide).device(new SmallCard());
    assertThrows(TensorException.class, () -> refused.sample(labels, RandomKey.of(3)));
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
