package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/**
 * A Java number is taken in the tensor's dtype: rounded to floats, exact or refused in integers.
 */
class NumbersTest {
  /** Any double, and often one that is an integer or near the end of an integer dtype. */
  @Provide
  Arbitrary<Double> doubles() {
    return Arbitraries.oneOf(
        Arbitraries.doubles(),
        Arbitraries.integers().map(i -> (double) i),
        Arbitraries.integers().between(-10, 10).map(i -> i / 2.0),
        Arbitraries.longs().map(i -> (double) i),
        Arbitraries.of(
            0x1p31,
            0x1p31 - 1,
            -0x1p31,
            -0x1p31 - 1,
            0x1p63,
            -0x1p63,
            Math.nextDown(0x1p63),
            Math.nextDown(-0x1p63),
            -0.0,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY));
  }

  @Property(tries = 1000, seed = "3147")
  void anIntegerScalarIsTheNumberOrAnError(@ForAll("doubles") double value) {
    for (DType dtype : new DType[] {DType.INT32, DType.INT64}) {
      if (held(value, dtype)) {
        assertArrayEquals(
            new long[] {new BigDecimal(value).longValueExact()},
            Tensor.scalar(value, dtype).toLongArray());
      } else {
        String message =
            assertThrows(TensorException.class, () -> Tensor.scalar(value, dtype)).getMessage();
        assertTrue(message.startsWith("scalar: "), message);
        assertTrue(message.contains(" is not a value of " + dtype + "; give"), message);
      }
    }
    assertEquals(value, Tensor.scalar(value, DType.FLOAT64).item());
    assertEquals((float) value, (float) Tensor.scalar(value, DType.FLOAT32).item());
  }

  private static boolean held(double value, DType dtype) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return false;
    }
    BigDecimal exact = new BigDecimal(value);
    int bits = dtype.bytes() * 8 - 1;
    BigDecimal end = BigDecimal.TWO.pow(bits);
    return exact.stripTrailingZeros().scale() <= 0
        && exact.compareTo(end.negate()) >= 0
        && exact.compareTo(end) < 0;
  }

  @Property(tries = 300, seed = "8590")
  void aLongScalarIsTheNumberOrAnError(@ForAll long value, @ForAll int narrow) {
    assertArrayEquals(new long[] {value}, Tensor.scalar(value, DType.INT64).toLongArray());
    assertArrayEquals(new long[] {narrow}, Tensor.scalar((long) narrow, DType.INT32).toLongArray());
    if (value != (int) value) {
      assertThrows(TensorException.class, () -> Tensor.scalar(value, DType.INT32));
    }
  }

  @Test
  void theFunctionIsNamedAndWhatToDo() {
    String message =
        assertThrows(TensorException.class, () -> Tensor.tensor(1, 2, 3).mul(0.5)).getMessage();
    assertEquals(
        "mul: 0.5 is not a value of int32; give an integer from −2³¹ to 2³¹ − 1, or cast the tensor"
            + " first, as to float64",
        message);
    assertArrayEquals(new long[] {2, 4, 6}, Tensor.tensor(1, 2, 3).mul(2).toLongArray());
    message =
        assertThrows(TensorException.class, () -> Tensor.full(1e10, Shape.of(2), DType.INT32))
            .getMessage();
    assertTrue(message.startsWith("full: 10000000000 is not a value of int32"), message);
    message = assertThrows(TensorException.class, () -> Tensor.scalar(2, DType.BOOL)).getMessage();
    assertTrue(message.startsWith("scalar: 2 is not a value of bool; give 0 or 1"), message);
    assertEquals("true bool []", Tensor.scalar(1, DType.BOOL).toString());
  }

  @Property(tries = 500, seed = "4464")
  void clippingAnIntegerGivesTheNearestInside(
      @ForAll int x, @ForAll("doubles") double a, @ForAll("doubles") double b) {
    double low = Math.min(a, b);
    double high = Math.max(a, b);
    Tensor narrow = Tensor.tensor(x);
    if (Math.ceil(low) <= Math.floor(high)) {
      long first = (long) Math.ceil(low);
      long last = (long) Math.floor(high);
      long nearest = Math.max(first, Math.min(x, last));
      assertArrayEquals(
          new long[] {nearest}, narrow.cast(DType.INT64).clip(low, high).toLongArray());
      // Where no int32 lies inside, the end next to it is the nearest.
      assertArrayEquals(
          new long[] {Math.clamp(nearest, Integer.MIN_VALUE, Integer.MAX_VALUE)},
          narrow.clip(low, high).toLongArray());
    } else {
      assertThrows(TensorException.class, () -> narrow.clip(low, high));
    }
  }

  @Test
  void infiniteBoundsLimitNothing() {
    double infinity = Double.POSITIVE_INFINITY;
    assertArrayEquals(
        new long[] {0, 5, Integer.MAX_VALUE},
        Tensor.tensor(-3, 5, Integer.MAX_VALUE).clip(0, infinity).toLongArray());
    assertArrayEquals(
        new long[] {Long.MIN_VALUE, Long.MAX_VALUE},
        Tensor.tensor(Long.MIN_VALUE, Long.MAX_VALUE).clip(-infinity, infinity).toLongArray());
    assertArrayEquals(
        new double[] {0, 2}, Tensor.tensor(-1.0, 2).clip(0, infinity).toDoubleArray());
    String message =
        assertThrows(TensorException.class, () -> Tensor.tensor(1).clip(0.25, 0.75)).getMessage();
    assertTrue(message.startsWith("clip: no int32 lies from 0.25 to 0.75"), message);
  }
}
