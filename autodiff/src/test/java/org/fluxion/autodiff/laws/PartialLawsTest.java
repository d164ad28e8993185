package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.Linearized;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A derivative by some of the operands is that by all of them, along directions that are zero in
 * the others; and by what only steps, a condition or an index that was cast, it is zero. So for
 * every operation and every choice of its operands, in both modes: what is not differentiated is a
 * structural zero, which no rule may trip over.
 */
class PartialLawsTest {
  private static final int SEEDS = 2;

  /** Two of attention's operands seldom have the same shape. */
  private static final int SEEDS_FOR_EQUAL_SHAPES = 16;

  /** Of more operands only one, or all but one, are chosen. */
  private static final int MOST = 3;

  @TestFactory
  Stream<DynamicTest> everyOperationBySomeOfItsOperands() {
    return EveryOperation.tested(PartialLawsTest::check);
  }

  private static void check(OpTable.Row row, DType dtype) {
    for (long seed = 0; seed < SEEDS; seed++) {
      RandomProgram example = OperationExamples.of(row, dtype, seed);
      List<Tensor> values = example.values();
      Random random = new Random(seed);
      List<Tensor> directions = values.stream().map(t -> random(t, random)).toList();
      Tensor cotangent = random(example.apply(values).get(0), random);
      for (int choice = 1; choice < 1 << values.size(); choice++) {
        int chosen = choice;
        int number = Integer.bitCount(chosen);
        if (values.size() > MOST && number != 1 && number != values.size() - 1) {
          continue;
        }
        List<Integer> some =
            IntStream.range(0, values.size()).filter(i -> (chosen >> i & 1) == 1).boxed().toList();
        check(example, some, directions, cotangent);
      }
    }
  }

  private static void check(
      RandomProgram example, List<Integer> some, List<Tensor> directions, Tensor cotangent) {
    List<Tensor> values = example.values();
    String what = "%s by its operands %s".formatted(example.lines().get(0).op(), some);
    List<Integer> real =
        IntStream.range(0, values.size())
            .filter(i -> values.get(i).dtype() == DType.FLOAT64)
            .boxed()
            .toList();
    // By all, along zeros in what is not chosen.
    Function<Tensors, Tensors> byAll = function(example, real);
    Tensors whole = new Tensors(with(real.stream().map(values::get).toList()));
    Tensors v =
        new Tensors(
            with(
                real.stream()
                    .map(i -> some.contains(i) ? directions.get(i) : directions.get(i).zerosLike())
                    .toList()));
    Tensors tangent = Autodiff.jvp(byAll, whole, v).tangent();
    Tensors c = cotangents(cotangent);
    Tensors pulled = Autodiff.vjp(byAll, whole).pullback().apply(c);

    Function<Tensors, Tensors> bySome = function(example, some);
    Tensors point =
        new Tensors(with(some.stream().map(i -> values.get(i).cast(DType.FLOAT64)).toList()));
    Tensors along = new Tensors(with(some.stream().map(directions::get).toList()));
    Linearized<Tensors, Tensors> linear = Autodiff.linearize(bySome, point);
    close(what, tangent, Autodiff.jvp(bySome, point, along).tangent());
    close(what + ", linearized", tangent, linear.apply(along));
    Tensors back = linear.transpose(c);
    List<Tensor> expected =
        some.stream()
            .map(
                i ->
                    real.contains(i)
                        ? pulled.leaves().get(real.indexOf(i))
                        : directions.get(i).zerosLike())
            .toList();
    close(what + ", pulled back", new Tensors(with(expected)), back);
  }

  private static Tensors cotangents(Tensor c) {
    return new Tensors(List.of(c, Tensor.scalar(3, DType.FLOAT64), c.mul(-0.25)));
  }

  @TestFactory
  Stream<DynamicTest> everyOperationOfOneTensorTwice() {
    return OperationExamples.rows(DType.FLOAT64).stream()
        .map(row -> DynamicTest.dynamicTest(row.op().getSimpleName(), () -> checkTwice(row)));
  }

  /** The derivative by a tensor that is two operands is the sum of both operands'. */
  private static void checkTwice(OpTable.Row row) {
    for (long seed = 0; seed < SEEDS_FOR_EQUAL_SHAPES; seed++) {
      RandomProgram example = OperationExamples.of(row, DType.FLOAT64, seed);
      Random random = new Random(seed);
      Tensor cotangent = random(example.apply(example.values()).get(0), random);
      for (int first = 0; first < example.values().size(); first++) {
        for (int second = first + 1; second < example.values().size(); second++) {
          Tensor x = example.values().get(first);
          Tensor y = example.values().get(second);
          if (x.dtype() == DType.FLOAT64 && y.dtype() == x.dtype() && x.shape().equals(y.shape())) {
            List<Tensor> values = new ArrayList<>(example.values());
            values.set(second, x);
            RandomProgram same = new RandomProgram(values, example.lines(), example.outputs());
            checkTwice(same, List.of(first, second), random(x, random), cotangent);
          }
        }
      }
    }
  }

  private static void checkTwice(
      RandomProgram example, List<Integer> both, Tensor direction, Tensor cotangent) {
    String what = "%s of one tensor as %s".formatted(example.lines().get(0).op(), both);
    Tensor x = example.values().get(both.get(0));
    Function<Tensors, Tensors> apart = function(example, both);
    Function<Tensors, Tensors> once =
        t -> apart.apply(new Tensors(List.of(t.leaves().get(0), t.leaves().get(0))));
    Tensors point = new Tensors(List.of(x));
    Tensors twice = new Tensors(List.of(x, x));
    close(
        what,
        Autodiff.jvp(apart, twice, new Tensors(List.of(direction, direction))).tangent(),
        Autodiff.jvp(once, point, new Tensors(List.of(direction))).tangent());
    Tensors c = cotangents(cotangent);
    List<Tensor> pulled = Autodiff.vjp(apart, twice).pullback().apply(c).leaves();
    close(
        what + ", pulled back",
        new Tensors(List.of(pulled.get(0).add(pulled.get(1)))),
        Autodiff.vjp(once, point).pullback().apply(c));
    // And of the linear map by itself, where the tensor may be a tangent twice.
    Tensor zero = x.zerosLike();
    UnaryOperator<Tensors> alone = y -> new Tensors(y.leaves().subList(0, 1));
    Tensors first = alone.apply(c);
    try {
      Tensors transposed =
          Autodiff.transpose(once.andThen(alone), new Tensors(List.of(zero))).apply(first);
      List<Tensor> parts =
          Autodiff.transpose(apart.andThen(alone), new Tensors(List.of(zero, zero)))
              .apply(first)
              .leaves();
      close(
          what + ", transposed", new Tensors(List.of(parts.get(0).add(parts.get(1)))), transposed);
    } catch (TensorException refused) {
      assertTrue(refused.getMessage().contains("not linear"), refused.getMessage());
    }
  }

  /** The last is no operand: what is not used has a derivative of zero. */
  private static List<Tensor> with(List<Tensor> operands) {
    List<Tensor> all = new ArrayList<>(operands);
    all.add(Tensor.scalar(0, DType.FLOAT64));
    return all;
  }

  /** The operation by some of its operands, beside what depends on none. */
  private static Function<Tensors, Tensors> function(RandomProgram example, List<Integer> some) {
    return x -> {
      List<Tensor> all = new ArrayList<>(example.values());
      for (int i = 0; i < some.size(); i++) {
        DType dtype = all.get(some.get(i)).dtype();
        all.set(some.get(i), x.leaves().get(i).cast(dtype));
      }
      Tensor result = example.apply(all).get(0);
      Tensor real = result.cast(DType.FLOAT64);
      return new Tensors(List.of(real, Tensor.scalar(7, DType.FLOAT64), real.mul(2)));
    };
  }

  private static Tensor random(Tensor like, Random random) {
    long elements = like.shape().elements();
    return Tensor.of(random.doubles(elements, -2, 2).toArray(), Math.toIntExact(elements))
        .reshape(like.shape());
  }

  /** But for the zeros that are added to it, it is the same sum. */
  private static void close(String what, Tensors expected, Tensors actual) {
    assertEquals(expected.leaves().size(), actual.leaves().size(), what);
    for (int i = 0; i < expected.leaves().size(); i++) {
      double[] all = expected.leaves().get(i).toDoubleArray();
      double[] some = actual.leaves().get(i).toDoubleArray();
      assertEquals(expected.leaves().get(i).shape(), actual.leaves().get(i).shape(), what);
      for (int j = 0; j < all.length; j++) {
        // Zero times infinity is no number, and not there if the zero is none.
        if (!Double.isNaN(all[j])) {
          assertEquals(all[j], some[j], 1e-12 * Math.max(1, Math.abs(all[j])), what);
        }
      }
    }
  }
}
