package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The composed functions against their definitions in plain loops. */
class FunctionsTest {
  private static Tensor random(long seed, int... extents) {
    Random random = new Random(seed);
    double[] values =
        random.doubles(Shape.of(extents).elements(), -2, 2).map(v -> v < -1.5 ? 0 : v).toArray();
    return Tensor.of(values, extents);
  }

  @Property(tries = 100, seed = "1782")
  void theProductMultipliesEveryElement(
      @ForAll @IntRange(min = 0, max = 9) int rows,
      @ForAll @IntRange(min = 0, max = 9) int columns,
      @ForAll long seed) {
    Tensor x = random(seed, rows, columns);
    double[] values = x.toDoubleArray();
    double all = Arrays.stream(values).reduce(1, (a, b) -> a * b);
    assertEquals(all, x.product().item(), 1e-12 * Math.abs(all));
    double[] expected = new double[columns];
    Arrays.setAll(
        expected,
        j ->
            IntStream.range(0, rows)
                .mapToDouble(i -> values[i * columns + j])
                .reduce(1, (a, b) -> a * b));
    assertArrayEquals(expected, x.product(0).toDoubleArray(), 1e-9);
    assertEquals(Shape.of(rows), x.product(1).shape());
  }

  @Property(tries = 100, seed = "7439")
  void theCumulativeSumIsTheSumSoFar(
      @ForAll @Size(max = 40) List<@IntRange(min = -1000, max = 1000) Integer> list) {
    int[] values = list.stream().mapToInt(Integer::intValue).toArray();
    long[] expected = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      expected[i] = values[i] + (i == 0 ? 0 : expected[i - 1]);
    }
    assertArrayEquals(expected, Tensor.tensor(values).cumulativeSum(0).toLongArray());
  }

  @Test
  void anInfinityDoesNotReachBackInACumulativeSum() {
    Tensor x = Tensor.tensor(1, Double.POSITIVE_INFINITY, 2, 3);
    double infinity = Double.POSITIVE_INFINITY;
    assertArrayEquals(
        new double[] {1, infinity, infinity, infinity}, x.cumulativeSum(0).toDoubleArray());
  }

  @Property(tries = 100, seed = "2246")
  void sortingAgreesWithTheLibrary(@ForAll @Size(max = 30) List<Double> list) {
    double[] values = list.stream().mapToDouble(Double::doubleValue).toArray();
    Tensor x = Tensor.of(values, values.length);
    double[] ascending = values.clone();
    Arrays.sort(ascending);
    Tensor sorted = x.sort(0);
    assertArrayEquals(add0(ascending), add0(sorted.toDoubleArray()));
    assertArrayEquals(
        add0(x.sortDescending(0).toDoubleArray()), add0(sorted.flip(0).toDoubleArray()));
    for (int k = 0; k <= values.length; k += 3) {
      TopK top = x.topK(k, 0);
      assertArrayEquals(
          x.sortDescending(0).slice(0, 0, k).toDoubleArray(), top.values().toDoubleArray());
      assertArrayEquals(x.take(top.indices()).toDoubleArray(), top.values().toDoubleArray());
    }
  }

  /** Both zeros as one. */
  private static double[] add0(double[] values) {
    return Arrays.stream(values).map(v -> v + 0.0).toArray();
  }

  @Test
  void sortingKeepsTiesInOrderAndPutsNaNAtTheLargeEnd() {
    Tensor x = Tensor.of(new double[] {2, Double.NaN, 1, 2, 5, 5, 3, 3}, 2, 4);
    assertArrayEquals(new long[] {2, 0, 3, 1, 2, 3, 0, 1}, x.argSort(1).toLongArray());
    assertArrayEquals(new long[] {1, 0, 3, 2, 0, 1, 2, 3}, x.argSortDescending(1).toLongArray());
    assertArrayEquals(new long[] {0, 1, 0, 0, 1, 0, 1, 1}, x.argSort(0).toLongArray());
    Tensor smallest = Tensor.tensor(3, Integer.MIN_VALUE, 7);
    assertArrayEquals(new long[] {7, 3}, smallest.topK(2, 0).values().toLongArray());
    assertThrows(TensorException.class, () -> smallest.topK(4, 0));
  }

  @Property(tries = 300, seed = "1891")
  void einsumIsItsDefinition(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int count) {
    Random random = new Random(seed);
    String letters = "abcd";
    int[] extents = {2, 3, 1, random.nextInt(4)};
    String[] labels = new String[count];
    Tensor[] operands = new Tensor[count];
    TreeSet<Character> used = new TreeSet<>();
    for (int k = 0; k < count; k++) {
      labels[k] =
          random
              .ints(random.nextInt(4), 0, 4)
              .mapToObj(i -> letters.substring(i, i + 1))
              .collect(Collectors.joining());
      operands[k] = random(seed + k, labels[k].chars().map(c -> extents[c - 'a']).toArray());
      labels[k].chars().forEach(c -> used.add((char) c));
    }
    String output =
        used.stream()
            .filter(c -> random.nextBoolean())
            .map(String::valueOf)
            .collect(Collectors.joining());
    Tensor result = Tensor.einsum(String.join(",", labels) + "->" + output, operands);
    TreeMap<String, Double> expected = new TreeMap<>();
    sum(new int[4], 0, extents, used, labels, operands, output, expected);
    double[] values = result.toDoubleArray();
    assertEquals(Shape.of(output.chars().map(c -> extents[c - 'a']).toArray()), result.shape());
    // TreeMap orders the one-digit indices as row-major order does.
    double[] sums = expected.values().stream().mapToDouble(Double::doubleValue).toArray();
    assertArrayEquals(sums.length == 0 ? new double[values.length] : sums, values, 1e-9);
  }

  private static void sum(
      int[] index,
      int letter,
      int[] extents,
      TreeSet<Character> used,
      String[] labels,
      Tensor[] operands,
      String output,
      TreeMap<String, Double> sums) {
    if (letter < 4) {
      int extent = used.contains((char) ('a' + letter)) ? extents[letter] : 1;
      for (index[letter] = 0; index[letter] < extent; index[letter]++) {
        sum(index, letter + 1, extents, used, labels, operands, output, sums);
      }
      return;
    }
    double product = 1;
    for (int k = 0; k < labels.length; k++) {
      int offset = 0;
      for (char c : labels[k].toCharArray()) {
        offset = offset * extents[c - 'a'] + index[c - 'a'];
      }
      product *= operands[k].toDoubleArray()[offset];
    }
    String key = output.chars().mapToObj(c -> "" + index[c - 'a']).collect(Collectors.joining());
    sums.merge(key, product, Double::sum);
  }

  @Test
  void einsumReadsEllipsesIntegersAndMissingArrows() {
    Tensor a = random(1, 5, 2, 3);
    Tensor b = random(2, 3, 4);
    assertTrue(Tensor.einsum("...ij,jk", a, b).allClose(a.matmul(b), 1e-12, 1e-12));
    assertTrue(
        Tensor.einsum("...ij,...jk->...ik", a, b.reshape(1, 3, 4))
            .allClose(a.matmul(b), 1e-12, 1e-12));
    Tensor i = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2);
    assertArrayEquals(new long[] {7, 10, 15, 22}, Tensor.einsum("ij,jk", i, i).toLongArray());
    assertEquals(5, Tensor.einsum("ii", i).item());
    TensorException differ =
        assertThrows(TensorException.class, () -> Tensor.einsum("ij,jk->ik", a.sum(0), a.sum(0)));
    assertTrue(differ.getMessage().contains("label j is 3 in one operand and 2 in operand 1"));
    assertThrows(TensorException.class, () -> Tensor.einsum("ij->ii", i));
    assertThrows(TensorException.class, () -> Tensor.einsum("ij->k", i));
    assertThrows(TensorException.class, () -> Tensor.einsum("ij,jk", i));
  }

  @Test
  void logSumExpPassesInfinities() {
    double infinity = Double.POSITIVE_INFINITY;
    assertEquals(-infinity, Tensor.tensor(-infinity, -infinity).logSumExp().item());
    assertEquals(infinity, Tensor.tensor(1, infinity).logSumExp().item());
    assertEquals(1000 + Math.log(2), Tensor.tensor(1000.0, 1000).logSumExp().item(), 1e-12);
    assertEquals(Math.log(3), Tensor.tensor(0.0, -infinity, Math.log(2)).logSumExp().item(), 1e-15);
  }

  @Test
  void nothingHasItsNeutralElement() {
    double infinity = Double.POSITIVE_INFINITY;
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      Tensor empty = Tensor.zeros(2, 0, 3).cast(dtype);
      double[] six = new double[6];
      assertArrayEquals(six, empty.maximumNorm(1).toDoubleArray());
      assertArrayEquals(six, empty.norm(1).toDoubleArray());
      Arrays.fill(six, -infinity);
      assertArrayEquals(six, empty.logSumExp(1).toDoubleArray());
      assertEquals(Shape.of(2, 3), empty.logSumExp(1).shape());
      assertEquals(dtype, empty.logSumExp(1).dtype());
      assertEquals(-infinity, empty.logSumExp().item());
      assertEquals(Shape.of(0, 3), empty.logSumExp(0).shape());
      for (int axis = 0; axis < 3; axis++) {
        assertEquals(empty.shape(), empty.softmax(axis).shape());
        assertEquals(empty.shape(), empty.logSoftmax(axis).shape());
        assertArrayEquals(new double[0], empty.softmax(axis).toDoubleArray());
        assertArrayEquals(new double[0], empty.logSoftmax(axis).toDoubleArray());
      }
    }
    assertEquals(0, Tensor.of(new int[0], 0).maximumNorm().item());
  }

  @Property(tries = 100, seed = "6315")
  void theNormNeitherOverflowsNorVanishes(
      @ForAll @DoubleRange(min = -30, max = 30) double exponent, @ForAll long seed) {
    double scale = Math.pow(10, exponent);
    Tensor x = random(seed, 7).mul(scale).cast(DType.FLOAT32);
    double exact =
        Math.sqrt(Arrays.stream(x.toDoubleArray()).map(v -> v / scale * (v / scale)).sum()) * scale;
    assertEquals(exact, x.norm().item(), 1e-6 * exact);
    assertEquals(x.norm().item(), x.reshape(7, 1).norm(0).item());
    assertTrue(x.maximumNorm().item() <= x.norm().item() * (1 + 1e-6));
    assertTrue(x.norm().item() <= x.sumNorm().item() * (1 + 1e-6));
  }

  @Test
  void normsAtTheEdge() {
    assertEquals(0, Tensor.zeros(3).norm().item());
    assertEquals(0, Tensor.zeros(0).norm().item());
    assertEquals(
        Double.POSITIVE_INFINITY, Tensor.tensor(1, Double.NEGATIVE_INFINITY).norm().item());
    assertTrue(Double.isNaN(Tensor.tensor(1, Double.NaN).norm().item()));
  }

  @Test
  void crossEntropyIsTheMeanNegativeLogarithm() {
    Tensor logits = random(3, 4, 3);
    Tensor labels = Tensor.tensor(2, 0, 1, 1);
    double[] p = logits.softmax(1).toDoubleArray();
    double expected = -(Math.log(p[2]) + Math.log(p[3]) + Math.log(p[7]) + Math.log(p[10])) / 4;
    assertEquals(expected, Losses.crossEntropy(logits, labels).item(), 1e-12);
    assertEquals(
        expected, Losses.crossEntropy(logits, labels.oneHot(3, DType.FLOAT64)).item(), 1e-12);
    assertEquals(0, Losses.crossEntropy(logits.mul(1e5), logits.argMax(1)).item(), 1e-12);
    TensorException shapes =
        assertThrows(TensorException.class, () -> Losses.crossEntropy(logits, Tensor.tensor(1, 2)));
    assertTrue(shapes.getMessage().contains("[4]"));
  }

  @Test
  void theMeanSquaredErrorDoesNotBroadcast() {
    assertEquals(2.5, Losses.meanSquaredError(Tensor.tensor(1.0, 2), Tensor.tensor(0.0, 4)).item());
    assertThrows(
        TensorException.class, () -> Losses.meanSquaredError(Tensor.zeros(4, 1), Tensor.zeros(4)));
  }

  @Test
  void dropoutKeepsTheMean() {
    Tensor x = Tensor.ones(100, 100);
    Tensor thinned = x.dropout(0.25, RandomKey.of(5));
    double[] values = thinned.toDoubleArray();
    long zeros = Arrays.stream(values).filter(v -> v == 0).count();
    // 10,000 draws of probability ¼: σ is 43, and the draw is fixed.
    assertEquals(2500, zeros, 4 * 43);
    assertTrue(Arrays.stream(values).allMatch(v -> v == 0 || v == (float) (1 / 0.75)));
    assertTrue(x.dropout(0, RandomKey.of(5)).allClose(x, 0, 0));
    assertThrows(TensorException.class, () -> x.dropout(1, RandomKey.of(5)));
  }

  @Test
  void stackPutsTheNewAxisAnywhere() {
    Tensor a = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2);
    Tensor b = a.mul(10);
    assertArrayEquals(new long[] {1, 2, 3, 4, 10, 20, 30, 40}, Tensor.stack(0, a, b).toLongArray());
    assertArrayEquals(new long[] {1, 2, 10, 20, 3, 4, 30, 40}, Tensor.stack(1, a, b).toLongArray());
    assertArrayEquals(
        new long[] {1, 10, 2, 20, 3, 30, 4, 40}, Tensor.stack(-1, a, b).toLongArray());
  }

  @Test
  void standardDeviationIsTheRootOfTheVariance() {
    assertEquals(2, Tensor.tensor(1.0, 5, 1, 5).standardDeviation().item());
  }
}
