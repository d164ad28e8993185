package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Integers are exact over their whole width, beyond the 53 bits of a double, and wrap there. */
class IntegerTest {
  record Binary(String name, BinaryOperator<Tensor> tensor, LongBinaryOperator exact) {
    @Override
    public String toString() {
      return name;
    }
  }

  @Provide
  Arbitrary<Binary> binaries() {
    return Arbitraries.of(
        new Binary("add", Tensor::add, Long::sum),
        new Binary("sub", Tensor::sub, (a, b) -> a - b),
        new Binary("mul", Tensor::mul, (a, b) -> a * b),
        new Binary("div", Tensor::div, (a, b) -> b == 0 ? 0 : a / b),
        new Binary("maximum", Tensor::maximum, Math::max),
        new Binary("minimum", Tensor::minimum, Math::min),
        new Binary("and", Tensor::and, (a, b) -> a & b),
        new Binary("or", Tensor::or, (a, b) -> a | b),
        new Binary("equal", Tensor::equal, (a, b) -> a == b ? 1 : 0),
        new Binary("less", Tensor::less, (a, b) -> a < b ? 1 : 0),
        new Binary("lessEqual", Tensor::lessEqual, (a, b) -> a <= b ? 1 : 0),
        new Binary("neg", (a, b) -> a.neg(), (a, b) -> -a),
        new Binary("abs", (a, b) -> a.abs(), (a, b) -> Math.abs(a)),
        new Binary("sign", (a, b) -> a.sign(), (a, b) -> Long.signum(a)),
        new Binary("select", (a, b) -> Tensor.where(a.less(b), b, a), Math::max));
  }

  /** Any long, and often one next to a power of two. */
  @Provide
  Arbitrary<Long> longs() {
    return Arbitraries.oneOf(
        Arbitraries.longs(),
        Arbitraries.integers().between(50, 63).map(bit -> (1L << bit) + 1),
        Arbitraries.integers().between(50, 63).map(bit -> -(1L << bit) - 1),
        Arbitraries.longs().between(-3, 3));
  }

  @Property(tries = 500, seed = "5160")
  void int64IsExact(
      @ForAll("binaries") Binary f, @ForAll("longs") long a, @ForAll("longs") long b) {
    Tensor result = f.tensor().apply(Tensor.tensor(a, b), Tensor.tensor(b, a));
    assertArrayEquals(
        new long[] {f.exact().applyAsLong(a, b), f.exact().applyAsLong(b, a)},
        result.toLongArray());
  }

  @Property(tries = 300, seed = "5012")
  void int32Wraps(@ForAll("binaries") Binary f, @ForAll int a, @ForAll int b) {
    Tensor result = f.tensor().apply(Tensor.tensor(a), Tensor.tensor(b));
    assertArrayEquals(new long[] {(int) f.exact().applyAsLong(a, b)}, result.toLongArray());
  }

  @Property(tries = 200, seed = "2173")
  void reductionsOrderAndMovementAreExact(
      @ForAll @Size(min = 1, max = 12) List<@net.jqwik.api.From("longs") Long> list) {
    long[] a = list.stream().mapToLong(Long::longValue).toArray();
    int n = a.length;
    Tensor x = Tensor.of(a, n);
    assertArrayEquals(new long[] {LongStream.of(a).sum()}, x.sum().toLongArray());
    assertArrayEquals(new long[] {LongStream.of(a).max().getAsLong()}, x.max().toLongArray());
    assertArrayEquals(new long[] {LongStream.of(a).min().getAsLong()}, x.min().toLongArray());
    assertArrayEquals(
        new long[] {LongStream.of(a).reduce(1, (p, q) -> p * q)}, x.product().toLongArray());
    long[] sums = a.clone();
    Arrays.parallelPrefix(sums, Long::sum);
    assertArrayEquals(sums, x.cumulativeSum(0).toLongArray());
    assertArrayEquals(LongStream.of(a).sorted().toArray(), x.sort(0).toLongArray());
    int first = IntStream.range(0, n).reduce((p, q) -> a[q] > a[p] ? q : p).getAsInt();
    assertEquals(first, x.argMax(0).item());
    long[] backwards = IntStream.range(0, n).mapToLong(i -> a[n - 1 - i]).toArray();
    assertArrayEquals(backwards, x.flip(0).toLongArray());
    Tensor joined = Tensor.concat(0, x.pad(0, 2, 0), x).reshape(2, n + 1).transpose();
    long[] kept = joined.transpose().reshape(2 * n + 2).slice(0, 2, 2 * n + 2).toLongArray();
    assertArrayEquals(LongStream.concat(LongStream.of(a), LongStream.of(a)).toArray(), kept);
    Tensor reversed = Tensor.arange(n, DType.INT64).neg().add(n - 1);
    assertArrayEquals(backwards, x.take(reversed).toLongArray());
    Tensor twice =
        Tensor.apply(
            new Op.ScatterAdd(1),
            List.of(x.reshape(1, n, 1), Tensor.full(0, Shape.of(1, n), DType.INT32)));
    assertArrayEquals(new long[] {LongStream.of(a).sum()}, twice.toLongArray());
  }

  @Property(tries = 300, seed = "4279")
  void castsRoundOnceAndWrap(@ForAll("longs") long a) {
    Tensor x = Tensor.scalar(a, DType.INT64);
    assertArrayEquals(new long[] {a}, x.toLongArray());
    assertArrayEquals(new long[] {(int) a}, x.cast(DType.INT32).toLongArray());
    assertArrayEquals(new long[] {a == 0 ? 0 : 1}, x.cast(DType.BOOL).toLongArray());
    assertEquals((double) a, x.cast(DType.FLOAT64).item());
    assertEquals((float) a, x.cast(DType.FLOAT32).item());
    assertArrayEquals(
        new long[] {(long) (double) a}, x.cast(DType.FLOAT64).cast(DType.INT64).toLongArray());
  }

  @Test
  void floatsTruncateAndSaturate() {
    Tensor x = Tensor.tensor(-2.9, 2.9, 1e30, -1e30, Double.NaN);
    assertArrayEquals(
        new long[] {-2, 2, Long.MAX_VALUE, Long.MIN_VALUE, 0}, x.cast(DType.INT64).toLongArray());
    assertArrayEquals(
        new long[] {-2, 2, Integer.MAX_VALUE, Integer.MIN_VALUE, 0},
        x.cast(DType.INT32).toLongArray());
    assertArrayEquals(new long[] {1, 1, 1, 1, 1}, x.cast(DType.BOOL).toLongArray());
  }

  @Test
  void theSmallestIntegersAreOrderedToo() {
    assertEquals(Integer.MIN_VALUE, Tensor.tensor(Integer.MIN_VALUE, 0, 5).min().item());
    assertArrayEquals(
        new long[] {Long.MIN_VALUE},
        Tensor.tensor(0, Long.MIN_VALUE, Long.MAX_VALUE).min().toLongArray());
    assertArrayEquals(
        new long[] {0, 0, 0},
        Tensor.of(new int[0], 0, 3).take(Tensor.tensor(3).add(1)).toLongArray());
  }

  @Test
  void neighboursBeyond53BitsDiffer() {
    long big = (1L << 60) + 1;
    assertFalse(Tensor.tensor(big).allClose(Tensor.tensor(big - 1), 0, 0));
    assertEquals("[1152921504606846977] int64 [1]", Tensor.tensor(big).toString());
  }
}
