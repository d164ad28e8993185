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
            tensors().edges(),
            tensors().wild(),
            tensors().between(0.1, 3).wild())) {
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
    Tensor edges = Tensor.of(new double[] {Double.MIN_VALUE, 3, -Double.MAX_VALUE, -1.5}, 4);
    assertTrue(tensors().edges().draws(edges));
    assertFalse(tensors().draws(edges));
    assertFalse(tensors().edges().draws(Tensor.of(new double[] {700}, 1)));
    Tensor wild = Tensor.of(new double[] {Double.NaN, Double.NEGATIVE_INFINITY}, 2);
    assertTrue(tensors().wild().draws(wild));
    assertFalse(tensors().edges().draws(wild));
  }

  /** Who says both cannot have meant both. */
  @Test
  void ofAShapeAndRanksOrExtentsTheLaterOneCounts() {
    Tensor matrix = Tensor.of(new double[6], 2, 3);
    Tensor row = Tensor.of(new double[5], 5);
    TensorGenerator exact = tensors().rank(1, 1).extents(5).shape(2, 3);
    assertTrue(exact.draws(matrix) && !exact.draws(row));
    // The ranks that were given before the shape are there again, and so are the extents.
    assertTrue(exact.extents(5).draws(row) && !exact.extents(5).draws(matrix));
    assertTrue(exact.rank(0, 2).draws(row) && exact.rank(0, 2).draws(matrix));
    assertFalse(exact.extents(4).draws(row));
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
