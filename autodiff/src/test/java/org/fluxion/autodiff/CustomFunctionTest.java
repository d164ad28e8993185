package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graphs;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

class CustomFunctionTest {
  private static final CustomFunction SOFTPLUS =
      CustomFunction.of("softplus", x -> x.exp().log1p(), (x, y, dx) -> dx.mul(x.sigmoid()));

  private static final CustomFunction HYPOTENUSE =
      CustomFunction.ofMany(
          "hypotenuse",
          x -> x.get(0).square().add(x.get(1).square()).sqrt(),
          (x, y, dx) -> x.get(0).mul(dx.get(0)).add(x.get(1).mul(dx.get(1))).div(y));

  private static final Tensor X = Tensor.tensor(-1.5, 0.25, 2);

  @Property(tries = 50)
  void aCustomFunctionIsItsPlainForm(@ForAll @DoubleRange(min = -20, max = 20) double at) {
    Tensor x = Tensor.scalar(at, DType.FLOAT64);
    assertEquals(Math.log1p(Math.exp(at)), SOFTPLUS.apply(x).item(), 1e-14);
    double sigmoid = 1 / (1 + Math.exp(-at));
    assertEquals(sigmoid, jvp(SOFTPLUS, x, x.onesLike()).tangent().item(), 1e-14);
    assertEquals(sigmoid, grad(SOFTPLUS).apply(x).item(), 1e-14);
    assertEquals(sigmoid * (1 - sigmoid), grad(grad(SOFTPLUS)).apply(x).item(), 1e-14);
    DerivativeChecker.check(SOFTPLUS, x).orThrow();
    DerivativeChecker.check(SOFTPLUS::apply, x).orThrow();
  }

  @Test
  void severalOperands() {
    DerivativeChecker.check((Tensor x) -> HYPOTENUSE.applyAll(x, x.exp()), X).orThrow();
    DerivativeChecker.check(grad(x -> HYPOTENUSE.applyAll(X, x).sum()), X).orThrow();
    Tensor labels = Tensor.tensor(0, 2, 1);
    CustomFunction pick =
        CustomFunction.ofMany(
            "pick", x -> x.get(0).take(x.get(1)), (x, y, dx) -> dx.get(0).take(x.get(1)));
    DerivativeChecker.check((Tensor x) -> pick.applyAll(x.square(), labels), X).orThrow();
  }

  @Test
  void itsNameIsInTheGraph() {
    assertTrue(Graphs.text(SOFTPLUS, X).contains("%1 = softplus(x) : float64[3]"));
  }

  private static final class Exponential {
    private static final CustomFunction EXP =
        CustomFunction.of("exponential", Tensor::exp, (x, y, dx) -> dx.mul(again(x)));

    private static Tensor again(Tensor x) {
      return EXP.apply(x);
    }
  }

  @Test
  void aRuleMayUseItsOwnFunction() {
    DerivativeChecker.check(grad(x -> Exponential.EXP.apply(x.sin()).sum()), X).orThrow();
  }

  private static String refused(CustomFunction.Rule rule) {
    CustomFunction f = CustomFunction.of("f", Tensor::sin, rule);
    String message = assertThrows(TensorException.class, () -> f.apply(X)).getMessage();
    // Not only the first time.
    assertThrows(TensorException.class, () -> f.apply(X));
    return message;
  }

  @Test
  void aRuleMustBeLinear() {
    assertTrue(refused((x, y, dx) -> dx.square()).contains("'f': the rule is not linear"));
    assertTrue(refused((x, y, dx) -> dx.exp()).contains("exp is not linear"));
    assertTrue(refused((x, y, dx) -> dx.sort(0)).contains("is not linear"));
    assertTrue(refused((x, y, dx) -> dx.mul(x).add(1)).contains("add puts a constant"));
    assertTrue(refused((x, y, dx) -> x.sub(dx)).contains("sub puts a constant"));
    assertTrue(refused((x, y, dx) -> x.div(dx)).contains("not linear"));
    assertTrue(refused((x, y, dx) -> x.cos()).contains("does not depend"));
    assertTrue(
        refused((x, y, dx) -> Tensor.where(x.less(y), dx, x)).contains("select puts a constant"));
    assertTrue(
        refused((x, y, dx) -> Tensor.where(dx.less(x), dx, dx.zerosLike())).contains("not linear"));
    assertTrue(refused((x, y, dx) -> dx.sum()).contains("the result is float64 [3]"));
  }

  @Test
  void linearRulesOfManyFormsPass() {
    for (CustomFunction.Rule rule :
        java.util.List.<CustomFunction.Rule>of(
            (x, y, dx) -> dx.zerosLike(),
            (x, y, dx) -> dx.add(0).sub(dx.mul(2)).div(y.exp()),
            (x, y, dx) -> Tensor.where(x.less(y), dx, dx.zerosLike()),
            (x, y, dx) -> Tensor.concat(0, dx.slice(0, 0, 2), Tensor.tensor(0.0)),
            (x, y, dx) -> dx.sumKeep(0).broadcastTo(Shape.of(3)).cumulativeSum(0))) {
      Tensor result = CustomFunction.of("f", Tensor::sin, rule).apply(X);
      assertFalse(result.toString().isEmpty());
    }
  }
}
