package org.fluxion.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The distributions that first values come from. */
class InitialisersTest {
  interface Initialiser extends BiFunction<RandomKey, int[], Tensor> {}

  private static Arguments of(Initialiser f, double deviation, double bound) {
    return Arguments.of(f, deviation, bound);
  }

  /** Over [30, 20, 2, 2]: fan-in 80, fan-out 120. */
  static Stream<Arguments> initialisers() {
    double xavier = Math.sqrt(6 / 200.0);
    double kaiming = Math.sqrt(6 / 80.0);
    double any = 1e9;
    return Stream.of(
        of(Initialisers::xavierUniform, xavier / Math.sqrt(3), xavier),
        of(Initialisers::xavierNormal, 0.1, any),
        of(Initialisers::kaimingUniform, kaiming / Math.sqrt(3), kaiming),
        of(Initialisers::kaimingNormal, Math.sqrt(2 / 80.0), any),
        of((key, shape) -> Initialisers.normal(key, 3, shape), 3, any),
        of((key, shape) -> Initialisers.uniform(key, -1, 1, shape), 1 / Math.sqrt(3), 1),
        of((key, shape) -> Initialisers.truncatedNormal(key, 2, shape), 2 * 0.8796257, 4));
  }

  @ParameterizedTest
  @MethodSource("initialisers")
  void momentsAndBounds(Initialiser initialiser, double deviation, double bound) {
    int[] shape = {30, 20, 2, 2};
    Tensor x = initialiser.apply(RandomKey.of(5), shape);
    double[] values = x.toDoubleArray();
    double mean = Arrays.stream(values).average().orElseThrow();
    double square = Arrays.stream(values).map(v -> v * v).average().orElseThrow();
    // 2,400 draws: five standard errors.
    assertEquals(0, mean, 5 * deviation / Math.sqrt(values.length));
    assertEquals(deviation, Math.sqrt(square), 5 * deviation / Math.sqrt(2 * values.length));
    assertTrue(Arrays.stream(values).allMatch(v -> Math.abs(v) <= bound * (1 + 1e-6)));
    assertArrayEquals(values, initialiser.apply(RandomKey.of(5), shape).toDoubleArray());
    assertTrue(!Arrays.equals(values, initialiser.apply(RandomKey.of(6), shape).toDoubleArray()));
  }

  @Test
  void aTruncatedNormalIsTheInverseOfItsDistribution() {
    RandomKey key = RandomKey.of(9);
    Tensor drawn = Initialisers.truncatedNormal(key, 1, 1000);
    Tensor uniform = Initialisers.uniform(key, -0.9544997361, 0.9544997361, 1000);
    assertTrue(drawn.div(Math.sqrt(2)).erf().allClose(uniform, 0, 2e-6));
  }

  @Test
  void aBiasHasNoFans() {
    var error =
        assertThrows(
            IllegalArgumentException.class, () -> Initialisers.xavierUniform(RandomKey.of(0), 4));
    assertTrue(error.getMessage().contains("expected a weight [out, in, ...], got shape [4]"));
  }
}
