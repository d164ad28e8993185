package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import org.fluxion.tensor.Op;
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
}
