package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.hvp;
import static org.fluxion.autodiff.Autodiff.jacobianForward;
import static org.fluxion.autodiff.Autodiff.jacobianReverse;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.fluxion.autodiff.Autodiff.vjp;
import static org.fluxion.tensor.Losses.crossEntropy;
import static org.fluxion.tensor.Losses.meanSquaredError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

/** The laws that tie both modes to each other and to differences, on smooth functions of [2, 3]. */
class SecondOrderTest {
  /** A function with a name that a counterexample can print. */
  record Named(String name, UnaryOperator<Tensor> f) {
    @Override
    public String toString() {
      return name;
    }
  }

  @Provide
  Arbitrary<Named> functions() {
    Tensor w = random(7, 3, 4);
    Tensor image = random(9, 1, 2, 4, 4);
    Op.Window window = new Op.Window(3, 3, 1, 1);
    return Arbitraries.of(
        new Named("exp", Tensor::exp),
        new Named("log", x -> x.square().add(1).log()),
        new Named("log1p", x -> x.square().log1p()),
        new Named("expm1", Tensor::expm1),
        new Named("sin", Tensor::sin),
        new Named("cos", Tensor::cos),
        new Named("tanh", Tensor::tanh),
        new Named("erf", Tensor::erf),
        new Named("sqrt", x -> x.square().add(0.5).sqrt()),
        new Named("abs", x -> x.mul(x.abs())),
        new Named("neg sub", x -> x.square().neg().sub(x)),
        new Named("mul add", x -> x.mul(x).add(x.sin())),
        new Named("div", x -> x.sin().div(x.square().add(1))),
        new Named("pow", x -> x.square().add(1).pow(x)),
        new Named("max min", x -> x.square().maximum(x.sin()).minimum(x.exp())),
        new Named("select", x -> Tensor.where(x.less(x.zerosLike()), x.square(), x.sin())),
        new Named("cast", x -> x.square().cast(DType.FLOAT64)),
        new Named("sum", x -> x.square().sum(1).sin()),
        new Named("reduce max", x -> x.square().max(1).sin()),
        new Named("softmax", x -> x.softmax(1)),
        new Named("logSumExp", x -> x.logSumExp(0)),
        new Named(
            "layer norm",
            x ->
                x.sub(x.meanKeep(1))
                    .div(x.sub(x.meanKeep(1)).square().meanKeep(1).add(1e-2).sqrt())),
        new Named("reshape permute", x -> x.reshape(3, 2).square().transpose().mul(x)),
        new Named("broadcast", x -> x.sumKeep(1).mul(x)),
        new Named("pad slice", x -> x.square().pad(1, 2, 1).slice(1, 1, 5).sin()),
        new Named("concat flip", x -> Tensor.concat(0, x.sin(), x.flip(1)).square()),
        new Named("matmul", x -> x.matmul(x.transpose()).matmul(x).matmul(w)),
        new Named(
            "unfold fold",
            x -> {
              Tensor columns =
                  Tensor.apply(new Op.Unfold(window), List.of(image.mul(x.sin().sum())));
              return Tensor.apply(new Op.Fold(window, 4, 4), List.of(columns.square()));
            }),
        new Named(
            "gather scatter",
            x -> {
              Tensor index = Tensor.of(new int[] {1, 0, 1, 7}, 1, 4);
              Tensor rows = Tensor.apply(new Op.Gather(), List.of(x.reshape(1, 2, 3), index));
              return Tensor.apply(new Op.ScatterAdd(2), List.of(rows.square(), index));
            }),
        new Named("product", x -> x.product(0).add(x.mul(x.sub(x.flip(1))).product())),
        new Named("cumulativeSum", x -> x.square().cumulativeSum(1).sin()),
        new Named("sort", x -> x.square().sort(1).mul(Tensor.of(new double[] {1, 2, 3}, 3))),
        new Named("topK", x -> x.sin().topK(2, 1).values().square()),
        new Named("einsum", x -> Tensor.einsum("ij,kj,kl->il", x, x.sin(), x)),
        new Named("einsum diagonal", x -> Tensor.einsum("ii->i", x.matmul(x.transpose()))),
        new Named("norm", x -> x.norm(1).add(x.sumNorm(1)).mul(x.maximumNorm())),
        new Named("standardDeviation", x -> x.standardDeviation(1)),
        new Named("crossEntropy", x -> crossEntropy(x, Tensor.tensor(2, 0))),
        new Named("meanSquaredError", x -> meanSquaredError(x.sin(), x.flip(0))),
        new Named("dropout", x -> x.square().dropout(0.5, RandomKey.of(3))),
        new Named("custom", x -> Tensor.apply(new Op.Custom(SOFTPLUS), List.of(x))));
  }

  private static final CustomOp SOFTPLUS =
      new CustomOp() {
        @Override
        public String name() {
          return "softplus";
        }

        @Override
        public Tensor expand(List<Tensor> inputs) {
          return inputs.get(0).exp().log1p();
        }

        @Override
        public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
          return tangents.get(0).mul(inputs.get(0).sigmoid());
        }
      };

  private static Tensor random(long seed, int... extents) {
    Random random = new Random(seed);
    double[] values = random.doubles(Shape.of(extents).elements(), -1.5, 1.5).toArray();
    return Tensor.of(values, extents);
  }

  private static double dot(Tensor a, Tensor b) {
    return a.mul(b).sum().item();
  }

  private static void close(double expected, double actual, double tolerance, String what) {
    assertEquals(expected, actual, tolerance * (1 + Math.abs(expected)), what);
  }

  @Property(tries = 200, seed = "1")
  void theTangentIsTheSlopeAlongTheDirection(@ForAll("functions") Named f, @ForAll long seed) {
    Tensor x = random(seed, 2, 3);
    Tensor v = random(seed + 1, 2, 3);
    double h = 1e-5;
    Tensor slope = f.f().apply(x.add(v.mul(h))).sub(f.f().apply(x.sub(v.mul(h)))).div(2 * h);
    Tensor tangent = jvp(f.f(), x, v).tangent();
    // Central differences: truncation h², rounding 1e-16/h, both near 1e-9 here.
    assertTrue(tangent.allClose(slope, 1e-5, 1e-6), () -> tangent + " against " + slope);
  }

  @Property(tries = 200, seed = "1")
  void thePullbackIsTheTransposeOfThePushforward(@ForAll("functions") Named f, @ForAll long seed) {
    Tensor x = random(seed, 2, 3);
    Tensor v = random(seed + 1, 2, 3);
    Jvp<Tensor> forward = jvp(f.f(), x, v);
    Tensor c = random(seed + 2, forward.value().shape().extents());
    Tensor pulled = vjp(f.f(), x).pullback().apply(c);
    close(dot(c, forward.tangent()), dot(pulled, v), 1e-11, f.name());
  }

  @Property(tries = 200, seed = "1")
  void theFourSecondDerivativesAgree(@ForAll("functions") Named f, @ForAll long seed) {
    Tensor x = random(seed, 2, 3);
    Tensor v = random(seed + 1, 2, 3);
    Tensor w = random(seed + 2, 2, 3);
    Tensor weights = random(seed + 3, f.f().apply(x).shape().extents());
    UnaryOperator<Tensor> scalar = a -> f.f().apply(a).mul(weights).sum();
    double forwardForward = jvp((Tensor a) -> jvp(scalar, a, v).tangent(), x, w).tangent().item();
    double forwardReverse = dot(jvp(grad(scalar), x, w).tangent(), v);
    double reverseForward = dot(grad((Tensor a) -> jvp(scalar, a, v).tangent(), x), w);
    double reverseReverse = dot(grad((Tensor a) -> grad(scalar).apply(a).mul(v).sum(), x), w);
    close(forwardForward, forwardReverse, 1e-9, f.name());
    close(forwardForward, reverseForward, 1e-9, f.name());
    close(forwardForward, reverseReverse, 1e-9, f.name());
    double h = 1e-5;
    double difference =
        (dot(grad(scalar).apply(x.add(w.mul(h))), v) - dot(grad(scalar).apply(x.sub(w.mul(h))), v))
            / (2 * h);
    close(difference, forwardForward, 1e-4, f.name());
  }

  @Test
  void whatAFunctionCapturesIsConstantToIt() {
    Tensor a = Tensor.tensor(3.0);
    assertEquals(3, grad(x -> x.mul(a).sum()).apply(a).item());
    // d/dx (x · d/dy (x + y)) = 1: the classical confusion of perturbations gives 2.
    Tensor one = Tensor.scalar(1, DType.FLOAT64);
    assertEquals(1, grad(x -> x.mul(grad(y -> x.add(y)).apply(one))).apply(one).item());
  }

  @Test
  void stopGradientCutsBothModes() {
    Tensor x = Tensor.tensor(0.5, 2);
    UnaryOperator<Tensor> f = a -> stopGradient(a.square()).mul(a);
    assertArrayEquals(new double[] {0.25, 4}, jvp(f, x, x.onesLike()).tangent().toDoubleArray());
    assertArrayEquals(new double[] {0.25, 4}, grad(a -> f.apply(a).sum()).apply(x).toDoubleArray());
  }

  @Test
  void bothJacobiansAndTheHessianProductAgree() {
    Tensor x = random(3, 3);
    UnaryOperator<Tensor> f = a -> a.sin().mul(a.sum());
    Tensor forward = jacobianForward(f, x);
    assertTrue(forward.allClose(jacobianReverse(f, x), 1e-12, 1e-12));
    assertEquals(Shape.of(3, 3), forward.shape());
    Tensor v = random(4, 3);
    Tensor product = hvp(a -> a.square().square().sum(), x, v);
    assertTrue(product.allClose(x.square().mul(12).mul(v), 1e-12, 1e-12));
  }

  @Test
  void anUnusedArgumentHasAGradientOfZeros() {
    assertArrayEquals(
        new double[] {0, 0},
        grad(a -> Tensor.scalar(1, DType.FLOAT64)).apply(Tensor.tensor(1.0, 2)).toDoubleArray());
  }

  @Test
  void theProductHasEveryDerivativeAtZeros() {
    Tensor x = Tensor.tensor(0.0, 3, 0, 5);
    UnaryOperator<Tensor> f = Tensor::product;
    assertArrayEquals(new double[4], grad(f).apply(x).toDoubleArray());
    // Only the pair of both zeros has a second derivative: 3·5.
    Tensor first = Tensor.tensor(1.0, 0, 0, 0);
    assertArrayEquals(new double[] {0, 0, 15, 0}, hvp(f::apply, x, first).toDoubleArray());
  }

  @Test
  void theNormHasAFiniteDerivativeAtZero() {
    Tensor x = Tensor.tensor(0.0, 0);
    assertArrayEquals(new double[2], grad(a -> a.norm()).apply(x).toDoubleArray());
    assertArrayEquals(new double[2], hvp(a -> a.norm(), x, x.onesLike()).toDoubleArray());
  }

  @Test
  void derivativesOfIntegersAreAnError() {
    TensorException e =
        assertThrows(TensorException.class, () -> grad(a -> a).apply(Tensor.tensor(1)));
    assertTrue(e.getMessage().contains("int32"));
  }
}
