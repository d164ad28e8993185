package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.autodiff.RuleException;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.Test;

/** Functions whose derivatives are wrong are caught, by the law that speaks of what is wrong. */
class PlantedFaultsTest {
  /** Has no derivative. */
  static final CustomFunction REFUSING =
      CustomFunction.of(
          "refusing",
          Tensor::square,
          (x, y, dx) -> {
            throw new IllegalStateException("no derivative here");
          });

  /** Of what fails whatever the arguments, the plainest. */
  private static final String SMALLEST = "\nat\nTensor x0 = Tensor.of(new double[] {0}, 1, 1);";

  private static String broken(CustomFunction f, Law law) {
    LawBroken thrown =
        assertThrows(
            LawBroken.class, () -> Laws.of(f::apply).over(tensors().rank(0, 2)).only(law).check());
    assertTrue(thrown.getMessage().startsWith(law + " is broken (seed "), thrown.getMessage());
    return thrown.getMessage();
  }

  @Test
  void aWrongFactor() {
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    String message = broken(square, Law.DIFFERENCES);
    // A scalar, or one element, at a plain number.
    assertTrue(message.contains("Tensor x0 = Tensor.of(new double[] {1}"), message);
  }

  @Test
  void aTransposeThatIsNone() {
    // Found where it is built, before any law: as an error that names the function.
    CustomFunction first = CustomFunction.linear("double", x -> x.mul(2), (x, c) -> c.mul(3));
    LawBroken thrown =
        assertThrows(
            LawBroken.class,
            () -> Laws.of(first::apply).over(tensors().shape(2, 3)).only(Law.DUALITY).check());
    assertTrue(
        thrown
            .getMessage()
            .startsWith(
                """
                the rule cannot be used (seed 0): custom function 'double': the transpose is none: ⟨f(x), c⟩ is \
                """),
        thrown.getMessage());
    assertTrue(thrown.getMessage().endsWith(SMALLEST), thrown.getMessage());
  }

  /**
   * What was reported of a framework's layer norm: the tangent is right, and its own derivative is
   * not, since the rule takes a statistic for a constant. First-order laws do not see it.
   */
  @Test
  void aRuleThatIsRightToFirstOrderAlone() {
    CustomFunction centred =
        CustomFunction.of(
            "centred product",
            x -> x.mul(x.mean()),
            (x, y, dx) -> dx.mul(Autodiff.stopGradient(x.mean())).add(x.mul(dx.mean())));
    Laws.of(centred::apply).over(tensors().shape(3)).order(1).check();
    String message = broken(centred, Law.SYMMETRY);
    assertTrue(message.contains("The Hessian is symmetric"), message);
  }

  /**
   * A rule that takes its own value for a constant. Its second derivative is wrong in every order
   * of the modes alike, and symmetric: only the slope of the tangent tells.
   */
  @Test
  void aRuleThatAgreesWithItself() {
    CustomFunction tanh =
        CustomFunction.of(
            "tanh",
            Tensor::tanh,
            (x, y, dx) -> dx.mul(Autodiff.stopGradient(y).square().neg().add(1)));
    Laws.of(tanh::apply)
        .only(Law.DIFFERENCES, Law.DUALITY, Law.SYMMETRY, Law.SECOND_ORDER, Law.THIRD_ORDER)
        .check();
    String message = broken(tanh, Law.CURVATURE);
    assertTrue(message.contains("is its slope"), message);
  }

  /** The same a derivative later: all compositions of modes give the same wrong third one. */
  @Test
  void aRuleThatAgreesWithItselfToThirdOrder() {
    CustomFunction slope =
        CustomFunction.of("slope", Tensor::exp, (x, y, dx) -> dx.mul(Autodiff.stopGradient(y)));
    CustomFunction exponential =
        CustomFunction.of("exponential", Tensor::exp, (x, y, dx) -> dx.mul(slope.apply(x)));
    Laws.of(exponential::apply).order(2).check();
    Laws.of(exponential::apply).only(Law.THIRD_ORDER).check();
    String message = broken(exponential, Law.THIRD_SLOPE);
    assertTrue(message.contains("D(D(Jv)w)u against differences"), message);
  }

  @Test
  void aFunctionThatThrowsInADerivative() {
    LawBroken thrown =
        assertThrows(LawBroken.class, () -> Laws.of(REFUSING).over(tensors().shape(2, 3)).check());
    assertEquals(
        """
        the rule cannot be used (seed 0): custom function 'refusing': the rule throws java.lang.IllegalStateException: no derivative here\
        """
            + SMALLEST,
        thrown.getMessage());
    assertEquals("no derivative here", thrown.getCause().getCause().getMessage());
    // What a device is to compute cannot be built either.
    LawBroken onDevice =
        assertThrows(
            LawBroken.class,
            () ->
                Laws.of(REFUSING).over(tensors().shape(2, 3)).only().devices("reference").check());
    assertEquals(
        """
        on reference a program is not what the reference says (seed 0)
        it throws: custom function 'refusing': the rule throws java.lang.IllegalStateException: \
        no derivative here\
        """
            + SMALLEST,
        onDevice.getMessage());
  }

  /** Below the size at which it throws the function is right: that is as small as it gets. */
  @Test
  void aRuleThatThrowsNowAndThen() {
    CustomFunction square =
        CustomFunction.of(
            "square",
            Tensor::square,
            (x, y, dx) -> {
              assert x.shape().elements() < 4 : "too many";
              return dx.mul(x).mul(2);
            });
    LawBroken thrown =
        assertThrows(
            LawBroken.class, () -> Laws.of(square::apply).over(tensors().shape(6, 5)).check());
    assertTrue(thrown.getMessage().contains("AssertionError: too many\n"), thrown.getMessage());
    assertEquals(
        List.of(4L), thrown.smallest().values().stream().map(x -> x.shape().elements()).toList());
  }

  /** The rule of a function inside is the one to mend, whoever used it; and it may not fit. */
  @Test
  void aRuleThatDoesNotFitInsideAnother() {
    CustomFunction inner =
        CustomFunction.of("inner", x -> x.mul(2), (x, y, dx) -> dx.sum().mul(2).reshape(1));
    CustomFunction outer =
        CustomFunction.of("outer", x -> x.mul(4), (x, y, dx) -> inner.apply(inner.apply(dx)));
    LawBroken thrown =
        assertThrows(LawBroken.class, () -> Laws.of(outer::apply).over(tensors().shape(7)).check());
    assertEquals(
        """
        the rule cannot be used (seed 0): custom function 'inner': the result is float64 [2], the rule's tangent float64 [1]; \
        they must be alike
        at
        Tensor x0 = Tensor.of(new double[] {0, 0}, 2);\
        """,
        thrown.getMessage());
  }

  @Test
  void aRuleThatGivesNothing() {
    CustomFunction nothing = CustomFunction.of("nothing", Tensor::square, (x, y, dx) -> null);
    String message =
        assertThrows(RuleException.class, () -> nothing.apply(Tensor.tensor(1.0))).getMessage();
    assertTrue(message.contains("'nothing': the rule throws"), message);
    assertTrue(message.contains("it gave no tangent"), message);
  }

  /** Numbers it takes, and no input of a derivative. */
  @Test
  void whatIsThrownIsSaidOfTheSmallestArguments() {
    UnaryOperator<Tensor> refusing =
        x -> {
          if (x.op() instanceof Op.Constant) {
            return x.square();
          }
          throw new IllegalStateException("no derivative of " + x.shape());
        };
    LawBroken thrown =
        assertThrows(
            LawBroken.class, () -> Laws.of(refusing).over(tensors().shape(2, 3)).tries(1).check());
    assertEquals(
        """
        VALUE cannot be checked (seed 0): java.lang.IllegalStateException: no derivative of [1, 1]
        at
        Tensor x0 = Tensor.of(new double[] {0}, 1, 1);\
        """,
        thrown.getMessage());
  }

  /** Of a layer one wants to know which parameter it is. */
  @Test
  void aCounterexampleSaysWhatItsLeavesAre() {
    record Point(Tensor x, Tensor scale) implements Tree<Point> {
      @Override
      public List<Tensor> leaves() {
        return List.of(x, scale);
      }

      @Override
      public Point withLeaves(List<Tensor> leaves) {
        return new Point(leaves.get(0), leaves.get(1));
      }

      @Override
      public List<String> leafNames() {
        return List.of("x", "scale");
      }
    }
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    Point example = new Point(Tensor.zeros(2, 3), Tensor.zeros(3));
    LawBroken thrown =
        assertThrows(
            LawBroken.class,
            () ->
                Laws.near(
                        (Point point) ->
                            square.apply(
                                point.x().mul(point.scale().broadcastTo(point.x().shape()))),
                        example)
                    .check());
    assertTrue(
        thrown.getMessage().contains("Tensor x0 = Tensor.of(new float[] {1}, 1, 1);  // x\n"),
        thrown.getMessage());
    assertTrue(
        thrown.getMessage().contains("Tensor x1 = Tensor.of(new float[] {1}, 1);  // scale\n"),
        thrown.getMessage());
    // A tree that has no names for its leaves is printed without.
    LawBroken nameless =
        assertThrows(
            LawBroken.class,
            () ->
                Laws.near(
                        (Tensors x) -> x.withLeaves(List.of(square.apply(x.leaves().get(0)))),
                        new Tensors(List.of(Tensor.zeros(2))))
                    .check());
    assertTrue(
        nameless.getMessage().contains("Tensor x0 = Tensor.of(new float[] {1}, 1);\n"),
        nameless.getMessage());
  }

  @Test
  void ofManyHasToBeToldOfWhat() {
    Laws product = Laws.ofMany(x -> List.of(x.get(0).mul(x.get(1))));
    String message = assertThrows(TensorException.class, product::check).getMessage();
    assertTrue(
        message.startsWith("laws: a function of several tensors; say with over(…)"), message);
    product.over(tensors().shape(2), tensors().shape(2)).tries(2).check();
  }

  @Test
  void aRightFunctionBreaksNoLaw() {
    CustomFunction softplus =
        CustomFunction.of("softplus", x -> x.exp().log1p(), (x, y, dx) -> dx.mul(x.sigmoid()));
    LawReport report =
        Laws.of(softplus::apply)
            .over(tensors().rank(0, 4))
            .order(3)
            .devices("cpu", "reference")
            .tries(10)
            .seed(42)
            .check();
    for (Law law : Law.values()) {
      assertTrue(report.certified().get(law) > 0, report.toString());
    }
  }
}
