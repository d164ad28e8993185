package org.fluxion.meanflow.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.io.Load;
import org.fluxion.nn.io.Safetensors;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffusionTransformerTest {
  private static final DiffusionTransformer TRANSFORMER =
      new DiffusionTransformer(4, 2, 1, 8, 2, 2, 5, 1, false);

  @TempDir Path folder;

  /** Weights that are all random, so that positions tell. */
  private static Parameters weights() {
    Parameters.Builder weights = Parameters.builder();
    RandomKey key = RandomKey.of(2);
    for (String name : TRANSFORMER.initialise(key).names()) {
      Shape shape = TRANSFORMER.initialise(key).get(name).shape();
      weights.add(
          name,
          key.fold(name.hashCode() & Integer.MAX_VALUE).normal(shape, DType.FLOAT32).mul(0.3));
    }
    return weights.build().detach();
  }

  private static float[] velocity(Parameters parameters) {
    Tensor x = RandomKey.of(4).normal(TRANSFORMER.images(2), DType.FLOAT32);
    Tensor t = Tensor.tensor(0.3f, 0.8f);
    return TRANSFORMER.apply(parameters, x, t, t, Tensor.tensor(1, 5)).toFloatArray();
  }

  private Parameters loaded(Parameters stored, Load load) throws IOException {
    Path file = folder.resolve("weights.safetensors");
    Safetensors.write(file, stored, Map.of());
    try (Safetensors opened = Safetensors.open(file)) {
      return TRANSFORMER.load(opened, load);
    }
  }

  @Test
  void storedPositionsAreReadAndUsed() throws IOException {
    Tensor positions = RandomKey.of(9).normal(Shape.of(1, 4, 8), DType.FLOAT32).detach();
    Parameters stored = weights().with("pos_embed", positions);
    for (Load load :
        new Load[] {Load.strict(), Load.lenient(), Load.strict().cast(DType.FLOAT32)}) {
      Parameters read = loaded(stored, load);
      assertEquals(stored.names(), read.names());
      assertArrayEquals(velocity(stored), velocity(read));
      assertFalse(java.util.Arrays.equals(velocity(weights()), velocity(read)));
    }
    Parameters.Builder prefixed = Parameters.builder();
    stored.asMap().forEach((name, tensor) -> prefixed.add("ema." + name, tensor));
    assertEquals(stored.names(), loaded(prefixed.build(), Load.strict().prefix("ema.")).names());
    // Half precision is positions' dtype like any other's.
    assertEquals(
        DType.FLOAT32,
        loaded(stored.cast(DType.FLOAT16).detach(), Load.strict().cast(DType.FLOAT32))
            .get("pos_embed")
            .dtype());
  }

  @Test
  void withoutStoredPositionsTheyAreComputed() throws IOException {
    Parameters read = loaded(weights(), Load.strict());
    assertEquals(weights().names(), read.names());
    assertArrayEquals(velocity(weights()), velocity(read));
  }

  @Test
  void whatElseIsTooMuchOrOfAnotherShapeIsRefused() {
    String shape =
        assertThrows(
                IOException.class,
                () -> loaded(weights().with("pos_embed", Tensor.zeros(1, 5, 8)), Load.lenient()))
            .getMessage();
    assertTrue(shape.contains("pos_embed (expected [1, 4, 8], stored [1, 5, 8])"), shape);
    String more =
        assertThrows(
                IOException.class,
                () -> loaded(weights().with("extra", Tensor.zeros(1)), Load.strict()))
            .getMessage();
    assertTrue(more.contains("unexpected in the file (1") && more.contains("extra"), more);
  }

  @Test
  void publishedSizesHaveThePublishedNumbersOfWeights() {
    // Of DiT's S/2, B/2, L/2 and XL/2, with an output of 4 channels: 33, 130, 458 and 675 million.
    long[] millions = {33, 130, 458, 675};
    for (TransformerSize size : TransformerSize.values()) {
      DiffusionTransformer transformer = DiffusionTransformer.of(size, 32, 2, 4, 1000);
      long count = transformer.initialise(RandomKey.of(0)).count();
      assertEquals(millions[size.ordinal()], Math.round(count / 1e6), 1, size.toString());
    }
    assertEquals(
        20,
        TransformerSize.EXTRA_LARGE.depth() - TransformerSize.EXTRA_LARGE.decoderDepth(),
        "XL/2 has 20 blocks that see t");
  }
}
