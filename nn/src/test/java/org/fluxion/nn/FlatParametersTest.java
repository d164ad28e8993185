package org.fluxion.nn;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

class FlatParametersTest {
  private static final Mlp MODEL = new Mlp(3, 5);
  private static final Tensor X = Tensor.of(new float[] {1, -2, 0.5f, 3, 1, -1}, 2, 3);

  private final Parameters named = MODEL.initialise(RandomKey.of(3));
  private final FlatParameters layout = FlatParameters.of(named);

  private static Tensor loss(Parameters parameters) {
    return MODEL.apply(parameters, X).square().mean();
  }

  @Test
  void namesGoThereAndBack() {
    Parameters flat = layout.flat(named);
    assertEquals(java.util.List.of("float32"), flat.names());
    assertEquals(Shape.of((int) named.count()), flat.get("float32").shape());
    for (Parameters back : java.util.List.of(layout.named(flat), layout.copied(flat))) {
      assertEquals(named.names(), back.names());
      named
          .asMap()
          .forEach(
              (name, tensor) -> {
                assertEquals(tensor.shape(), back.get(name).shape(), name);
                assertArrayEquals(tensor.toFloatArray(), back.get(name).toFloatArray(), name);
              });
    }
  }

  @Test
  void gradientsAndStepsAreTheSame() {
    Parameters gradient = grad(FlatParametersTest::loss, named);
    Parameters flatGradient = grad(p -> loss(layout.named(p)), layout.flat(named));
    assertArrayEquals(
        layout.flat(gradient).get("float32").toFloatArray(),
        flatGradient.get("float32").toFloatArray(),
        1e-6f);
    Tensor rate = Tensor.scalar(0.1, DType.FLOAT32);
    AdamW adam = new AdamW();
    Parameters moved = adam.update(gradient, adam.initialise(named), named, rate).parameters();
    Parameters flat = layout.flat(named);
    Parameters flatMoved =
        adam.update(layout.flat(gradient), adam.initialise(flat), flat, rate).parameters();
    assertArrayEquals(
        layout.flat(moved).get("float32").toFloatArray(), flatMoved.get("float32").toFloatArray());
  }

  @Test
  void eachDtypeHasItsOwnTensor() {
    Parameters mixed =
        Parameters.of(
            "a",
            Tensor.of(new double[] {1, 2}, 2),
            "b",
            Tensor.zeros(3),
            "c",
            Tensor.scalar(4, DType.FLOAT64));
    FlatParameters both = FlatParameters.of(mixed);
    Parameters flat = both.flat(mixed);
    assertArrayEquals(
        new double[] {1, 2}, both.copied(flat).get("a").toDoubleArray(), "by its own width");
    assertEquals(4, both.copied(flat).get("c").item());
    assertArrayEquals(new double[] {1, 2, 4}, flat.get("float64").toDoubleArray());
    assertEquals(Shape.of(3), flat.get("float32").shape());
  }

  @Test
  void anotherLayoutIsRefused() {
    Parameters longer = Parameters.of("float32", Tensor.zeros(7));
    TensorException e = assertThrows(TensorException.class, () -> layout.named(longer));
    assertTrue(e.getMessage().contains("[7]"), e.getMessage());
    assertThrows(TensorException.class, () -> layout.copied(longer));
  }
}
