package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a generator draws, and what counterexamples are made of. */
class TensorGeneratorTest {
  @ParameterizedTest
  @EnumSource(DType.class)
  void whatIsDrawnIsWhatMayBeDrawn(DType dtype) {
    for (TensorGenerator generator :
        List.of(
            tensors(),
            tensors().rank(2, 5).extents(3),
            tensors().shape(2, 0, 3),
            tensors().between(0.1, 3),
            tensors().edges())) {
      TensorGenerator each = generator.dtype(dtype);
      for (long seed = 0; seed < 40; seed++) {
        Tensor drawn = each.draw(Seeds.spread(seed));
        assertTrue(each.draws(drawn), drawn.toString());
      }
    }
  }

  @Test
  void whatIsOtherwiseIsNot() {
    Tensor x = Tensor.of(new double[] {1, 3}, 2);
    assertTrue(tensors().between(1, 3).draws(x));
    Stream.of(
            tensors(),
            tensors().between(1, 3).dtype(DType.FLOAT32),
            tensors().between(1, 3).shape(1, 2),
            tensors().between(1, 3).rank(0, 0),
            tensors().between(1, 3).rank(2, 3),
            tensors().between(1, 3).extents(1),
            tensors().between(1, 3).between(Math.nextUp(1.0), 3))
        .forEach(generator -> assertFalse(generator.draws(x)));
    assertFalse(tensors().draws(Tensor.of(new double[] {Double.NaN}, 1)));
    assertTrue(tensors().edges().draws(Tensor.of(new double[] {1e-300, 700, -2}, 3)));
    assertFalse(tensors().draws(Tensor.of(new double[] {700}, 1)));
  }

  /** Elsewhere the rule may be wrong, or have none; that is not what was asked. */
  @Test
  void aCounterexampleHasElementsThatAreDrawn() {
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    LawBroken broken =
        assertThrows(
            LawBroken.class,
            () -> Laws.of(square).over(tensors().shape(4).between(1.25, 3)).check());
    Tensor smallest = broken.smallest().values().get(0);
    assertEquals(1, smallest.shape().elements(), smallest.toString());
    double element = smallest.toDoubleArray()[0];
    assertTrue(element == 2 || element == 3, smallest.toString());
  }
}
