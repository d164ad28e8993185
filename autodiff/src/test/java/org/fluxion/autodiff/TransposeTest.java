package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.hvp;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.transpose;
import static org.fluxion.autodiff.Autodiff.vjp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.Tree;
import org.junit.jupiter.api.Test;

/** The transpose of a linear function, the gradient of a tree's, and how they nest. */
class TransposeTest {
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

  private static final Tensor W = random(5, 3, 4);

  private static final List<UnaryOperator<Tensor>> LINEAR =
      List.of(
          x -> x,
          x -> x.matmul(W),
          x -> x.mul(3).sub(x.flip(1)).div(W.slice(1, 0, 1).reshape(3).exp()),
          x -> x.sum(0).cumulativeSum(0),
          x -> x.transpose().pad(0, 1, 2).slice(0, 1, 5),
          x -> Tensor.concat(1, x, x.sumKeep(1), x.zerosLike()),
          x -> Tensor.where(W.slice(1, 0, 2).transpose().less(Tensor.tensor(0.0)), x, x.neg()),
          Tensor::zerosLike);

  private static Tensor random(long seed, int... extents) {
    Random random = new Random(seed);
    double[] values = random.doubles(Shape.of(extents).elements(), -1.5, 1.5).toArray();
    return Tensor.of(values, extents);
  }

  private static double dot(Tree<?> a, Tree<?> b) {
    double sum = 0;
    for (int i = 0; i < a.leaves().size(); i++) {
      sum += a.leaves().get(i).mul(b.leaves().get(i)).sum().item();
    }
    return sum;
  }

  @Property(tries = 20, seed = "1")
  void itIsDualAndItsTransposeIsTheFunction(@ForAll long seed) {
    Tensor x = random(seed, 2, 3);
    for (UnaryOperator<Tensor> f : LINEAR) {
      Tensor y = f.apply(x);
      Tensor c = random(seed + 1, y.shape().extents());
      Function<Tensor, Tensor> transposed = transpose(f, x);
      assertEquals(dot(y, c), dot(x, transposed.apply(c)), 1e-12);
      assertTrue(transpose(transposed, c).apply(x).allClose(y, 1e-12, 1e-12));
      assertTrue(vjp(f, x).pullback().apply(c).allClose(transposed.apply(c), 0, 0));
    }
  }

  @Property(tries = 20, seed = "1")
  void treesGoInAndOut(@ForAll long seed) {
    Pair x = new Pair(random(seed, 2, 3), random(seed + 1, 3));
    Function<Pair, Pair> f = p -> new Pair(p.a().add(p.b()).sum(1), p.b().mul(2));
    Pair c = new Pair(random(seed + 2, 2), random(seed + 3, 3));
    assertEquals(dot(f.apply(x), c), dot(x, transpose(f, x).apply(c)), 1e-12);
    // What is not used has a cotangent of zeros.
    Pair half = transpose((Pair p) -> p.b(), x).apply(c.b());
    assertArrayEquals(new double[6], half.a().toDoubleArray());
    assertArrayEquals(c.b().toDoubleArray(), half.b().toDoubleArray());
  }

  @Property(tries = 20, seed = "1")
  void itIsTransparentToDerivatives(@ForAll long seed) {
    Tensor x = random(seed, 2, 3);
    Tensor c = random(seed + 1, 2);
    // fᵀ(c) of f(y) = Σ s·y over rows, with s captured: its derivative in s is fᵀ's of ds.
    UnaryOperator<Tensor> pulled =
        s -> transpose((Tensor y) -> y.mul(s).sum(1), x.zerosLike()).apply(c);
    Tensor v = random(seed + 2, 2, 3);
    Tensor expected = c.reshape(2, 1).mul(v);
    assertTrue(jvp(pulled, x, v).tangent().allClose(expected, 1e-12, 1e-12));
    DerivativeChecker.check((Tensor s) -> pulled.apply(s.sin()), x).orThrow();
  }

  @Test
  void whatIsNotLinearIsNamed() {
    Tensor x = random(1, 2, 3);
    assertTrue(
        refused(Tensor::exp, x).contains("transpose: the function is not linear in its arg"));
    assertTrue(refused(Tensor::exp, x).contains("exp is not linear in its operands"));
    assertTrue(refused(a -> a.mul(a), x).contains("mul of two operands"));
    assertTrue(refused(a -> a.add(1), x).contains("add puts a constant beside"));
    assertTrue(refused(a -> x, x).contains("does not depend on its argument"));
    assertTrue(refused(a -> a, Tensor.tensor(1, 2)).contains("holds int32 [2]"));
    Function<Tensor, Tensor> sums = transpose((Tensor a) -> a.sum(1), x);
    String message = assertThrows(TensorException.class, () -> sums.apply(x)).getMessage();
    assertEquals(
        "transpose: result is float64 [2], cotangent is float64 [2, 3]; they must be alike",
        message);
  }

  @Test
  void anErrorNamesTheLeaf() {
    record Named(Tensor weight, Tensor bias) implements Tree<Named> {
      @Override
      public List<Tensor> leaves() {
        return List.of(weight, bias);
      }

      @Override
      public Named withLeaves(List<Tensor> leaves) {
        return new Named(leaves.get(0), leaves.get(1));
      }

      @Override
      public List<String> leafNames() {
        return List.of("weight", "bias");
      }
    }

    Named x = new Named(random(1, 2), random(2, 3));
    Named v = new Named(random(1, 2), random(2, 1));
    Function<Named, Tensor> f = n -> n.bias().sum();
    String message = assertThrows(TensorException.class, () -> jvp(f, x, v)).getMessage();
    assertEquals(
        "jvp: point.bias is float64 [3], direction.bias is float64 [1]; they must be alike",
        message);
  }

  private static String refused(UnaryOperator<Tensor> f, Tensor x) {
    return assertThrows(TensorException.class, () -> transpose(f, x)).getMessage();
  }

  @Property(tries = 20, seed = "1")
  void theGradientOfATreesFunctionNests(@ForAll long seed) {
    Function<Pair, Tensor> f = p -> p.a().sin().mul(p.b().exp()).sum();
    Pair x = new Pair(random(seed, 2, 3), random(seed + 1, 3));
    Pair v = new Pair(random(seed + 2, 2, 3), random(seed + 3, 3));
    Pair w = new Pair(random(seed + 4, 2, 3), random(seed + 5, 3));
    Pair along = jvp(grad(f), x, v).tangent();
    assertEquals(dot(hvp(f, x, v), w), dot(along, w), 0);
    // The Hessian is symmetric.
    assertEquals(dot(jvp(grad(f), x, w).tangent(), v), dot(along, w), 1e-10);
    assertEquals(dot(vjp(grad(f), x).pullback().apply(w), v), dot(along, w), 1e-10);
    DerivativeChecker.check(grad(f), x).orThrow();
    Pair one = grad((Pair p) -> p.a().sum()).apply(x);
    assertArrayEquals(x.a().onesLike().toDoubleArray(), one.a().toDoubleArray());
    assertEquals(DType.FLOAT64, one.b().dtype());
  }
}
