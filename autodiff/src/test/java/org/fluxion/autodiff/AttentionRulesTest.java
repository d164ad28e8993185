package org.fluxion.autodiff;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.fluxion.autodiff.Autodiff.jvp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Attention is the composition of products and a softmax, and so are all its derivatives. */
class AttentionRulesTest {
  private static Tensor random(long seed, int... extents) {
    return RandomKey.of(seed).normal(Shape.of(extents), DType.FLOAT64).detach();
  }

  private static void close(Tensor expected, Tensor actual) {
    // A few dozen roundings of numbers of the order of 1 to 100.
    assertArrayEquals(expected.toDoubleArray(), actual.toDoubleArray(), 1e-10);
  }

  @Property(tries = 30, seed = "1")
  void bothModesAreThoseOfTheComposition(
      @ForAll @IntRange(min = 1, max = 6) int queries,
      @ForAll @IntRange(min = 1, max = 6) int keys,
      @ForAll @IntRange(min = 1, max = 5) int size,
      @ForAll @IntRange(max = 1000) int seed) {
    Tensor k = random(seed + 1, 2, keys, size);
    Tensor v = random(seed + 2, 2, keys, size);
    Tensor weights = random(seed + 3, 2, queries, size);
    UnaryOperator<Tensor> fused =
        q -> Attention.over(q, k.mul(q.mean()), v.add(q.mean())).output().mul(weights).sum();
    UnaryOperator<Tensor> composed =
        q ->
            q.matmul(k.mul(q.mean()).transpose())
                .div(Math.sqrt(size))
                .softmax(-1)
                .matmul(v.add(q.mean()))
                .mul(weights)
                .sum();
    Tensor q = random(seed, 2, queries, size);
    Tensor d = random(seed + 4, 2, queries, size);
    close(composed.apply(q), fused.apply(q));
    close(jvp(composed, q, d).tangent(), jvp(fused, q, d).tangent());
    close(grad(composed).apply(q), grad(fused).apply(q));
    close(jvp(grad(composed), q, d).tangent(), jvp(grad(fused), q, d).tangent());
  }

  /** Row 1 sees nothing: its result and every derivative of it are zero, not NaN. */
  @Example
  void aQueryThatSeesNothingHasZerosToSecondOrder() {
    Tensor row = Tensor.arange(4, DType.INT32).reshape(4, 1);
    Tensor seen = row.equal(Tensor.scalar(1, DType.INT32)).not();
    Tensor zero = Tensor.scalar(0, DType.FLOAT64);
    Tensor numbers =
        Tensor.where(seen, zero, Tensor.scalar(Double.NEGATIVE_INFINITY, DType.FLOAT64));
    Tensor k = random(1, 4, 8);
    Tensor v = random(2, 4, 8);
    for (Tensor mask : new Tensor[] {seen, numbers}) {
      UnaryOperator<Tensor> output =
          x -> Attention.over(x, k.mul(x.mean()), v).masked(mask).output().square().sum();
      UnaryOperator<Tensor> logSumExp =
          x -> {
            Tensor y = Attention.over(x, k.mul(x.mean()), v).masked(mask).logSumExp();
            // −∞ where nothing is seen, which a sum would be as well.
            return Tensor.where(seen, y, zero).square().sum();
          };
      Tensor x = random(3, 4, 8);
      Tensor d = random(4, 4, 8);
      assertTrue(
          Arrays.stream(
                  Attention.over(x, k, v).masked(mask).output().slice(0, 1, 2).toDoubleArray())
              .allMatch(each -> each == 0));
      for (UnaryOperator<Tensor> f : java.util.List.of(output, logSumExp)) {
        Tensor gradient = grad(f).apply(x);
        Tensor forward = jvp(grad(f), x, d).tangent();
        Tensor reverse = grad((Tensor a) -> grad(f).apply(a).mul(d).sum()).apply(x);
        for (Tensor each : new Tensor[] {jvp(f, x, d).tangent(), gradient, forward, reverse}) {
          assertTrue(
              Arrays.stream(each.toDoubleArray()).allMatch(Double::isFinite), each::toString);
        }
        close(forward, reverse);
      }
      assertEquals(
          Double.NEGATIVE_INFINITY,
          Attention.over(x, k, v).masked(mask).logSumExp().toDoubleArray()[1]);
    }
  }
}
