package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A function that stops some of its values still has a slope, and a wrong one is found. */
class StoppedTest {
  private static Laws laws(UnaryOperator<Tensor> f, DType dtype) {
    return Laws.of(f).over(tensors().dtype(dtype).shape(2, 3)).tries(10);
  }

  private static String broken(UnaryOperator<Tensor> f, DType dtype) {
    return assertThrows(LawBroken.class, () -> laws(f, dtype).check()).law();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "FLOAT32"})
  void whatIsStoppedIsAConstantToTheSlopeToo(DType dtype) {
    UnaryOperator<Tensor> f = x -> x.sin().mul(stopGradient(x.exp())).add(stopGradient(x).square());
    LawReport report = laws(x -> f.apply(x.mul(stopGradient(x))), dtype).check();
    assertTrue(report.share(Law.DIFFERENCES) > 0.9, report.toString());
    assertTrue(report.share(Law.CURVATURE) > 0.9, report.toString());
    // A softmax stops its largest score.
    LawReport softmax = laws(x -> x.softmax(-1), dtype).check();
    assertTrue(softmax.share(Law.DIFFERENCES) > 0.9, softmax.toString());
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "FLOAT32"})
  void aWrongRuleIsFoundBesideWhatIsStopped(DType dtype) {
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    assertEquals("DIFFERENCES", broken(x -> square.apply(x).softmax(-1), dtype));
    assertEquals("DIFFERENCES", broken(x -> square.apply(x.softmax(-1)), dtype));
  }

  /** What a rule stops by mistake is not held: that the tangent is cut there is what is wrong. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "FLOAT32"})
  void aRuleThatStopsAValueIsFoundBesideWhatIsStopped(DType dtype) {
    CustomFunction tanh =
        CustomFunction.of(
            "tanh", Tensor::tanh, (x, y, dx) -> dx.mul(stopGradient(y).square().neg().add(1)));
    assertEquals("CURVATURE", broken(x -> tanh.apply(x).mul(stopGradient(x.exp())), dtype));
  }
}
