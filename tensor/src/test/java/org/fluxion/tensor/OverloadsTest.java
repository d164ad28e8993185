package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Functions that say the same as others in fewer words, and parts of axes by index. */
class OverloadsTest {
  private record Numbered(BiFunction<Tensor, Double, Tensor> number, BinaryOperator<Tensor> same) {}

  private static final Map<String, Numbered> NUMBERED = new LinkedHashMap<>();

  private static final Map<String, Keeping> KEEPING = new LinkedHashMap<>();

  private record Keeping(
      BiFunction<Tensor, int[], Tensor> keep, BiFunction<Tensor, int[], Tensor> fold) {}

  static {
    NUMBERED.put("maximum", new Numbered((x, c) -> x.maximum(c), Tensor::maximum));
    NUMBERED.put("minimum", new Numbered((x, c) -> x.minimum(c), Tensor::minimum));
    NUMBERED.put("equal", new Numbered((x, c) -> x.equal(c), Tensor::equal));
    NUMBERED.put("less", new Numbered((x, c) -> x.less(c), Tensor::less));
    NUMBERED.put("lessEqual", new Numbered((x, c) -> x.lessEqual(c), Tensor::lessEqual));
    NUMBERED.put("greater", new Numbered((x, c) -> x.greater(c), Tensor::greater));
    NUMBERED.put("greaterEqual", new Numbered((x, c) -> x.greaterEqual(c), Tensor::greaterEqual));
    NUMBERED.put(
        "where, else a number",
        new Numbered((x, c) -> Tensor.where(odd(x), x, c), (x, c) -> Tensor.where(odd(x), x, c)));
    NUMBERED.put(
        "where, a number",
        new Numbered((x, c) -> Tensor.where(odd(x), c, x), (x, c) -> Tensor.where(odd(x), c, x)));
    KEEPING.put("variance", new Keeping(Tensor::varianceKeep, Tensor::variance));
    KEEPING.put(
        "standardDeviation", new Keeping(Tensor::standardDeviationKeep, Tensor::standardDeviation));
    KEEPING.put("min", new Keeping(Tensor::minKeep, Tensor::min));
    KEEPING.put("max", new Keeping(Tensor::maxKeep, Tensor::max));
    KEEPING.put("product", new Keeping(Tensor::productKeep, Tensor::product));
    KEEPING.put("norm", new Keeping(Tensor::normKeep, Tensor::norm));
    KEEPING.put("logSumExp", new Keeping(Tensor::logSumExpKeep, Tensor::logSumExp));
  }

  /** A condition of the operand's shape. */
  private static Tensor odd(Tensor x) {
    return Tensor.arange(x.shape().extent(0), DType.INT32).and(Tensor.tensor(1)).cast(DType.BOOL);
  }

  @Property(tries = 100, seed = "4732")
  void aNumberIsAScalarOfTheDType(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = -3, max = 3) Integer> list,
      @ForAll @IntRange(min = -3, max = 3) int number) {
    Tensor integers = Tensor.tensor(list.stream().mapToInt(Integer::intValue).toArray());
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64, DType.INT32, DType.INT64}) {
      Tensor x = integers.cast(dtype);
      Tensor scalar = Tensor.scalar((double) number, dtype);
      NUMBERED.forEach(
          (name, f) -> {
            Tensor expected = f.same().apply(x, scalar);
            Tensor result = f.number().apply(x, (double) number);
            assertEquals(expected.dtype(), result.dtype(), name);
            assertArrayEquals(expected.toDoubleArray(), result.toDoubleArray(), name);
          });
    }
    NUMBERED.forEach(
        (name, f) -> {
          String function = name.split(",")[0];
          String message =
              assertThrows(TensorException.class, () -> f.number().apply(integers, 0.5))
                  .getMessage();
          assertTrue(message.startsWith(function + ": 0.5 is not a value of int32"), message);
        });
  }

  @Property(tries = 50, seed = "5620")
  void keepingAnAxisChangesTheShapeAlone(
      @ForAll long seed, @ForAll @Size(max = 3) java.util.Set<@IntRange(max = 2) Integer> chosen) {
    double[] values = new Random(seed).doubles(24, 0.5, 2).toArray();
    Tensor x = Tensor.of(values, 2, 3, 4);
    int[] axes = chosen.stream().mapToInt(Integer::intValue).toArray();
    int[] kept = x.shape().extents();
    (axes.length == 0 ? IntStream.range(0, 3) : Arrays.stream(axes)).forEach(a -> kept[a] = 1);
    KEEPING.forEach(
        (name, f) -> {
          Tensor result = f.keep().apply(x, axes);
          assertEquals(Shape.of(kept), result.shape(), name);
          assertArrayEquals(f.fold().apply(x, axes).toDoubleArray(), result.toDoubleArray(), name);
        });
  }

  /** NumPy's definition: start, start + stride, ... while end is not reached. */
  private static List<Integer> indices(int n, int start, int end, int stride) {
    int from = start < 0 ? start + n : start;
    int to = end < 0 ? end + n : end;
    List<Integer> indices = new ArrayList<>();
    for (long i = from; stride > 0 ? i < to : i > to; i += stride) {
      indices.add((int) i);
    }
    return indices;
  }

  @Property(tries = 1000, seed = "214")
  void aSliceIsItsListOfIndices(
      @ForAll @IntRange(max = 7) int n,
      @ForAll @IntRange(min = -9, max = 9) int start,
      @ForAll @IntRange(min = -9, max = 9) int end,
      @ForAll @IntRange(min = -4, max = 4) int stride) {
    Tensor x = Tensor.arange(n * 6, DType.INT32).reshape(2, n, 3);
    int from = start < 0 ? start + n : start;
    int to = end < 0 ? end + n : end;
    boolean inside =
        stride > 0
            ? start >= -n && start <= n && end >= -n && end <= n && from <= to
            : stride < 0 && start >= -n - 1 && start < n && end >= -n - 1 && end < n && from >= to;
    if (!inside) {
      String message =
          assertThrows(TensorException.class, () -> x.slice(1, start, end, stride)).getMessage();
      assertTrue(message.startsWith("slice: "), message);
      return;
    }
    List<Integer> picks = indices(n, start, end, stride);
    Tensor part = x.slice(-2, start, end, stride);
    assertEquals(Shape.of(2, picks.size(), 3), part.shape());
    int[] expected =
        IntStream.range(0, 2)
            .flatMap(
                b ->
                    picks.stream()
                        .flatMapToInt(i -> IntStream.range(0, 3).map(c -> (b * n + i) * 3 + c)))
            .toArray();
    assertArrayEquals(expected, part.toIntArray());
    if (stride == 1) {
      assertArrayEquals(expected, x.slice(1, start, end).toIntArray());
    }
  }

  @Test
  void slicesAtTheEdge() {
    Tensor x = Tensor.arange(5, DType.INT32);
    assertArrayEquals(new int[] {3, 4}, x.slice(0, -2, 5).toIntArray());
    assertArrayEquals(new int[] {1, 2, 3}, x.slice(0, 1, -1).toIntArray());
    assertArrayEquals(new int[] {4, 3, 2, 1, 0}, x.slice(0, -1, -6, -1).toIntArray());
    assertArrayEquals(new int[] {4, 2}, x.slice(0, 4, 0, -2).toIntArray());
    assertArrayEquals(new int[] {4}, x.slice(0, 4, -6, Integer.MIN_VALUE).toIntArray());
    assertArrayEquals(new int[] {1}, x.slice(0, 1, 5, Integer.MAX_VALUE).toIntArray());
    String message = assertThrows(TensorException.class, () -> x.slice(0, -7, 2)).getMessage();
    assertEquals(
        "slice: -7 to 2 by 1 is outside axis 0 of [5]; need 0 <= start <= end <= 5, stride >= 1",
        message);
    message = assertThrows(TensorException.class, () -> x.slice(0, 5, 2, -1)).getMessage();
    assertEquals(
        "slice: 5 down to 2 by -1 is outside axis 0 of [5]; start at most at 4 and end there or"
            + " before, at -6 to include the first element",
        message);
    assertThrows(TensorException.class, () -> x.slice(0, 0, 5, 0));
  }

  @Property(tries = 100, seed = "487")
  void partsJoinToTheWhole(
      @ForAll @Size(min = 1, max = 5) List<@IntRange(max = 4) Integer> list,
      @ForAll @IntRange(max = 1) int axis) {
    int[] sizes = list.stream().mapToInt(Integer::intValue).toArray();
    int n = IntStream.of(sizes).sum();
    Tensor x = Tensor.arange(3 * n, DType.INT32).reshape(axis == 0 ? n : 3, axis == 0 ? 3 : n);
    List<Tensor> parts = x.split(sizes, axis);
    assertEquals(list, parts.stream().map(part -> part.shape().extent(axis)).toList());
    assertArrayEquals(x.toIntArray(), Tensor.concat(axis, parts).toIntArray());
    assertArrayEquals(
        x.toIntArray(), Tensor.concat(axis, parts.toArray(Tensor[]::new)).toIntArray());
    assertThrows(TensorException.class, () -> x.split(new int[] {n, 1}, axis));
    assertThrows(TensorException.class, () -> x.split(new int[] {n + 1, -1}, axis));
    List<Tensor> rows = Collections.nCopies(list.size(), x);
    for (int place = -3; place < 3; place++) {
      Tensor stacked = Tensor.stack(place, rows);
      int at = place;
      Tensor expected = Tensor.concat(place, rows.stream().map(t -> t.expandDims(at)).toList());
      assertEquals(expected.shape(), stacked.shape());
      assertArrayEquals(expected.toIntArray(), stacked.toIntArray());
    }
    assertArrayEquals(Tensor.stack(0, rows).toIntArray(), Tensor.stack(rows).toIntArray());
  }

  @Test
  void stackingNamesWhatDiffers() {
    String message =
        assertThrows(TensorException.class, () -> Tensor.stack(Tensor.ones(2), Tensor.ones(3)))
            .getMessage();
    assertTrue(message.startsWith("stack: float32 [3] does not stack on float32 [2]"), message);
    message = assertThrows(TensorException.class, () -> Tensor.stack(List.of())).getMessage();
    assertEquals("stack: no operands; give at least one", message);
  }

  @Test
  void axesOfExtentOneComeAndGo() {
    Tensor x = Tensor.arange(6, DType.INT32).reshape(2, 3);
    assertEquals(Shape.of(1, 2, 3), x.expandDims(0).shape());
    assertEquals(Shape.of(2, 1, 3), x.expandDims(1).shape());
    assertEquals(Shape.of(2, 3, 1), x.expandDims(2).shape());
    assertEquals(Shape.of(2, 3, 1), x.expandDims(-1).shape());
    assertEquals(Shape.of(1, 2, 3), x.expandDims(-3).shape());
    for (int axis = -3; axis < 3; axis++) {
      assertEquals(x.shape(), x.expandDims(axis).squeeze(axis).shape());
    }
    assertEquals(Shape.of(2, 3), x.reshape(1, 2, 1, 3, 1).squeeze().shape());
    assertEquals(Shape.of(2, 1, 3), x.reshape(1, 2, 1, 3, 1).squeeze(0, -1).shape());
    assertEquals(Shape.SCALAR, Tensor.scalar(1, DType.INT32).squeeze().shape());
    String message = assertThrows(TensorException.class, () -> x.squeeze(1)).getMessage();
    assertTrue(message.startsWith("squeeze: axis 1 of [2, 3] has extent 3"), message);
    message = assertThrows(TensorException.class, () -> x.expandDims(3)).getMessage();
    assertTrue(message.contains("expandDims: a new axis of [2, 3] cannot be at 3"), message);
  }

  @Property(tries = 200, seed = "7508")
  void theExtremesAreWhereTheyAre(
      @ForAll @Size(value = 6) List<@IntRange(min = -2, max = 2) Integer> list) {
    int[] values = list.stream().mapToInt(Integer::intValue).toArray();
    for (DType dtype : new DType[] {DType.FLOAT32, DType.INT32, DType.INT64}) {
      Tensor x = Tensor.of(values, 2, 3).cast(dtype);
      assertEquals(list.indexOf(Collections.max(list)), x.argMax().item());
      assertEquals(list.indexOf(Collections.min(list)), x.argMin().item());
      assertArrayEquals(
          IntStream.range(0, 2)
              .map(
                  row -> {
                    List<Integer> of = list.subList(row * 3, row * 3 + 3);
                    return of.indexOf(Collections.min(of));
                  })
              .toArray(),
          x.argMin(1).toIntArray());
    }
  }

  @Test
  void theSmallestIntegerIsTheSmallest() {
    assertEquals(2, Tensor.tensor(0, 7, Integer.MIN_VALUE, -1).argMin().item());
    assertThrows(TensorException.class, () -> Tensor.of(new int[0], 0).argMin());
  }

  @Test
  void intsAreExactOrRefused() {
    assertArrayEquals(new int[] {-2, 2}, Tensor.tensor(-2.9, 2.9).toIntArray());
    assertArrayEquals(new int[] {1}, Tensor.scalar(1, DType.BOOL).toIntArray());
    assertArrayEquals(
        new int[] {Integer.MIN_VALUE}, Tensor.tensor((long) Integer.MIN_VALUE).toIntArray());
    String message =
        assertThrows(TensorException.class, () -> Tensor.tensor(1L, 1L << 40).toIntArray())
            .getMessage();
    assertTrue(message.startsWith("toIntArray: element 1 is 1099511627776"), message);
  }

  @Test
  void closenessGoesByTheDType() {
    Tensor x = Tensor.tensor(1.0, 1000);
    assertTrue(x.allClose(x.mul(1 + 5e-8)));
    assertFalse(x.allClose(x.mul(1 + 1e-6)));
    assertTrue(x.cast(DType.FLOAT32).allClose(x.mul(1 + 1e-6)));
    assertFalse(x.cast(DType.FLOAT32).allClose(x.mul(1 + 2e-5)));
    assertTrue(x.cast(DType.FLOAT16).allClose(x.mul(1 + 5e-4)));
    assertTrue(x.cast(DType.BFLOAT16).allClose(x.mul(1 + 1e-2)));
    assertFalse(x.cast(DType.FLOAT16).allClose(x.mul(1 + 1e-2)));
    assertTrue(Tensor.tensor(1, 2).allClose(Tensor.tensor(1, 2)));
    assertFalse(Tensor.tensor(1, 2).allClose(Tensor.tensor(1, 3)));
    assertFalse(x.allClose(x.reshape(2, 1)));
  }

  @Test
  void oneHotRowsAreFloats() {
    Tensor rows = Tensor.tensor(2, 0).oneHot(3);
    assertEquals("[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]] float32 [2, 3]", rows.toString());
  }
}
