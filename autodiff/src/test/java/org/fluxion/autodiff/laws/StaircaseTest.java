package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Stairs that are finer than a difference's step look like a slope. Found by a random program (seed
 * 192449): the floor of a steep function.
 */
class StaircaseTest {
  /** Each of the smaller differences is within one stair, and the larger ones are exact. */
  private static final double STEEP = 0x1p14;

  private static Example of(UnaryOperator<Tensor> f) {
    double half = 0.5 / STEEP;
    return new FunctionExample(
        x -> List.of(f.apply(x.get(0))),
        List.of(Tensor.of(new double[] {half, 3 * half, 1 + half}, 3)));
  }

  @Test
  void stairsHaveNoSlope() {
    for (long seed = 0; seed < 10; seed++) {
      new Examination(of(x -> x.mul(STEEP).floor()), seed).check(Law.DIFFERENCES);
    }
  }

  /** But what is steep, and is differentiated wrongly, is found. */
  @Test
  void aSteepSlopeHasToBeRight() {
    CustomFunction wrong =
        CustomFunction.of("wrong", x -> x.mul(STEEP), (x, y, dx) -> dx.mul(STEEP + 1));
    Examination examination = new Examination(of(wrong::apply), 0);
    assertThrows(LawBroken.class, () -> examination.check(Law.DIFFERENCES));
  }
}
