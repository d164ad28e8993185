package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RandomKeyTest {
  private static final Shape MANY = Shape.of(20_000);

  @Test
  void uniformsFillTheUnitIntervalEvenly() {
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      double[] u = RandomKey.of(3).uniform(MANY, dtype).toDoubleArray();
      assertTrue(Arrays.stream(u).allMatch(v -> v >= 0 && v < 1));
      // The mean of n uniforms has standard deviation 1/√(12n): five of them.
      assertEquals(0.5, Arrays.stream(u).average().orElseThrow(), 5 / Math.sqrt(12.0 * u.length));
    }
  }

  @Test
  void normalsHaveMeanZeroAndVarianceOne() {
    Tensor z = RandomKey.of(5).normal(MANY, DType.FLOAT64);
    double root = Math.sqrt(MANY.elements());
    assertEquals(0, z.mean().item(), 5 / root);
    assertEquals(1, z.variance().item(), 5 * Math.sqrt(2) / root);
    assertEquals(3, z.square().square().mean().item(), 5 * Math.sqrt(96) / root);
  }

  @Test
  void aDrawIsAFunctionOfItsKey() {
    RandomKey key = RandomKey.of(11);
    long[] bits = key.bits(Shape.of(10)).toLongArray();
    assertArrayEquals(bits, RandomKey.of(11).bits(Shape.of(10)).toLongArray());
    assertArrayEquals(
        Arrays.copyOf(bits, 7), key.bits(Shape.of(7)).toLongArray(), "a prefix stays the same");
    assertFalse(Arrays.equals(bits, key.fold(0).bits(Shape.of(10)).toLongArray()));
    Tensor step = Tensor.scalar(1, DType.INT32);
    assertFalse(Arrays.equals(bits, key.step(step).bits(Shape.of(10)).toLongArray()));
  }
}
