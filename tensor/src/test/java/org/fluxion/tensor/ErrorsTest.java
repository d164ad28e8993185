package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A mistake is named by the function that was called, with the shapes it was given. */
class ErrorsTest {
  private static String message(Executable mistake) {
    return assertThrows(TensorException.class, mistake).getMessage();
  }

  private static void assertSays(String expected, Executable mistake) {
    String message = message(mistake);
    assertTrue(message.contains(expected), message);
  }

  private static final Map<String, BiFunction<Tensor, int[], Tensor>> OVER_AXES =
      new LinkedHashMap<>();

  private static final Map<String, UnaryOperator<Tensor>> FLOATING = new LinkedHashMap<>();

  private static final Map<String, BinaryOperator<Tensor>> BINARY = new LinkedHashMap<>();

  static {
    OVER_AXES.put("sum", Tensor::sum);
    OVER_AXES.put("mean", Tensor::mean);
    OVER_AXES.put("variance", Tensor::variance);
    OVER_AXES.put("standardDeviation", Tensor::standardDeviation);
    OVER_AXES.put("product", Tensor::product);
    OVER_AXES.put("norm", Tensor::norm);
    OVER_AXES.put("sumNorm", Tensor::sumNorm);
    OVER_AXES.put("maximumNorm", Tensor::maximumNorm);
    OVER_AXES.put("max", Tensor::max);
    OVER_AXES.put("min", Tensor::min);
    OVER_AXES.put("logSumExp", Tensor::logSumExp);
    OVER_AXES.put("flip", Tensor::flip);
    FLOATING.put("mean", Tensor::mean);
    FLOATING.put("variance", Tensor::variance);
    FLOATING.put("standardDeviation", Tensor::standardDeviation);
    FLOATING.put("norm", Tensor::norm);
    FLOATING.put("logSumExp", Tensor::logSumExp);
    FLOATING.put("softmax", x -> x.softmax(0));
    FLOATING.put("logSoftmax", x -> x.logSoftmax(0));
    FLOATING.put("sigmoid", Tensor::sigmoid);
    FLOATING.put("dropout", x -> x.dropout(0.5, RandomKey.of(1)));
    FLOATING.put("exp", Tensor::exp);
    FLOATING.put("sqrt", Tensor::sqrt);
    BINARY.put("add", Tensor::add);
    BINARY.put("sub", Tensor::sub);
    BINARY.put("mul", Tensor::mul);
    BINARY.put("div", Tensor::div);
    BINARY.put("pow", Tensor::pow);
    BINARY.put("maximum", Tensor::maximum);
    BINARY.put("minimum", Tensor::minimum);
    BINARY.put("equal", Tensor::equal);
    BINARY.put("less", Tensor::less);
    BINARY.put("lessEqual", Tensor::lessEqual);
    BINARY.put("greater", Tensor::greater);
    BINARY.put("greaterEqual", Tensor::greaterEqual);
    BINARY.put("where", (a, b) -> Tensor.where(Tensor.tensor(1, 2).less(Tensor.tensor(2)), a, b));
  }

  @Test
  void anAxisThatIsNotThereIsNamedWithTheFunction() {
    Tensor x = Tensor.ones(2, 3);
    Tensor scalar = Tensor.scalar(1, DType.FLOAT32);
    OVER_AXES.forEach(
        (name, f) -> {
          assertEquals(
              name + ": axis 5 is out of range for shape [2, 3]; give one from -2 to 1",
              message(() -> f.apply(x, new int[] {5})));
          assertEquals(
              name + ": there is no axis 0 of a scalar, shape []; reshape it to [1] to give it one",
              message(() -> f.apply(scalar, new int[] {0})));
          assertEquals(
              name + ": axis 0 is named twice in [0, -2] for shape [2, 3]; name each axis once",
              message(() -> f.apply(x, new int[] {0, -2})));
        });
    Map<String, UnaryOperator<Tensor>> alongOne = new LinkedHashMap<>();
    alongOne.put("argMax", t -> t.argMax(2));
    alongOne.put("cumulativeSum", t -> t.cumulativeSum(2));
    alongOne.put("softmax", t -> t.softmax(2));
    alongOne.put("logSoftmax", t -> t.logSoftmax(2));
    alongOne.put("permute", t -> t.permute(0, 2));
    alongOne.put("slice", t -> t.slice(2, 0, 1));
    alongOne.put("pad", t -> t.pad(2, 0, 1));
    alongOne.put("split", t -> t.split(1, 2).get(0));
    alongOne.put("concat", t -> Tensor.concat(2, t, t));
    alongOne.put("argSort", t -> t.argSort(2));
    alongOne.put("argSortDescending", t -> t.argSortDescending(2));
    alongOne.put("topK", t -> t.topK(1, 2).values());
    alongOne.put("takeAlong", t -> t.takeAlong(Tensor.tensor(1), 2));
    alongOne.forEach(
        (name, f) ->
            assertEquals(
                name + ": axis 2 is out of range for shape [2, 3]; give one from -2 to 1",
                message(() -> f.apply(x))));
  }

  @Test
  void operandsThatDifferAreNamedAsTheyWereGiven() {
    Tensor floats = Tensor.ones(1, 2);
    Tensor doubles = Tensor.of(new double[2], 2, 1);
    BINARY.forEach(
        (name, f) -> {
          assertEquals(
              name + ": dtypes differ: float32 [1, 2] and float64 [2, 1]; cast one of them",
              message(() -> f.apply(floats, doubles)));
          assertSays(
              name + ": shapes do not broadcast: [3, 1] and [2, 2]",
              () -> f.apply(Tensor.ones(3, 1), Tensor.ones(2, 2)));
        });
    assertSays(
        "where: expected bool, got float32 [1, 2]",
        () -> Tensor.where(floats.sum(0), floats, floats));
    assertEquals(
        "take: expected a table of rank 1 or more and integer indices, got [3, 2] and float32 [4];"
            + " cast the indices to int32",
        message(() -> Tensor.ones(3, 2).take(Tensor.ones(4))));
    assertSays(
        "takeAlong: expected integer indices, got float32 [3, 1]",
        () -> Tensor.ones(3, 2).takeAlong(Tensor.ones(3, 1), 1));
  }

  @Test
  void whatOnlyStoresValuesHasNoArithmetic() {
    for (DType dtype : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      Tensor half = Tensor.ones(2, 2).cast(dtype);
      String refusal = ": " + dtype + " only stores values; cast to float32 first";
      FLOATING.forEach((name, f) -> assertEquals(name + refusal, message(() -> f.apply(half))));
      BINARY.forEach(
          (name, f) -> {
            if (!name.equals("where")) {
              assertEquals(name + refusal, message(() -> f.apply(half, half)));
            }
          });
      OVER_AXES.forEach(
          (name, f) -> {
            if (!name.equals("flip")) {
              assertSays(" only stores values", () -> f.apply(half, new int[] {0}));
            }
          });
      assertEquals("matmul" + refusal, message(() -> half.matmul(half)));
      assertEquals("argMax" + refusal, message(() -> half.argMax(0)));
      Tensor moved =
          Tensor.concat(0, half.flip(0).transpose().pad(0, 1, 0), half).take(Tensor.tensor(1, 0));
      assertEquals(2, moved.cast(DType.FLOAT32).sum().item());
    }
  }

  @Test
  void fractionsOfIntegersAreRefused() {
    FLOATING.forEach(
        (name, f) ->
            assertEquals(
                name + ": expected float32 or float64, got int32 [3]; cast it first",
                message(() -> f.apply(Tensor.tensor(1, 2, 4)))));
  }

  @Test
  void paddingNamesItsShapeAndCountsWithoutOverflow() {
    assertEquals(
        "pad: -1 before, 0 after and 0 between the elements of axis 1 of [2, 3];"
            + " give amounts of at least 0, and slice to take elements away",
        message(() -> Tensor.ones(2, 3).pad(1, -1, 0)));
    assertSays(
        "pad: axis 1 of [2, 3]: an axis would have 4294967297 elements",
        () -> Tensor.ones(2, 3).pad(1, Integer.MAX_VALUE, Integer.MAX_VALUE));
    int half = 1 << 30;
    Tensor long1 = Tensor.ones(1).broadcastTo(Shape.of(half));
    assertSays(
        "concat: axis 0: an axis would have 2147483648", () -> Tensor.concat(0, long1, long1));
  }

  @Test
  void aReshapeNamesWhatWasAskedFor() {
    assertEquals(
        "reshape: [2, 3] has 6 elements, which do not divide into [-1, 4]; the given extents'"
            + " product must divide them",
        message(() -> Tensor.ones(2, 3).reshape(-1, 4)));
    assertSays("only one extent", () -> Tensor.ones(2, 3).reshape(-1, -1));
    assertSays("[-1, 0]", () -> Tensor.ones(2, 3).reshape(-1, 0));
    assertSays(
        "do not divide into [-1, 65536, 65536, 65536, 65536]",
        () -> Tensor.ones(2, 3).reshape(-1, 65536, 65536, 65536, 65536));
    assertSays("an extent is negative: [2, -3]", () -> Tensor.ones(2, 3).reshape(2, -3));
    assertEquals(Shape.of(0, 4), Tensor.ones(0, 2).reshape(-1, 4).shape());
    assertEquals(Shape.of(3, 2), Tensor.ones(2, 3).reshape(-1, 2).shape());
  }

  @Test
  void aShapeThatIsTooLargeIsNamed() {
    int large = 1 << 30;
    assertEquals(
        "shape: [1073741824, 1073741824, 1073741824] has more than 2⁶³ − 1 elements;"
            + " give smaller extents",
        message(() -> Shape.of(large, large, large)));
    assertEquals(0, Shape.of(large, large, large, large, 0).elements());
    assertEquals(1L << 60, Shape.of(large, large).elements());
    assertSays("more bytes than can be counted", () -> HostData.allocate(DType.FLOAT64, 1L << 61));
    Tensor wide = Tensor.scalar(1, DType.FLOAT32).broadcastTo(Shape.of(large, 2));
    Tensor images = Tensor.ones(1).broadcastTo(Shape.of(1, 1, 1 << 17, 1 << 17));
    assertSays(
        "unfold: positions in [1, 1, 131072, 131072]: an axis would have 17179869184 elements",
        () -> Tensor.apply(new Op.Unfold(new Op.Window(1, 1, 1, 0)), List.of(images)));
    assertSays("product: an axis would have 2147483648 elements", wide::product);
  }

  @Test
  void theExtremeOfNoElementsIsNamedByItsFunction() {
    Tensor empty = Tensor.ones(0, 3);
    assertSays("max: axis 0 of [0, 3] is empty", () -> empty.max(0));
    assertSays("min: axis 0 of [0, 3] is empty", () -> empty.min(0));
    assertSays("argMax: axis 0 of [0, 3] is empty", () -> empty.argMax(0));
    assertEquals(Shape.of(0), empty.max(1).shape());
  }

  @Test
  void whatDoesNotCountIsRefused() {
    assertSays("arange: bool [3] cannot count", () -> Tensor.arange(3, DType.BOOL));
    assertSays("fold(-1)", () -> RandomKey.of(1).fold(-1));
    assertSays("window: 2 × 3 by 0 with padding 1", () -> new Op.Window(2, 3, 0, 1));
    assertSays("window: 0 × 3 by 1", () -> new Op.Window(0, 3, 1, 0));
    assertSays("window: 2 × 0 by 1", () -> new Op.Window(2, 0, 1, 0));
    assertSays("padding -1", () -> new Op.Window(2, 2, 1, -1));
  }
}
