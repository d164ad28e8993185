package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DerivativeCheckerTest {
  private static final Tensor X = Tensor.of(new double[] {0.5, -1.25, 2, 0.75, 1, -0.3}, 2, 3);

  record Pair(Tensor a, Tensor b) implements Tree<Pair> {
    @Override
    public List<Tensor> leaves() {
      return List.of(a, b);
    }

    @Override
    public Pair withLeaves(List<Tensor> leaves) {
      return new Pair(leaves.get(0), leaves.get(1));
    }
  }

  private static Tensor custom(Tensor x, BiFunction<Tensor, Tensor, Tensor> rule) {
    CustomOp op =
        new CustomOp() {
          @Override
          public String name() {
            return "sine";
          }

          @Override
          public Tensor expand(List<Tensor> inputs) {
            return inputs.get(0).sin();
          }

          @Override
          public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
            return rule.apply(inputs.get(0), tangents.get(0));
          }
        };
    return Tensor.apply(new Op.Custom(op), List.of(x));
  }

  @Test
  void rightDerivativesPass() {
    DerivativeChecker.check((Tensor x) -> x.sin().mul(x), X).orThrow();
    DerivativeChecker.check(grad(x -> x.tanh().square().sum()), X).orThrow();
    DerivativeChecker.check(x -> custom(x, (a, dx) -> a.cos().mul(dx)), X).orThrow();
    Pair pair = new Pair(X, Tensor.tensor(1, 0));
    DerivativeChecker.check((Pair p) -> new Pair(p.a().exp().take(p.b()), p.b()), pair).orThrow();
  }

  @Property(tries = 50, seed = "1")
  void theToleranceFollowsTheScale(
      @ForAll @DoubleRange(min = -12, max = 12) double exponent, @ForAll long seed) {
    double scale = Math.pow(10, exponent);
    DerivativeChecker.check(x -> x.sin().mul(scale), X, seed).orThrow();
    assertFalse(
        DerivativeChecker.check(
                x -> custom(x, (a, dx) -> a.cos().mul(dx).mul(1.00001)).mul(scale), X, seed)
            .passed());
  }

  @Test
  void aStepThatLeavesTheDomainIsShortened() {
    DerivativeChecker.check((Tensor x) -> x.sqrt(), Tensor.tensor(1e-4, 2)).orThrow();
    DerivativeChecker.check((Tensor x) -> x.log(), Tensor.tensor(3e-6, 2)).orThrow();
  }

  @Test
  void aWrongRuleIsReportedByItsWorstElement() {
    // Wrong in one element only, by a little.
    Tensor slip = Tensor.of(new double[] {1, 1, 1, 1, 1.0001, 1}, 2, 3);
    DerivativeChecker.Report report =
        DerivativeChecker.check(x -> custom(x, (a, dx) -> a.cos().mul(dx).mul(slip)), X);
    assertFalse(report.passed());
    assertEquals(List.of(1, 1), report.worst().get(0).index());
    // Forward and reverse follow the same rule, so they still agree with each other.
    assertTrue(report.worst().get(1).severity() <= 1);
    TensorException e = assertThrows(TensorException.class, report::orThrow);
    assertTrue(
        e.getMessage().contains("FAILS: jvp against differences: at [1, 1]"), e.getMessage());
  }

  /** Along itself a normalised vector does not change, whatever its rule says. */
  @Test
  void theDirectionIsNotThePointOfTheSameSeed() {
    Tensor x = Tensor.of(new Random(0).doubles(6, -1, 1).toArray(), 2, 3);
    CustomFunction wrong =
        CustomFunction.of(
            "unit vectors",
            a -> a.div(norm(a)),
            (a, b, da) -> da.sub(b.mul(b.mul(da).sumKeep(-1))).div(norm(a)).mul(7));
    assertFalse(DerivativeChecker.check((Tensor a) -> wrong.apply(a), x, 0).passed());
  }

  private static Tensor norm(Tensor x) {
    return x.square().sumKeep(-1).sqrt();
  }

  @Test
  void aRuleThatIsNotLinearFailsTheDuality() {
    // The pullback of dx + 1 is that of dx.
    DerivativeChecker.Report report =
        DerivativeChecker.check(x -> custom(x, (a, dx) -> dx.mul(a).add(1)), X);
    assertTrue(report.worst().get(1).severity() > 1);
    assertTrue(report.toString().contains("FAILS: vjp against jvp: at ["), report.toString());
  }

  @Test
  void aDerivativeThatIsCutShows() {
    assertFalse(DerivativeChecker.check(x -> stopGradient(x).mul(x), X).passed());
    assertFalse(DerivativeChecker.check(x -> x.sub(0.5).sqrt(), X).passed());
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
  void rightDerivativesPassInFewDigits(DType dtype) {
    Tensor x = X.cast(dtype);
    UnaryOperator<Tensor> stored = a -> a.cast(DType.FLOAT32);
    for (UnaryOperator<Tensor> f :
        List.<UnaryOperator<Tensor>>of(
            a -> stored.apply(a).sin().mul(stored.apply(a)).cast(dtype),
            a -> stored.apply(a).softmax(-1).cast(dtype),
            a -> custom(stored.apply(a), (b, dx) -> b.cos().mul(dx)).cast(dtype))) {
      DerivativeChecker.Report report = DerivativeChecker.check(f, x);
      report.orThrow();
      DerivativeChecker.Worst slopes = report.worst().get(0);
      assertTrue(slopes.certified() > slopes.excused(), report.toString());
    }
    UnaryOperator<Tensor> total = a -> stored.apply(a).tanh().square().sum();
    DerivativeChecker.check(grad(total), x).orThrow();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
  void wrongRulesAreFoundInFewDigits(DType dtype) {
    Tensor x = X.cast(dtype);
    for (BiFunction<Tensor, Tensor, Tensor> rule :
        List.<BiFunction<Tensor, Tensor, Tensor>>of(
            (a, dx) -> a.cos().mul(dx).mul(0.5),
            (a, dx) -> a.cos().mul(dx).neg(),
            (a, dx) -> a.cos().mul(dx).flip(-1))) {
      assertFalse(
          DerivativeChecker.check(a -> custom(a.cast(DType.FLOAT32), rule).cast(dtype), x)
              .passed());
    }
    DerivativeChecker.Report report =
        DerivativeChecker.check(
            a -> custom(a.cast(DType.FLOAT32), (b, dx) -> dx.mul(b).add(1)).cast(dtype), x);
    assertTrue(report.worst().get(1).severity() > 1, report.toString());
  }

  /** A slip in the fifth digit shows where there are seven. */
  @Test
  void theToleranceIsTheDtypes() {
    BiFunction<Tensor, Tensor, Tensor> slip = (a, dx) -> a.cos().mul(dx).mul(1.0001);
    assertFalse(DerivativeChecker.check(a -> custom(a, slip), X.cast(DType.FLOAT32)).passed());
  }

  /** Where a subtraction leaves no digits, a report says so. */
  @Test
  void whatRoundingSwallowsIsExcused() {
    DerivativeChecker.Report lost =
        DerivativeChecker.check(
            (Tensor a) -> a.exp().mul(1e8).add(a).sub(a.exp().mul(1e8)), X.cast(DType.FLOAT32));
    lost.orThrow();
    assertEquals(6, lost.worst().get(0).excused(), lost.toString());
    assertTrue(lost.toString().contains("0 certified, 6 excused"), lost.toString());
  }
}
