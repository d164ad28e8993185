package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.tensor.Losses.crossEntropy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Where a function has no derivative, both modes take the same, finite, documented one. */
class KinkTest {
  private static void derivative(UnaryOperator<Tensor> f, double[] at, double... expected) {
    Tensor x = Tensor.tensor(at);
    // A tolerance of this size makes both zeros equal, and nothing else.
    assertArrayEquals(
        expected, grad(a -> f.apply(a).sum()).apply(x).toDoubleArray(), Double.MIN_VALUE);
    double[] forward = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      double[] unit = new double[at.length];
      unit[i] = 1;
      forward[i] = jvp(f, x, Tensor.tensor(unit)).tangent().sum().item();
    }
    assertArrayEquals(expected, forward, Double.MIN_VALUE);
  }

  @Test
  void tiesShareTheDerivative() {
    derivative(x -> x.max(), new double[] {3, 1, 3, 3}, 1 / 3.0, 0, 1 / 3.0, 1 / 3.0);
    derivative(
        x -> Tensor.apply(new Op.ReduceMax(List.of()), List.of(x)), new double[] {3, 1}, 1, 1);
    derivative(x -> x.min(), new double[] {3, 1, 1}, 0, 0.5, 0.5);
    derivative(x -> x.maximum(Tensor.tensor(1.0, 2, 3)), new double[] {0, 2, 4}, 0, 0.5, 1);
    derivative(x -> x.minimum(x), new double[] {2}, 1);
    derivative(x -> x.clip(0, 1), new double[] {-1, 0, 0.5, 1, 2}, 0, 0.5, 1, 0.5, 0);
  }

  @Test
  void cornersAndStepsAreFlat() {
    derivative(Tensor::abs, new double[] {-2, 0, 3}, -1, 0, 1);
    derivative(Tensor::sign, new double[] {-2, 0, 3}, 0, 0, 0);
    derivative(Tensor::floor, new double[] {-2, 0.5, 3}, 0, 0, 0);
    derivative(x -> x.norm(), new double[] {0, 0}, 0, 0);
  }

  @Test
  void powersOfZeroAreClean() {
    derivative(x -> x.pow(2), new double[] {0, -3}, 0, -6);
    derivative(x -> x.pow(1), new double[] {0, -3}, 1, 1);
    derivative(x -> x.pow(0), new double[] {0, -3}, 0, 0);
    derivative(x -> x.zerosLike().pow(x), new double[] {2, 0.5}, 0, 0);
  }

  @Test
  void theBranchNotTakenIsCleanForwardAndGuardedBackward() {
    Tensor x = Tensor.tensor(0.0, 2);
    Tensor zero = Tensor.scalar(0, DType.FLOAT64);
    Tensor one = Tensor.scalar(1, DType.FLOAT64);
    UnaryOperator<Tensor> bare = a -> Tensor.where(zero.less(a), a.log(), zero);
    UnaryOperator<Tensor> guarded =
        a -> Tensor.where(zero.less(a), Tensor.where(zero.less(a), a, one).log(), zero);
    assertArrayEquals(
        new double[] {0, 0.5}, jvp(bare, x, x.onesLike()).tangent().toDoubleArray(), 0);
    derivative(guarded, new double[] {0, 2}, 0, 0.5);
    assertTrue(Double.isNaN(grad(a -> bare.apply(a).sum()).apply(x).toDoubleArray()[0]));
  }

  @Test
  void aLabelThatOnlyARunKnowsToBeOutsideAddsNothing() {
    Tensor logits = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3);
    for (int label : new int[] {-1, 3}) {
      // A sum that nobody asked for is not known when the graph is built.
      Tensor labels = Tensor.tensor(1, label - 1).add(Tensor.tensor(0, 1));
      Tensor slope = grad(x -> crossEntropy(x, labels)).apply(logits);
      Tensor first = grad(x -> crossEntropy(x.slice(0, 0, 1), Tensor.tensor(1))).apply(logits);
      assertTrue(slope.allClose(first.mul(0.5), 0, 1e-15), slope::toString);
    }
  }

  @Test
  void whatIsReadInsideAFunctionIsAConstant() {
    Tensor x = Tensor.tensor(2.0);
    derivative(a -> a.mul(a.item()), new double[] {3}, 3);
    derivative(a -> a.mul(Tensor.tensor(a.toDoubleArray())), new double[] {3}, 3);
    derivative(a -> a.mul(a.detach()), new double[] {3}, 3);
    derivative(a -> a.mul(x), new double[] {3}, 2);
  }

  @Test
  void sortingKeepsTheOrderOfTies() {
    Tensor weights = Tensor.tensor(1.0, 2, 3);
    derivative(x -> x.sort(0).mul(weights), new double[] {5, 5, 1}, 2, 3, 1);
    derivative(x -> x.topK(1, 0).values(), new double[] {5, 5, 1}, 1, 0, 0);
  }
}
