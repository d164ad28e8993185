package org.fluxion.opencl;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.plan.Kernel;

/**
 * Products that are only added to something, or summed over a row: one fused multiply-add makes
 * both, with one rounding less. Elementwise kernels of processors are as slow as their operations
 * are many. Of two products neither is fused: x·y − y·x would not be zero, nor would the root of
 * x·x − y·y always be a number. In float64 nothing is fused: there each operation has the bits that
 * it has in the reference.
 *
 * <p>Where a fused multiply-add is no instruction nothing is fused: each operation has its own
 * rounding, which bounds of errors allow for as well.
 *
 * <p>It hangs on the kernel's structure alone, so that elements come out the same in a vector, in
 * the rest of a row, and in each walk that computes them again.
 */
final class FusedProducts {
  private final LoopSource loops;
  private final KeptValues kept;
  private final int[] readers;

  /**
   * Of a kernel.
   *
   * @param loops the kernel
   * @param kept values that are in memory: they are no part of another
   */
  FusedProducts(LoopSource loops, KeptValues kept) {
    this.loops = loops;
    this.kept = kept;
    this.readers = new int[loops.body.size()];
    for (Kernel.Instruction instruction : loops.body) {
      switch (instruction) {
        case Kernel.Compute compute -> compute.operands().forEach(v -> readers[v]++);
        case Kernel.RowReduce reduce -> readers[reduce.operand()]++;
        case Kernel.ColumnReduce reduce -> readers[reduce.operand()]++;
        case Kernel.Load _, Kernel.Index _, Kernel.Literal _ -> {}
      }
    }
    loops.kernel.stores().forEach(store -> readers[store.value()]++);
  }

  /**
   * A sum or a difference with a product, as it is to be computed.
   *
   * @param factor one of the product's factors
   * @param other the other one
   * @param isFactorNegated whether the product is subtracted
   * @param addend what is added
   * @param isAddendNegated whether that is subtracted
   */
  record Fused(
      int factor, int other, boolean isFactorNegated, int addend, boolean isAddendNegated) {}

  /** How a value is computed, if it is one that has such a product. */
  Optional<Fused> of(int v) {
    if (!(loops.body.get(v) instanceof Kernel.Compute compute)
        || !(compute.op() instanceof Op.Add || compute.op() instanceof Op.Sub)
        || compute.dtype() != DType.FLOAT32
        || !loops.family.fuses()) {
      return Optional.empty();
    }
    boolean subtracts = compute.op() instanceof Op.Sub;
    int a = compute.operands().get(0);
    int b = compute.operands().get(1);
    if (isRounded(a) && isRounded(b)) {
      return Optional.empty();
    }
    if (isProduct(a)) {
      return Optional.of(fused(a, false, b, subtracts));
    }
    return isProduct(b) ? Optional.of(fused(b, subtracts, a, false)) : Optional.empty();
  }

  /** Whether a value is a product, or one with the other sign. */
  private boolean isRounded(int v) {
    return loops.body.get(v) instanceof Kernel.Compute compute
        && (compute.op() instanceof Op.Mul
            || compute.op() instanceof Op.Neg && isRounded(compute.operands().get(0)));
  }

  private Fused fused(int product, boolean isNegated, int addend, boolean isAddendNegated) {
    Kernel.Compute compute = (Kernel.Compute) loops.body.get(product);
    return new Fused(
        compute.operands().get(0), compute.operands().get(1), isNegated, addend, isAddendNegated);
  }

  /** The factors of a value that is folded into a sum, if it is such a product. */
  Optional<List<Integer>> factors(Kernel.RowReduce reduce) {
    return loops.family.fuses()
            && !reduce.maximum()
            && reduce.dtype() == DType.FLOAT32
            && isProduct(reduce.operand())
        ? Optional.of(((Kernel.Compute) loops.body.get(reduce.operand())).operands())
        : Optional.empty();
  }

  /** Whether a value is a product of each element, of no use but to be added to something. */
  private boolean isProduct(int v) {
    return loops.body.get(v) instanceof Kernel.Compute compute
        && compute.op() instanceof Op.Mul
        && readers[v] == 1
        && loops.depth[v] == loops.lastLoop
        && !kept.isKept(v);
  }
}
