package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;

/** Products as a planner makes them. */
final class Products {
  private Products() {}

  /** A plan of one product, whose operands may be stored transposed. */
  static Plan plan(int m, int n, int k, int batch, boolean ta, boolean tb) {
    Tensor a = Tensor.input("a", ta ? Shape.of(batch, k, m) : Shape.of(batch, m, k), DType.FLOAT32);
    Tensor b = Tensor.input("b", tb ? Shape.of(batch, n, k) : Shape.of(batch, k, n), DType.FLOAT32);
    Tensor product = (ta ? a.transpose() : a).matmul(tb ? b.transpose() : b);
    return Plan.of(new Graph(List.of(a, b), List.of(product)), new int[] {-1});
  }

  /** The product of such a plan. */
  static Kernel.MatmulKernel of(int m, int n, int k, int batch, boolean ta, boolean tb) {
    return plan(m, n, k, batch, ta, tb).kernels().stream()
        .filter(Kernel.MatmulKernel.class::isInstance)
        .map(Kernel.MatmulKernel.class::cast)
        .findFirst()
        .orElseThrow();
  }
}
