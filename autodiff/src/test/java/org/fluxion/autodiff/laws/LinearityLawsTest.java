package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.autodiff.Linearized;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A function that is called linear is taken if it is, with a transpose that is its own, however
 * large its numbers are; every fault in either is refused, and named. What is put beside a variable
 * has to be zero.
 */
class LinearityLawsTest {
  private static final Shape SHAPE = Shape.of(2, 3);

  private static final Map<String, UnaryOperator<Tensor>> LINEAR = new LinkedHashMap<>();

  static {
    LINEAR.put("itself", x -> x);
    LINEAR.put("product", x -> x.matmul(weight(x.dtype())));
    LINEAR.put("large", x -> x.mul(3e6));
    LINEAR.put("small", x -> x.mul(3e-6).flip(1));
    LINEAR.put("sum", x -> x.sum(0).cumulativeSum(0));
    LINEAR.put("moved", x -> x.transpose().pad(0, 1, 2).slice(0, 1, 5));
    LINEAR.put("joined", x -> Tensor.concat(1, x, x.sumKeep(1), x.zerosLike()));
    LINEAR.put("spread", x -> x.reshape(1, 2, 3).broadcastTo(Shape.of(4, 2, 3)));
  }

  private static Tensor weight(DType dtype) {
    return random(Shape.of(3, 4), new Random(5)).cast(dtype);
  }

  private static Tensor random(Shape shape, Random random) {
    return Tensor.of(random.doubles(shape.elements(), -2, 2).toArray(), shape.extents());
  }

  private static Tensor transposed(UnaryOperator<Tensor> f, Shape operand, Tensor c) {
    return Autodiff.transpose(f, Tensor.full(0, operand, c.dtype())).apply(c);
  }

  private static String refusal(
      UnaryOperator<Tensor> f, CustomFunction.TransposeRule rule, DType dtype) {
    Tensor x = random(SHAPE, new Random(1)).cast(dtype);
    CustomFunction function = CustomFunction.linear("f", f, rule);
    try {
      return "accepted: " + function.apply(x);
    } catch (TensorException refused) {
      return refused.getMessage();
    }
  }

  private static void assertRefused(String expected, String message) {
    assertTrue(message.startsWith("custom function 'f': "), message);
    assertTrue(message.contains(expected), message);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64"})
  void aLinearFunctionIsTakenWithItsTranspose(DType dtype) {
    // A few roundings apart is no fault.
    double near = dtype == DType.FLOAT64 ? 1e-13 : 1e-5;
    Tensor x = random(SHAPE, new Random(1)).cast(dtype);
    LINEAR.forEach(
        (name, f) -> {
          CustomFunction function =
              CustomFunction.linear(name, f, (shape, c) -> transposed(f, shape, c).mul(1 + near));
          Tensor y = f.apply(x);
          assertArrayEquals(y.toDoubleArray(), function.apply(x).toDoubleArray(), 0, name);
          assertArrayEquals(
              y.toDoubleArray(), Autodiff.jvp(function, x, x).tangent().toDoubleArray(), 0, name);
          Tensor c = y.onesLike();
          // The rule is what is pulled back by, not the function's own transpose.
          assertArrayEquals(
              transposed(f, SHAPE, c).mul(1 + near).toDoubleArray(),
              Autodiff.vjp(function, x).pullback().apply(c).toDoubleArray(),
              0,
              name);
        });
  }

  @Test
  void whatIsZeroIsLinear() {
    Tensor x = random(SHAPE, new Random(1));
    CustomFunction zero = CustomFunction.linear("zero", Tensor::zerosLike, (s, c) -> c.zerosLike());
    assertArrayEquals(new double[6], zero.apply(x).toDoubleArray());
    CustomFunction nothing =
        CustomFunction.linear(
            "nothing", a -> a.slice(0, 0, 0), (s, c) -> Tensor.full(0, s, c.dtype()));
    assertEquals(Shape.of(0, 3), nothing.apply(x).shape());
  }

  /** Its rule would have no tangent for it. */
  @Test
  void whatIsCapturedIsNoVariable() {
    Tensor x = random(SHAPE, new Random(1));
    Function<Tensor, CustomFunction> scaled =
        w -> CustomFunction.of("scaled", a -> a.mul(w), (a, y, da) -> da.mul(w));
    UnaryOperator<Tensor> captures = w -> scaled.apply(w.mul(2)).apply(x);
    List<Runnable> transforms =
        List.of(
            () -> Autodiff.jvp(captures, x, x),
            () -> Autodiff.vjp(captures, x).pullback().apply(x),
            () -> Autodiff.linearize(captures, x),
            () -> Autodiff.transpose(captures, x),
            () ->
                Autodiff.transpose(
                    (Tensor w) ->
                        CustomFunction.linear("scaled", a -> a.mul(w), (s, c) -> c.mul(w)).apply(x),
                    x),
            () -> CustomFunction.linear("f", captures, (s, c) -> c.mul(2).mul(x)).apply(x),
            () -> CustomFunction.of("f", Tensor::sin, (a, y, da) -> captures.apply(da)).apply(x));
    for (Runnable transform : transforms) {
      String message = assertThrows(TensorException.class, transform::run).getMessage();
      assertTrue(message.contains("'scaled': it captures a tensor that is being"), message);
    }
    Tensor y = Autodiff.jvp((Tensor a) -> scaled.apply(x).apply(a), x, x).tangent();
    assertArrayEquals(x.square().toDoubleArray(), y.toDoubleArray(), 0);
  }

  @Test
  void whatIsPushedForwardOrPulledBackFits() {
    Tensor x = random(SHAPE, new Random(1));
    Linearized<Tensor, Tensor> linear = Autodiff.linearize((Tensor a) -> a.sum(0), x);
    assertEquals(
        "linearize: point is float64 [2, 3], direction is float64 [3]; they must be alike",
        assertThrows(TensorException.class, () -> linear.apply(x.sum(0))).getMessage());
    assertEquals(
        "vjp: value is float64 [3], cotangent is float64 [2, 3]; they must be alike",
        assertThrows(TensorException.class, () -> linear.transpose(x)).getMessage());
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64"})
  void everyFaultIsRefused(DType dtype) {
    double off = dtype == DType.FLOAT64 ? 1e-5 : 5e-2;
    DType other = dtype == DType.FLOAT64 ? DType.FLOAT32 : DType.FLOAT64;
    LINEAR.forEach(
        (name, f) -> {
          CustomFunction.TransposeRule rule = (shape, c) -> transposed(f, shape, c);
          Map<String, UnaryOperator<Tensor>> functions = new LinkedHashMap<>();
          functions.put("add puts a constant beside", x -> f.apply(x).add(1));
          functions.put("sub puts a constant beside", x -> f.apply(x).sub(f.apply(x.onesLike())));
          functions.put("mul of two operands", x -> f.apply(x.square()));
          functions.put("exp is not linear", x -> f.apply(x.exp()));
          functions.put(
              "a result does not depend on its operand, and is no plain zero",
              x -> f.apply(x.onesLike()));
          functions.forEach(
              (expected, faulty) -> {
                String message = refusal(faulty, rule, dtype);
                assertRefused("the function is not linear in its operand: ", message);
                assertRefused(expected, message);
              });
          Map<String, UnaryOperator<Tensor>> rules = new LinkedHashMap<>();
          rules.put("add puts a constant beside", c -> transposed(f, SHAPE, c).add(1));
          rules.put("sin is not linear", c -> transposed(f, SHAPE, c.sin()));
          rules.forEach(
              (expected, faulty) -> {
                String message = refusal(f, (shape, c) -> faulty.apply(c), dtype);
                assertRefused("the transpose is not linear in the cotangent: ", message);
                assertRefused(expected, message);
              });
          for (double factor : new double[] {1 + off, 1 - off, -1, 2, 0}) {
            String message = refusal(f, (shape, c) -> transposed(f, shape, c).mul(factor), dtype);
            assertTrue(
                message.contains("the transpose is none"), name + " by " + factor + ": " + message);
          }
          assertRefused(
              "the operand is %s [2, 3], the transpose gives %s [1, 2, 3]".formatted(dtype, dtype),
              refusal(f, (shape, c) -> transposed(f, shape, c).reshape(1, 2, 3), dtype));
          assertRefused(
              "the operand is %s [2, 3], the transpose gives %s [2, 3]".formatted(dtype, other),
              refusal(f, (shape, c) -> transposed(f, shape, c).cast(other), dtype));
        });
  }

  @Test
  void itIsOfOneRealOperand() {
    CustomFunction twice = CustomFunction.linear("f", x -> x.mul(2), (shape, c) -> c.mul(2));
    Tensor x = random(SHAPE, new Random(1));
    String expected = "a linear function is of one floating point tensor, got ";
    assertRefused(
        expected + "[int32 [2]]",
        assertThrows(TensorException.class, () -> twice.apply(Tensor.tensor(1, 2))).getMessage());
    assertRefused(
        expected + "[float64 [2, 3], float64 [2, 3]]",
        assertThrows(TensorException.class, () -> twice.applyAll(x, x)).getMessage());
  }

  /** Where a number is not known yet there is nothing to be compared. */
  @Test
  void whatHasNoValueYetIsTakenAtItsWord() {
    Tensor x = random(SHAPE, new Random(1));
    Tensor unbound = Tensor.input("w", SHAPE, DType.FLOAT64);
    List<UnaryOperator<Tensor>> either = List.of(a -> a.mul(3), a -> a.mul(unbound));
    for (UnaryOperator<Tensor> f : either) {
      for (UnaryOperator<Tensor> rule : either) {
        CustomFunction function = CustomFunction.linear("f", f, (shape, c) -> rule.apply(c));
        assertEquals(SHAPE, function.apply(x).shape());
      }
    }
  }

  @Test
  void whatIsPutBesideAVariableIsZero() {
    Map<String, BiFunction<Tensor, Tensor, Tensor>> joins = new LinkedHashMap<>();
    joins.put("add", Tensor::add);
    joins.put("sub", Tensor::sub);
    joins.put("sub, turned round", (x, z) -> z.sub(x));
    joins.put("concat", (x, z) -> Tensor.concat(0, x, z));
    joins.put(
        "select",
        (x, z) -> Tensor.where(Tensor.arange(3, DType.INT32).less(Tensor.tensor(1)), x, z));
    joins.put(
        "select, turned round",
        (x, z) -> Tensor.where(Tensor.arange(3, DType.INT32).less(Tensor.tensor(1)), z, x));
    joins.put("beside", (x, z) -> Tensor.concat(0, x.mul(2).reshape(1, 2, 3), z.reshape(1, 2, 3)));
    Tensor zero = Tensor.of(new double[6], 2, 3);
    List<Tensor> zeros =
        List.of(
            zero,
            zero.mul(Tensor.scalar(1, DType.FLOAT64)).zerosLike(),
            Tensor.of(new double[] {0, -0.0, 0, 0, -0.0, 0}, 2, 3),
            Tensor.full(0, SHAPE, DType.FLOAT64),
            Tensor.of(new double[3], 1, 3).broadcastTo(SHAPE),
            Tensor.concat(0, Tensor.of(new double[3], 1, 3), Tensor.of(new double[3], 1, 3)),
            Tensor.apply(new Op.Mark(), List.of(zero)));
    List<Tensor> others =
        List.of(
            Tensor.of(new double[] {1, 0, 0, 0, 0, 0}, 2, 3),
            Tensor.of(new double[] {0, 0, 1e-300, 0, 0, 0}, 2, 3),
            Tensor.of(new double[] {0, 0, 0, 0, 0, -1}, 2, 3),
            Tensor.of(new double[] {0, 0, 0, Double.NaN, 0, 0}, 2, 3),
            Tensor.concat(
                0, Tensor.of(new double[3], 1, 3), Tensor.of(new double[] {0, 0, 5}, 1, 3)),
            Tensor.concat(
                0, Tensor.of(new double[] {0, 0, 5}, 1, 3), Tensor.of(new double[3], 1, 3)),
            Tensor.apply(new Op.Mark(), List.of(zero.onesLike())),
            Tensor.input("w", SHAPE, DType.FLOAT64));
    Tensor x = random(SHAPE, new Random(2));
    joins.forEach(
        (name, join) -> {
          for (Tensor z : zeros) {
            Tensor y = join.apply(x, z);
            Tensor c = random(y.shape(), new Random(3));
            Tensor pulled = Autodiff.transpose((Tensor a) -> join.apply(a, z), x).apply(c);
            assertEquals(y.mul(c).sum().item(), pulled.mul(x).sum().item(), 1e-13, name);
          }
          for (Tensor z : others) {
            String message =
                assertThrows(
                        TensorException.class,
                        () -> Autodiff.transpose((Tensor a) -> join.apply(a, z), x),
                        name)
                    .getMessage();
            assertTrue(message.contains("puts a constant beside what depends on its arg"), message);
          }
        });
  }
}
