package org.fluxion.tensor.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Products are written where they are wanted; what they compute is a law of {@code CpuTest}. */
class PlacementTest {
  private final Tensor a = Tensor.input("a", Shape.of(2, 3, 4, 5), DType.FLOAT32);
  private final Tensor b = Tensor.input("b", Shape.of(2, 3, 5, 8), DType.FLOAT32);

  private List<Kernel> kernels(Tensor output) {
    return Plan.of(new Graph(List.of(a, b), List.of(output)), new int[] {-1}).kernels();
  }

  @Test
  void headsAreJoinedWithoutACopy() {
    List<Kernel> kernels = kernels(a.matmul(b).permute(0, 2, 1, 3).reshape(2, 4, 24));
    assertEquals(1, kernels.size(), kernels::toString);
  }

  @Test
  void productsSideBySideAreWrittenInPlace() {
    Tensor first = a.matmul(b);
    Tensor second = a.mul(2).matmul(b);
    List<Kernel> kernels =
        kernels(Tensor.stack(first, second).permute(1, 3, 0, 2, 4).reshape(2, 4, 48));
    assertEquals(3, kernels.size(), kernels::toString);
    assertEquals(2, kernels.stream().filter(Kernel.MatmulKernel.class::isInstance).count());
  }

  @Test
  void aProductWithAnotherReaderStaysWhereItIs() {
    Tensor product = a.matmul(b);
    List<Kernel> kernels =
        kernels(product.permute(0, 2, 1, 3).add(product.permute(0, 2, 1, 3).mul(product.sum())));
    assertTrue(kernels.size() > 1);
  }

  @Test
  void aTransposedProductIsTheProductOfTransposes() {
    assertEquals(1, kernels(a.matmul(b).transpose()).size());
  }
}
