package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
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

  @Property(tries = 50, seed = "1")
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

  /** The sum over rows, which forgets how many there were. */
  private static final CustomFunction TOTAL =
      CustomFunction.linear("total", x -> x.sumKeep(0), (x, c) -> c.broadcastTo(x));

  @Property(tries = 20, seed = "1")
  void aLinearFunctionIsItsOwnTangentAndItsRuleTheTranspose(
      @ForAll @DoubleRange(min = -9, max = 9) double at) {
    Tensor x = Tensor.of(new double[] {at, 1, -2, at * at, 3, 4}, 3, 2);
    Tensor v = x.flip(0).mul(2);
    Tensor c = Tensor.tensor(at, 5.0).reshape(1, 2);
    assertTrue(jvp(TOTAL, x, v).tangent().allClose(v.sumKeep(0), 0, 0));
    assertTrue(Autodiff.transpose(TOTAL, x).apply(c).allClose(c.broadcastTo(x.shape()), 0, 0));
    DerivativeChecker.check((Tensor a) -> TOTAL.apply(a.sin()).square(), x).orThrow();
    DerivativeChecker.check(grad(a -> TOTAL.apply(a.sin()).square().sum()), x).orThrow();
    DerivativeChecker.check(grad(a -> Autodiff.transpose(TOTAL, x).apply(a).square().sum()), c)
        .orThrow();
  }

  @Test
  void theRuleIsWhatRuns() {
    String tangent = Graphs.text((Tensor dx) -> jvp(TOTAL, dx.onesLike(), dx).tangent(), X);
    assertTrue(tangent.contains("total(x)"), tangent);
    // Twice the cotangent, in a way that no derived transpose would write.
    CustomFunction twice = CustomFunction.linear("twice", x -> x.mul(2), (x, c) -> c.add(c));
    String pulled = Graphs.text(Autodiff.transpose(twice, X)::apply, X);
    assertTrue(pulled.contains("add(x, x)"), pulled);
    CustomFunction outer = CustomFunction.of("outer", x -> x.mul(2), (x, y, dx) -> twice.apply(dx));
    assertEquals(6, grad(x -> outer.apply(x).sum()).apply(X).sum().item());
  }

  @Test
  void aLinearFunctionAndItsTransposeAreChecked() {
    assertTrue(
        refused(x -> x.add(1), (x, c) -> c).contains("the function is not linear in its op"));
    assertTrue(refused(x -> x.square(), (x, c) -> c).contains("mul of two operands"));
    assertTrue(
        refused(x -> x.mul(2), (x, c) -> c.sin()).contains("the transpose is not linear in"));
    assertTrue(
        refused(x -> x.sum(), (x, c) -> c)
            .contains("the operand is float64 [3], the transpose gives float64 []"));
    assertTrue(
        refused(x -> x.mul(2), (x, c) -> c).contains("'f': the transpose is none: ⟨f(x), c⟩"));
    assertTrue(refused(x -> x.cumulativeSum(0), (x, c) -> c.cumulativeSum(0)).contains("is none"));
    TensorException integers =
        assertThrows(TensorException.class, () -> TOTAL.apply(Tensor.tensor(1, 2)));
    assertTrue(integers.getMessage().contains("one floating point tensor, got [int32 [2]]"));
    assertThrows(TensorException.class, () -> TOTAL.applyAll(X, X));
  }

  private static String refused(UnaryOperator<Tensor> function, CustomFunction.TransposeRule rule) {
    CustomFunction f = CustomFunction.linear("f", function, rule);
    return assertThrows(TensorException.class, () -> f.apply(X)).getMessage();
  }

  /** x·w, where w is taken from outside. */
  private static CustomFunction scaledBy(Tensor w) {
    return CustomFunction.of("scaled", x -> x.mul(w), (x, y, dx) -> dx.mul(w));
  }

  private static void assertCaptures(Runnable transform) {
    String message = assertThrows(TensorException.class, transform::run).getMessage();
    assertTrue(message.startsWith("custom function 'scaled': it captures a tensor"), message);
  }

  @Test
  void aVariableThatIsCapturedIsAnErrorInEveryTransform() {
    assertCaptures(() -> jvp(w -> scaledBy(w).apply(X), X, X));
    assertCaptures(() -> grad(w -> scaledBy(w).apply(X).sum()).apply(X));
    // Through what depends on it, beside an operand that depends on it, or is it.
    assertCaptures(() -> grad(w -> scaledBy(w.sin()).apply(X).sum()).apply(X));
    assertCaptures(() -> grad(w -> scaledBy(w).apply(w.exp()).sum()).apply(X));
    assertCaptures(() -> grad(w -> scaledBy(w).apply(w).sum()).apply(X));
    // Inside another custom function.
    assertCaptures(
        () ->
            grad(w ->
                    CustomFunction.of("outer", x -> scaledBy(w).apply(x), (x, y, dx) -> dx)
                        .apply(X)
                        .sum())
                .apply(X));
    UnaryOperator<Tensor> square =
        w -> CustomFunction.linear("scaled", x -> x.mul(w), (shape, c) -> c.mul(w)).apply(w);
    assertCaptures(() -> grad(w -> square.apply(w).sum()).apply(X));
    assertCaptures(() -> Autodiff.transpose(square, X));
  }

  @Test
  void whatIsNoVariableMayBeCaptured() {
    Tensor w = Tensor.tensor(2.0, 3, 4);
    double[] expected = {2, 3, 4};
    assertArrayEquals(expected, grad(x -> scaledBy(w).apply(x).sum()).apply(X).toDoubleArray());
    // The very tensor at which the derivative is taken is a constant all the same.
    assertArrayEquals(expected, grad(x -> scaledBy(w).apply(x).sum()).apply(w).toDoubleArray());
    // Meant as a constant.
    assertArrayEquals(
        new double[3],
        grad(v -> scaledBy(Autodiff.stopGradient(v)).apply(X).sum()).apply(w).toDoubleArray());
    // What the rule captures is the rule's own business: ∂²/∂x∂w x·w.
    assertArrayEquals(
        new double[] {1, 1, 1},
        grad(v -> grad(x -> scaledBy(v).apply(x).sum()).apply(X).sum()).apply(w).toDoubleArray());
    // Seen by comparisons alone.
    CustomFunction.Rule none = (x, y, dx) -> dx;
    Tensor slope =
        grad(v ->
                CustomFunction.of("masked", x -> Tensor.where(v.less(x), x, x), none)
                    .apply(X)
                    .sum())
            .apply(w);
    assertArrayEquals(new double[3], slope.toDoubleArray());
    // A derivative inside the function has variables of its own.
    CustomFunction slopes =
        CustomFunction.of(
            "slopes", x -> grad(a -> a.square().sum()).apply(x), (x, y, dx) -> dx.mul(2));
    assertArrayEquals(
        new double[] {2, 2, 2}, grad(x -> slopes.apply(x).sum()).apply(X).toDoubleArray());
  }

  @Test
  void aTransposeOverWhatHasNoValueYetIsTakenAtItsWord() {
    Tensor unbound = Tensor.input("w", Shape.of(3), DType.FLOAT64);
    CustomFunction scaled =
        CustomFunction.linear("scaled", x -> x.mul(unbound), (x, c) -> c.mul(unbound));
    assertEquals(Shape.of(3), scaled.apply(X).shape());
  }
}
