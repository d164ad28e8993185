package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.BiFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;

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

  @Property(tries = 50)
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

  @Test
  void differencesNeedFloat64() {
    TensorException e =
        assertThrows(
            TensorException.class, () -> DerivativeChecker.check(Tensor::sin, Tensor.tensor(1f)));
    assertTrue(e.getMessage().contains("float32 [1]"));
  }
}
