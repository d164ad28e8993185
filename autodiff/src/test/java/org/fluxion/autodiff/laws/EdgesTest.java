package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Edges are what their dtype has, show faults that nothing else shows, and blame nobody else. */
class EdgesTest {
  private static final List<DType> FLOATING =
      Stream.of(DType.values()).filter(DType::isFloating).toList();

  /**
   * The smallest subnormal number, the smallest normal one, the largest, those beside 1, and those
   * beside a half.
   */
  private static final Map<DType, List<Double>> KNOWN =
      Map.of(
          DType.FLOAT64,
          List.of(
              Double.MIN_VALUE,
              Double.MIN_NORMAL,
              Double.MAX_VALUE,
              Math.nextUp(1.0),
              Math.nextDown(1.0),
              Math.nextUp(0.5),
              Math.nextDown(0.5)),
          DType.FLOAT32,
          List.of(
              (double) Float.MIN_VALUE,
              (double) Float.MIN_NORMAL,
              (double) Float.MAX_VALUE,
              (double) Math.nextUp(1f),
              (double) Math.nextDown(1f),
              (double) Math.nextUp(0.5f),
              (double) Math.nextDown(0.5f)),
          DType.FLOAT16,
          List.of(
              0x1p-24, 0x1p-14, 65504.0, 1 + 0x1p-10, 1 - 0x1p-11, 0.5 + 0x1p-11, 0.5 - 0x1p-12),
          DType.BFLOAT16,
          List.of(
              0x1p-133, 0x1p-126, 0x1.FEp127, 1 + 0x1p-7, 1 - 0x1p-8, 0.5 + 0x1p-8, 0.5 - 0x1p-9));

  private static Set<Double> drawn(TensorGenerator generator) {
    return Stream.iterate(0L, seed -> seed < 60, seed -> seed + 1)
        .flatMap(seed -> elements(generator.draw(Seeds.spread(seed))).boxed())
        .collect(Collectors.toSet());
  }

  private static DoubleStream elements(Tensor x) {
    return DoubleStream.of(x.value().toDoubles());
  }

  private static Set<Double> ofBothSigns(List<Double> numbers) {
    Set<Double> all = new HashSet<>(numbers);
    numbers.forEach(x -> all.add(-x));
    return all;
  }

  @Test
  void edgesAreWhatTheirDtypeHas() {
    for (DType dtype : FLOATING) {
      Set<Double> edges = drawn(tensors().dtype(dtype).shape(100).edges());
      for (double known : ofBothSigns(KNOWN.get(dtype))) {
        assertTrue(edges.contains(known), dtype + ": " + known);
      }
      assertTrue(edges.containsAll(List.of(0.0, -0.0, 0.5, 1.0, -1.0, 2.0)), dtype.toString());
      assertTrue(edges.stream().allMatch(Double::isFinite), dtype.toString());
      Set<Double> wild = drawn(tensors().dtype(dtype).shape(100).wild());
      assertTrue(
          wild.containsAll(
              List.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0)));
    }
  }

  /** None is rounded to another. */
  @ParameterizedTest
  @EnumSource(Edge.class)
  void edgesAreExact(Edge edge) {
    for (DType dtype : FLOATING) {
      HostData one = HostData.allocate(dtype, 1);
      for (double x : edge.of(dtype)) {
        one.setDouble(0, x);
        assertEquals(x, one.getDouble(0), dtype.toString());
      }
    }
  }

  /** The largest power of two that is so. */
  @Test
  void oneOfTheTinyOnesIsZeroWhenSquared() {
    for (DType dtype : FLOATING) {
      HostData one = HostData.allocate(dtype, 1);
      List<Double> vanishing =
          Edge.TINY.of(dtype).stream()
              .filter(
                  x -> {
                    one.setDouble(0, x * x);
                    return one.getDouble(0) == 0;
                  })
              .toList();
      double most = vanishing.stream().mapToDouble(x -> x).max().orElseThrow();
      one.setDouble(0, 4 * most * most);
      assertTrue(one.getDouble(0) > 0, dtype + ": " + most);
    }
  }

  @Test
  void integersReachTheirEnds() {
    for (DType dtype : List.of(DType.INT32, DType.INT64)) {
      Set<Double> drawn = drawn(tensors().dtype(dtype).shape(100).edges());
      double least = dtype == DType.INT32 ? Integer.MIN_VALUE : Long.MIN_VALUE;
      double most = dtype == DType.INT32 ? Integer.MAX_VALUE : Long.MAX_VALUE;
      assertTrue(drawn.containsAll(List.of(least, most, 0.0, 1.0, -1.0, 2.0)), drawn.toString());
    }
  }

  /** Whoever says where a function is defined need not fear edges elsewhere. */
  @Test
  void boundsOfOnesOwnBoundTheEdgesToo() {
    for (TensorGenerator generator :
        List.of(tensors().between(0.25, 3).edges(), tensors().edges().between(0.25, 3))) {
      Set<Double> drawn = drawn(generator.shape(100));
      assertTrue(drawn.stream().allMatch(x -> x >= 0.25 && x <= 3), drawn.toString());
      assertTrue(drawn.containsAll(List.of(0.25, 0.5, Math.nextUp(1.0), 3.0)), drawn.toString());
    }
    Set<Double> wild = drawn(tensors().between(0.25, 3).wild().shape(100));
    assertTrue(wild.contains(Double.NaN) && !wild.contains(0.0), wild.toString());
    assertTrue(drawn(tensors().wild().smooth()).stream().allMatch(x -> Math.abs(x) < 2));
  }

  /** One that overflows excuses all that it is added to. */
  @Test
  void manyTensorsHaveNoneThatOverflows() {
    for (DType dtype : FLOATING) {
      double large = Math.sqrt(KNOWN.get(dtype).get(2));
      assertTrue(share(tensors().dtype(dtype).edges(), x -> Math.abs(x) < large / 2) > 0.3);
      assertTrue(share(tensors().dtype(dtype).wild(), Double::isFinite) > 0.3);
    }
  }

  /** Of how many large tensors all elements are so. */
  private static double share(TensorGenerator generator, DoublePredicate all) {
    int tensors = 100;
    long such =
        Stream.iterate(0L, seed -> seed < tensors, seed -> seed + 1)
            .filter(seed -> elements(generator.shape(200).draw(Seeds.spread(seed))).allMatch(all))
            .count();
    return (double) such / tensors;
  }

  private static final Map<String, UnaryOperator<Tensor>> USUAL = new LinkedHashMap<>();

  static {
    USUAL.put("identity", x -> x.mul(1));
    USUAL.put("exp", Tensor::exp);
    USUAL.put("expm1", Tensor::expm1);
    USUAL.put("log", x -> x.abs().log());
    USUAL.put("log1p", x -> x.abs().log1p());
    USUAL.put("softplus", x -> x.exp().log1p());
    USUAL.put("tanh", Tensor::tanh);
    USUAL.put("sigmoid", Tensor::sigmoid);
    USUAL.put("gelu", x -> x.mul(0.5).mul(x.mul(Math.sqrt(0.5)).erf().add(1)));
    USUAL.put("erf", Tensor::erf);
    USUAL.put("square root", x -> x.abs().add(1).sqrt());
    USUAL.put("root of magnitude", x -> x.abs().sqrt());
    USUAL.put("sine", Tensor::sin);
    USUAL.put("magnitude", Tensor::abs);
    USUAL.put("floor", Tensor::floor);
    USUAL.put("fraction", x -> x.sub(x.floor()));
    USUAL.put("square", Tensor::square);
    USUAL.put("clamp", x -> x.maximum(-1).minimum(1));
    USUAL.put("reciprocal", x -> x.onesLike().div(x));
    USUAL.put("reciprocal of square", x -> x.onesLike().div(x.square()));
    USUAL.put("norm", x -> x.square().sum().add(1e-5).sqrt());
    USUAL.put("maximum", x -> x.max(-1));
    USUAL.put("softmax", x -> x.softmax(-1));
    USUAL.put("log-sum-exp", x -> x.logSumExp(-1));
    USUAL.put("product", x -> x.matmul(x));
    USUAL.put(
        "layer norm",
        x -> {
          Tensor centred = x.sub(x.meanKeep(-1));
          return centred.div(centred.square().meanKeep(-1).add(1e-5).sqrt());
        });
  }

  private static Laws laws(UnaryOperator<Tensor> f, DType dtype) {
    return Laws.of(
        x -> dtype.isStorageOnly() ? f.apply(x.cast(DType.FLOAT32)).cast(dtype) : f.apply(x));
  }

  /** What is right breaks no law, and enough of it is certified. */
  @TestFactory
  Stream<DynamicTest> whatIsRightStaysRight() {
    return FLOATING.stream()
        .flatMap(
            dtype ->
                USUAL.entrySet().stream()
                    .map(
                        row ->
                            DynamicTest.dynamicTest(
                                row.getKey() + " in " + dtype,
                                () -> requireRight(row.getValue(), dtype))));
  }

  private static void requireRight(UnaryOperator<Tensor> f, DType dtype) {
    TensorGenerator matrices = tensors().dtype(dtype).shape(3, 3);
    Laws laws = laws(f, dtype).order(2);
    LawReport report = laws.over(matrices.edges()).tries(8).check();
    for (Law law : Law.upTo(2)) {
      assertTrue(report.certified().get(law) > 0, report.toString());
    }
    assertTrue(report.share(Law.VALUE) > 0.5, report.toString());
    assertTrue(report.share(Law.DIFFERENCES) > 0.2, report.toString());
    laws.over(matrices.wild()).tries(3).check();
  }

  /** No step is smaller than what it is from the pole, the jump or the cusp. */
  @Test
  void pastAPoleThereIsNoSlope() {
    UnaryOperator<Tensor> reciprocal = USUAL.get("reciprocal");
    for (double x : new double[] {0x1p-52, -0x1p-52, 1e-8, 0x1p-40}) {
      Laws.of(reciprocal).at(Tensor.tensor(x)).tries(5).check();
      Laws.of(USUAL.get("reciprocal of square")).at(Tensor.tensor(x)).tries(5).check();
      Laws.of(USUAL.get("root of magnitude")).at(Tensor.tensor(x)).tries(5).check();
      Laws.of(Tensor::log).at(Tensor.tensor(x)).tries(5).check();
    }
    // Where there is room for a step, one tells.
    CustomFunction wrong = CustomFunction.of("wrong", reciprocal, (x, y, dx) -> dx.mul(y.square()));
    for (double x : new double[] {1, 0.1, 1e-3}) {
      assertThrows(LawBroken.class, () -> Laws.of(wrong).at(Tensor.tensor(x)).check());
    }
  }

  /** Nor past a bend that is sharper than any step, though slopes to both sides are the same. */
  @Test
  void pastASharpBendThereIsNoSlope() {
    UnaryOperator<Tensor> direction = x -> x.div(x.square().add(1e-12).sqrt());
    UnaryOperator<Tensor> entropy = x -> x.mul(x.abs().log());
    UnaryOperator<Tensor> safeEntropy =
        x -> {
          Tensor isPositive = x.greater(0);
          Tensor positive = Tensor.where(isPositive, x, x.onesLike());
          return Tensor.where(isPositive, x.mul(positive.log()), x.zerosLike());
        };
    UnaryOperator<Tensor> power = x -> x.abs().pow(Tensor.full(0.9, x.shape(), DType.FLOAT64));
    for (double x : new double[] {0, Double.MIN_NORMAL, 0x1p-52, 1e-8}) {
      Tensor here = Tensor.tensor(x);
      Stream.of(direction, entropy, safeEntropy, power)
          .forEach(f -> Laws.of(f).at(here).order(1).tries(5).check());
    }
    // Where there is room for a step, one tells.
    CustomFunction wrong =
        CustomFunction.of("wrong", entropy::apply, (x, y, dx) -> dx.mul(x.abs().log()));
    for (double x : new double[] {1, 0.1, 1e-3}) {
      assertThrows(LawBroken.class, () -> Laws.of(wrong).at(Tensor.tensor(x)).check());
    }
  }

  /** 1/e² is no zero where e² is no number, and their product is 1. */
  @Test
  void whatVanishesIsNotZero() {
    Laws.of(USUAL.get("softplus")).at(Tensor.tensor(709.0)).tries(1).check();
    Tensor row = Tensor.of(new double[] {0, 0, 0x1p512}, 1, 3);
    Laws.of(USUAL.get("layer norm")).at(row).tries(1).check();
  }

  /** What vanished is a zero to what is divided by it: 0/0 is no slope, where there is one. */
  @Test
  void whatIsDividedByWhatVanishesIsWrong() {
    UnaryOperator<Tensor> logSigmoid = x -> x.minimum(0).sub(x.abs().neg().exp().log1p());
    CustomFunction bySigmoid =
        CustomFunction.of(
            "logSigmoid",
            logSigmoid,
            (x, y, dx) -> dx.mul(x.sigmoid().mul(x.neg().sigmoid()).div(x.sigmoid())));
    CustomFunction square =
        CustomFunction.of(
            "negative square",
            x -> x.square().neg(),
            (x, y, dx) -> dx.mul(y.exp().mul(x).mul(-2).div(y.exp())));
    CustomFunction byLogarithm =
        CustomFunction.of("identity", x -> x.mul(1), (x, y, dx) -> dx.mul(x.exp().log().div(x)));
    CustomFunction byPower =
        CustomFunction.of(
            "identity",
            x -> x.mul(1),
            (x, y, dx) -> dx.mul(x.exp().pow(Tensor.full(-1, x.shape(), x.dtype()))));
    for (CustomFunction wrong : List.of(byLogarithm, byPower)) {
      assertThrows(LawBroken.class, () -> Laws.of(wrong).at(Tensor.tensor(-800.0)).check());
    }
    for (CustomFunction wrong : List.of(bySigmoid, square)) {
      assertThrows(LawBroken.class, () -> Laws.of(wrong).at(Tensor.tensor(-800.0)).check());
      for (DType dtype : List.of(DType.FLOAT64, DType.FLOAT32)) {
        Laws laws = Laws.of(wrong).over(tensors().dtype(dtype).edges());
        assertThrows(LawBroken.class, laws::check);
      }
    }
  }

  /** The identity, with a rule that goes wrong at some numbers alone. */
  private static UnaryOperator<Tensor> wrongWhere(UnaryOperator<Tensor> isWrong) {
    return CustomFunction.of(
        "identity", x -> x.mul(1), (x, y, dx) -> Tensor.where(isWrong.apply(x), dx.mul(2), dx));
  }

  @TestFactory
  Stream<DynamicTest> whatIsWrongThereAloneIsFound() {
    return FLOATING.stream()
        .flatMap(
            dtype -> {
              List<Double> known = KNOWN.get(dtype);
              double beside = 1.5 * (known.get(3) - 1);
              return Stream.of(
                      Map.entry("subnormals", wrongWhere(x -> below(x.abs(), known.get(1)))),
                      Map.entry(
                          "beside 1",
                          wrongWhere(x -> below(x.sub(1).abs(), beside).and(x.equal(1).not()))))
                  .map(
                      row ->
                          DynamicTest.dynamicTest(
                              row.getKey() + " in " + dtype,
                              () -> requireFound(laws(row.getValue(), dtype), dtype)));
            });
  }

  private static Tensor below(Tensor x, double bound) {
    return x.less(bound).and(x.equal(0).not());
  }

  private static void requireFound(Laws laws, DType dtype) {
    TensorGenerator smooth = tensors().dtype(dtype).shape(2);
    if (dtype == DType.FLOAT64) {
      laws.over(smooth).order(1).check();
    }
    assertThrows(LawBroken.class, () -> laws.over(smooth.edges()).check());
  }

  /** The value of an infinite argument is compared, and there is no slope. */
  @Test
  void theLawOfValuesSpeaksOfInfinities() {
    TensorGenerator wild = tensors().shape(1).wild();
    int tries = 300;
    Set<Double> seen = new HashSet<>();
    long numbers = 0;
    long finite = 0;
    for (long seed = 0; seed < tries; seed++) {
      double x = wild.draw(Seeds.spread(seed)).toDoubleArray()[0];
      seen.add(x);
      numbers += Double.isNaN(x) ? 0 : 1;
      finite += Double.isFinite(x) ? 1 : 0;
    }
    assertTrue(seen.containsAll(List.of(Double.NaN, Double.POSITIVE_INFINITY)), seen.toString());
    LawReport report =
        Laws.of(Tensor::sigmoid).over(wild).only(Law.VALUE, Law.DIFFERENCES).tries(tries).check();
    assertEquals(2 * numbers, report.certified().get(Law.VALUE));
    long slopes = report.certified().get(Law.DIFFERENCES) + report.excused().get(Law.DIFFERENCES);
    assertEquals(2 * finite, slopes);
  }

  /** A mask of −∞ is a user's own argument, in which slopes are zeros. */
  @Test
  void whoDrawsInfinitiesHasSlopes() {
    Tensor masked = Tensor.of(new double[] {0.5, Double.NEGATIVE_INFINITY, 1}, 3);
    LawReport report =
        Laws.of(x -> x.softmax(-1))
            .over(random -> List.of(masked))
            .only(Law.DIFFERENCES)
            .tries(1)
            .check();
    assertTrue(report.certified().get(Law.DIFFERENCES) > 0, report.toString());
  }

  /** Wherever in a tensor the element is that fails, it is all that is left. */
  @Test
  void anElementIsFoundAnywhere() {
    CustomFunction thrice =
        CustomFunction.of(
            "thrice", x -> x.mul(3), (x, y, dx) -> Tensor.where(x.equal(1), dx, dx.mul(3)));
    Laws laws = Laws.of(thrice).over(tensors().edges()).only(Law.DIFFERENCES);
    for (long seed = 0; seed < 10; seed++) {
      LawBroken thrown = assertThrows(LawBroken.class, laws.seed(1000 * seed)::check);
      assertEquals(
          1, thrown.smallest().values().getFirst().shape().elements(), thrown.getMessage());
    }
  }
}
