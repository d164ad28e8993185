package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The laws in dtypes of few digits: what is right obeys them, and most of it is certified; what is
 * wrong breaks them as it does in float64.
 */
class LowPrecisionLawsTest {
  private static final List<DType> DTYPES = List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16);

  private static final int TRIES = 4;

  private static final int PROGRAMS = 6;

  private record Row(Function<List<Tensor>, Tensor> function, int[]... shapes) {}

  private static final Map<String, Row> RIGHT = new LinkedHashMap<>();

  static {
    int[] matrix = {3, 4};
    RIGHT.put("gelu", new Row(x -> gelu(x.get(0)), matrix));
    RIGHT.put("layer norm", new Row(x -> layerNorm(x.get(0)), matrix));
    RIGHT.put("softmax", new Row(x -> x.get(0).softmax(-1), matrix));
    RIGHT.put("log-sum-exp", new Row(x -> x.get(0).logSumExp(-1), matrix));
    RIGHT.put(
        "matmul and tanh",
        new Row(x -> x.get(0).matmul(x.get(1)).tanh(), matrix, new int[] {4, 2}));
    RIGHT.put(
        "attention",
        new Row(
            x -> Attention.over(x.get(0), x.get(1), x.get(2)).output(),
            new int[] {2, 3},
            new int[] {4, 3},
            new int[] {4, 2}));
  }

  private static Tensor gelu(Tensor x) {
    return x.mul(0.5).mul(x.mul(Math.sqrt(0.5)).erf().add(1));
  }

  private static Tensor layerNorm(Tensor x) {
    Tensor centred = x.sub(x.meanKeep(-1));
    return centred.div(centred.square().meanKeep(-1).add(1e-5).sqrt());
  }

  /** Of values that are stored in a dtype, as they are stored in it. */
  private static Laws laws(Row row, DType dtype) {
    TensorGenerator[] arguments =
        Stream.of(row.shapes())
            .map(shape -> tensors().dtype(dtype).shape(shape))
            .toArray(TensorGenerator[]::new);
    return Laws.ofMany(x -> List.of(stored(row.function(), x, dtype))).over(arguments);
  }

  private static Tensor stored(
      Function<List<Tensor>, Tensor> f, List<Tensor> arguments, DType dtype) {
    return dtype.isStorageOnly()
        ? f.apply(arguments.stream().map(x -> x.cast(DType.FLOAT32)).toList()).cast(dtype)
        : f.apply(arguments);
  }

  private static Stream<DynamicTest> inEveryDtype(String name, Consumer<DType> test) {
    return DTYPES.stream()
        .map(dtype -> DynamicTest.dynamicTest(name + " in " + dtype, () -> test.accept(dtype)));
  }

  @TestFactory
  Stream<DynamicTest> whatIsRightObeysTheLawsAndMostOfItIsCertified() {
    return RIGHT.entrySet().stream()
        .flatMap(
            e ->
                inEveryDtype(
                    e.getKey(),
                    dtype -> {
                      Laws laws = laws(e.getValue(), dtype);
                      laws.order(2).tries(1).check();
                      LawReport report = laws.order(1).tries(TRIES).check();
                      for (Law law : Law.upTo(1)) {
                        assertTrue(report.share(law) >= 0.5, report.toString());
                      }
                    }));
  }

  private static final Map<String, CustomFunction> WRONG =
      Map.of(
          "a missing factor",
          CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x)),
          "a sign",
          CustomFunction.of("cosine", Tensor::cos, (x, y, dx) -> dx.mul(x.sin())),
          "a transposed operand",
          CustomFunction.of(
              "x times x",
              x -> x.matmul(x),
              (x, y, dx) -> dx.matmul(x).add(x.matmul(dx.permute(1, 0)))),
          "a running sum the other way",
          CustomFunction.of(
              "running sum",
              x -> x.cumulativeSum(-1),
              (x, y, dx) -> dx.flip(-1).cumulativeSum(-1).flip(-1)),
          "a value taken for a constant",
          CustomFunction.of(
              "tanh",
              Tensor::tanh,
              (x, y, dx) -> dx.mul(Autodiff.stopGradient(y).square().neg().add(1))));

  @TestFactory
  Stream<DynamicTest> whatIsWrongIsFound() {
    return WRONG.entrySet().stream()
        .flatMap(
            e ->
                inEveryDtype(
                    e.getKey(),
                    dtype -> {
                      Row row = new Row(x -> e.getValue().apply(x.get(0)), new int[] {2, 2});
                      LawBroken broken =
                          assertThrows(LawBroken.class, () -> laws(row, dtype).check());
                      assertTrue(
                          Set.of("DIFFERENCES", "CURVATURE").contains(broken.law()),
                          broken.getMessage());
                    }));
  }

  /** What a cast cuts off is known, so that less than a digit shows too. */
  @TestFactory
  Stream<DynamicTest> aSlipInTheFifthDigitIsFound() {
    CustomFunction slip =
        CustomFunction.of("sine", Tensor::sin, (x, y, dx) -> dx.mul(x.cos()).mul(1.0001));
    Row row = new Row(x -> slip.apply(x.get(0)), new int[] {3});
    return inEveryDtype(
        "a slip", dtype -> assertThrows(LawBroken.class, () -> laws(row, dtype).check()));
  }

  @Test
  void theReaderGetsWhatItTakesToComputeTheElement() {
    CustomFunction square = CustomFunction.of("square", Tensor::square, (x, y, dx) -> dx.mul(x));
    Row row = new Row(x -> square.apply(x.get(0)), new int[] {2});
    LawBroken broken =
        assertThrows(
            LawBroken.class, () -> laws(row, DType.BFLOAT16).only(Law.DIFFERENCES).check());
    String message = broken.getMessage();
    assertTrue(message.contains("expected 2.0, got 1.0"), message);
    assertTrue(
        message.endsWith(
            """
            at
            Tensor x0 = Tensor.of(new float[] {1}, 1).cast(DType.BFLOAT16);
            along
            Tensor v0 = Tensor.of(new float[] {1}, 1).cast(DType.BFLOAT16);\
            """),
        message);
  }

  /** All that a law uses is printed, and nothing that it does not. */
  @Test
  void directionsHaveTheNamesThatTheLawsUse() {
    CustomFunction product =
        CustomFunction.of(
            "centred product",
            x -> x.mul(x.mean()),
            (x, y, dx) -> dx.mul(Autodiff.stopGradient(x.mean())).add(x.mul(dx.mean())));
    Row row = new Row(x -> product.apply(x.get(0)), new int[] {2});
    LawBroken broken =
        assertThrows(LawBroken.class, () -> laws(row, DType.FLOAT32).only(Law.SYMMETRY).check());
    List<String> lines = broken.getMessage().lines().toList();
    List<String> names =
        lines.subList(lines.indexOf("along") + 1, lines.size()).stream()
            .map(line -> line.substring("Tensor ".length(), line.indexOf(" =")))
            .toList();
    assertEquals(List.of("v0", "w0", "c0"), names);
  }

  /** What leaves the range is not wrong, and shows nothing either. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
  void whatOverflowsIsExcused(DType dtype) {
    double most = dtype == DType.FLOAT16 ? 20 : 89;
    Row row = new Row(x -> x.get(0).exp(), new int[] {3});
    TensorGenerator large = tensors().dtype(dtype).shape(3).between(most, most + 5);
    for (long seed = 0; seed < TRIES; seed++) {
      Example example =
          new FunctionExample(
              x -> List.of(stored(row.function(), x, dtype)),
              List.of(large.draw(Seeds.spread(seed))));
      for (Law law : List.of(Law.VALUE, Law.LINEARITY, Law.DUALITY, Law.DIFFERENCES)) {
        Verdict verdict = Laws.checked(example, law, seed);
        assertEquals(0, verdict.certified(), law.toString());
        assertTrue(verdict.excused() > 0, law.toString());
      }
    }
    // Nor may who asks believe that it was shown.
    Laws laws = laws(row, dtype).over(large).tries(TRIES);
    assertThrows(TensorException.class, laws::check);
  }

  /** Zeros of both signs, ties, and numbers at both ends of the range. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
  void edgesBreakNothing(DType dtype) {
    Row row = new Row(x -> gelu(x.get(0)).maximum(x.get(0).neg()), new int[] {6});
    laws(row, dtype).over(tensors().dtype(dtype).shape(6).edges()).tries(TRIES).check();
  }

  /** A layer whose parameters are stored in few digits, and what it passes on as well. */
  @Test
  void aLayerInMixedDtypes() {
    Tensor weights = Tensor.of(new float[] {0.5f, -1, 2, 0.25f}, 2, 2).cast(DType.BFLOAT16);
    Tensors example = new Tensors(List.of(weights, Tensor.tensor(1f, -0.5f).reshape(1, 2)));
    Function<Tensors, Tensors> layer =
        in -> {
          Tensor w = in.leaves().get(0).cast(DType.FLOAT32);
          Tensor hidden = in.leaves().get(1).matmul(w).cast(DType.BFLOAT16);
          return new Tensors(List.of(hidden.cast(DType.FLOAT32).tanh()));
        };
    LawReport report = Laws.near(layer, example).tries(TRIES).check();
    assertTrue(report.share(Law.DIFFERENCES) > 0.5, report.toString());
  }

  @TestFactory
  Stream<DynamicTest> everyOperationObeysTheLaws() {
    return OperationExamples.rows(DType.FLOAT32).stream()
        .map(
            row -> DynamicTest.dynamicTest(row.op().getSimpleName(), () -> checkInFloat32(row, 0)));
  }

  private static final List<Law> LAWS_OF_OPERATIONS =
      List.of(Law.LINEARITY, Law.DUALITY, Law.DIFFERENCES, Law.TRANSPOSE, Law.SYMMETRY);

  private static void checkInFloat32(OpTable.Row row, long seed) {
    Example example = OperationExamples.of(row, DType.FLOAT32, seed);
    for (Law law : LAWS_OF_OPERATIONS) {
      Laws.checked(example, law, seed);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Law.class, names = "THIRD_ORDER", mode = EnumSource.Mode.EXCLUDE)
  void programsObeyTheLaws(Law law) {
    RandomPrograms.Settings settings = new RandomPrograms.Settings(DType.FLOAT32, 12, true);
    long certified = 0;
    long excused = 0;
    for (long seed = 0; seed < PROGRAMS; seed++) {
      Verdict verdict = Laws.checked(RandomPrograms.draw(seed, settings), law, seed);
      certified += verdict.certified();
      excused += verdict.excused();
    }
    assertTrue(certified > excused, law + ": " + certified + " certified, " + excused);
  }
}
