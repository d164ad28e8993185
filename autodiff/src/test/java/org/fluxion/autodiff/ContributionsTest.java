package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ContributionsTest {
  private final Tensor x = Tensor.tensor(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);

  @Test
  void slicesThatCoverEverythingAreJoined() {
    Tensor gradient =
        grad(
            t -> {
              List<Tensor> parts = t.split(3, 0);
              return parts.get(2).mul(parts.get(0)).mul(parts.get(1)).sum();
            },
            x);
    assertArrayEquals(new double[] {15, 24, 5, 12, 3, 8}, gradient.toDoubleArray());
    assertInstanceOf(Op.Concat.class, gradient.op());
  }

  @Test
  void whatIsNotUsedIsZero() {
    Tensor gap = grad(t -> t.slice(0, 0, 2).square().sum().add(t.slice(0, 3, 5).sum()), x);
    assertArrayEquals(new double[] {2, 4, 0, 1, 1, 0}, gap.toDoubleArray());
    assertInstanceOf(Op.Concat.class, gap.op());
  }

  @Test
  void overlapsAreAdded() {
    Tensor overlap = grad(t -> t.slice(0, 0, 4).square().sum().add(t.slice(0, 3, 6).sum()), x);
    assertArrayEquals(new double[] {2, 4, 6, 9, 1, 1}, overlap.toDoubleArray());
    Tensor whole = grad(t -> t.slice(0, 0, 4).sum().add(t.slice(0, 4, 6).sum()).add(t.sum()), x);
    assertArrayEquals(new double[] {2, 2, 2, 2, 2, 2}, whole.toDoubleArray());
  }

  /** Contributions that are exact in the stored dtype, so that their sum is rounded once. */
  @Test
  void whatOnlyStoresValuesIsAddedUpInFloat32() {
    Map<String, UnaryOperator<Tensor>> uses = new LinkedHashMap<>();
    uses.put("twice", w -> wide(w).square().sum().add(wide(w).mul(0.5).sum()));
    // Each sum of neighbours in the dtype's own precision would lose the ones.
    for (double large : new double[] {256, 2048}) {
      uses.put(
          "a large one and small ones, " + large,
          w -> wide(w).sum().add(wide(w).mul(large).sum()).add(wide(w).sum()));
    }
    uses.put(
        "moved twice",
        w -> wide(w.transpose()).square().mul(0.25).sum().add(wide(w.flip(0)).square().sum()));
    uses.put(
        "slices that overlap",
        w -> wide(w.slice(0, 0, 2)).square().sum().add(wide(w.slice(0, 1, 3)).square().sum()));
    uses.put(
        "slices", w -> wide(w.slice(0, 0, 2)).square().sum().add(wide(w.slice(0, 2, 3)).sum()));
    uses.put("broadcast", w -> wide(w.broadcastTo(Shape.of(4, 3, 2))).square().sum());
    uses.put("taken", w -> wide(w.take(Tensor.tensor(2, 0, 2))).square().sum());
    uses.put(
        "unfolded",
        w ->
            wide(Tensor.apply(
                    new Op.Unfold(new Op.Window(2, 2, 1, 1)), List.of(w.reshape(1, 1, 3, 2))))
                .square()
                .sum());
    for (DType stored : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      Tensor parameter = Tensor.tensor(0.25f, -1.5f, 2f, 0.75f, -3f, 1f).reshape(3, 2);
      uses.forEach(
          (name, loss) -> {
            Tensor gradient = grad(loss, parameter.cast(stored));
            assertEquals(stored, gradient.dtype(), name);
            assertArrayEquals(
                grad(loss, parameter).cast(stored).toDoubleArray(), gradient.toDoubleArray(), name);
          });
    }
  }

  private static Tensor wide(Tensor stored) {
    return stored.cast(DType.FLOAT32);
  }
}
