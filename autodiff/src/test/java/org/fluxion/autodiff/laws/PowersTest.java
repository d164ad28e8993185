package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What has no derivative by an exponent is nobody's fault, and nothing else is excused by it. */
class PowersTest {
  private static Tensor of(double... numbers) {
    return Tensor.of(numbers, numbers.length).detach();
  }

  /** Each was found by a long run, as a program of several operations and of one. */
  @Test
  void theyBreakNoLaw() {
    UnaryOperator<Tensor> signs = x -> Tensor.concat(0, x, x.sign());
    LawReport negative =
        Laws.of(x -> signs.apply(x).pow(signs.apply(x))).at(of(-1, 2)).tries(5).check();
    // Two differences of each, of four: the sign's power would be excused of one operation alone.
    assertEquals(5 * 2 * 2, negative.excused().get(Law.DIFFERENCES));
    assertEquals(5 * 2 * 2, negative.certified().get(Law.DIFFERENCES));
    LawReport zero =
        Laws.ofMany(x -> List.of(x.get(0).pow(x.get(1))))
            .at(of(0, 0, 2), of(0, 1, 2))
            .tries(5)
            .check();
    assertEquals(5, zero.excused().get(Law.SYMMETRY));
    assertTrue(zero.certified().get(Law.DIFFERENCES) > 0, zero::toString);
  }

  /** A rule for the square of what may be negative: its exponent does not vary. */
  @Test
  void whatIsLostWithAFixedExponentIsFound() {
    CustomFunction lost =
        CustomFunction.of("square", x -> x.pow(2), (x, y, dx) -> dx.mul(x.log().exp().mul(2)));
    UnaryOperator<Tensor> f = x -> lost.apply(x).add(x.pow(3));
    assertThrows(LawBroken.class, () -> Laws.of(f).at(of(-1, 2)).check());
  }

  /** Of zero the first derivative has to be right. */
  @Test
  void whatIsWrongInFirstOrderIsFound() {
    CustomFunction wrong = CustomFunction.of("twice", x -> x.mul(2), (x, y, dx) -> dx.mul(3));
    Laws laws = Laws.ofMany(x -> List.of(wrong.apply(x.get(0)).add(x.get(0).pow(x.get(1)))));
    assertThrows(LawBroken.class, () -> laws.at(of(0, 3), of(1, 2)).check());
  }

  /** Where no base is zero the second has to be right too. */
  @Test
  void whatIsWrongInSecondOrderIsFound() {
    CustomFunction wrong =
        CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(stopGradient(x).mul(2)));
    UnaryOperator<Tensor> f = x -> wrong.apply(x).add(x.pow(x));
    assertThrows(LawBroken.class, () -> Laws.of(f).at(of(2)).check());
  }
}
