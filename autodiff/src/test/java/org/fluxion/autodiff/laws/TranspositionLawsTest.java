package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What has a transpose is linear, and what is not linear is refused: every operation, by every
 * choice of its operands, is either transposed, and then ⟨f(x), c⟩ = ⟨x, fᵀ(c)⟩, or an error that
 * names it.
 */
class TranspositionLawsTest {
  private static final int SEEDS = 3;

  @TestFactory
  Stream<DynamicTest> everyOperationIsTransposedOrRefused() {
    return Stream.of(DType.FLOAT64, DType.INT32)
        .flatMap(
            dtype ->
                OperationExamples.rows(dtype).stream()
                    .map(
                        row ->
                            DynamicTest.dynamicTest(
                                row.op().getSimpleName() + " of " + dtype,
                                () -> check(row, dtype))));
  }

  private static void check(OpTable.Row row, DType dtype) {
    for (long seed = 0; seed < SEEDS; seed++) {
      RandomProgram example = OperationExamples.of(row, dtype, seed);
      if (example.apply(example.values()).get(0).dtype().isStorageOnly()) {
        // Linear but for the rounding of what is stored.
        return;
      }
      Random random = new Random(seed);
      for (int choice = 1; choice < 1 << example.values().size(); choice++) {
        check(row, example, chosen(choice), random);
      }
    }
  }

  private static List<Integer> chosen(int choice) {
    return IntStream.range(0, Integer.SIZE)
        .filter(bit -> (choice >> bit & 1) == 1)
        .boxed()
        .toList();
  }

  private static void check(
      OpTable.Row row, RandomProgram example, List<Integer> variables, Random random) {
    Function<Tensors, Tensors> f =
        x -> {
          List<Tensor> all = new ArrayList<>(example.values());
          for (int i = 0; i < variables.size(); i++) {
            // A condition or an index steps as the variable moves.
            DType dtype = all.get(variables.get(i)).dtype();
            all.set(variables.get(i), x.leaves().get(i).cast(dtype));
          }
          return new Tensors(example.apply(all).stream().map(t -> t.cast(DType.FLOAT64)).toList());
        };
    Tensors point =
        new Tensors(
            variables.stream().map(i -> example.values().get(i).cast(DType.FLOAT64)).toList());
    Tensors result = f.apply(point);
    String what = "%s by its operands %s".formatted(row.op().getSimpleName(), variables);
    Tensors c = random(result, random);
    Tensors transposed;
    try {
      transposed = Autodiff.transpose(f, point).apply(c);
    } catch (TensorException refused) {
      assertTrue(refused.getMessage().contains("not linear"), what + ": " + refused.getMessage());
      return;
    }
    Tensors x = random(point, random);
    double there = inner(f.apply(x), c);
    double back = inner(x, transposed);
    assertEquals(there, back, 1e-9 * (magnitude(f.apply(x), c) + magnitude(x, transposed)), what);
  }

  private static Tensors random(Tensors like, Random random) {
    return new Tensors(like.leaves().stream().map(t -> random(t, random)).toList());
  }

  private static Tensor random(Tensor like, Random random) {
    long elements = like.shape().elements();
    return Tensor.of(random.doubles(elements, -2, 2).toArray(), Math.toIntExact(elements))
        .reshape(like.shape());
  }

  private static double inner(Tensors a, Tensors b) {
    double sum = 0;
    for (int i = 0; i < a.leaves().size(); i++) {
      sum += a.leaves().get(i).mul(b.leaves().get(i)).sum().item();
    }
    return sum;
  }

  private static double magnitude(Tensors a, Tensors b) {
    double sum = 0;
    for (int i = 0; i < a.leaves().size(); i++) {
      sum += a.leaves().get(i).mul(b.leaves().get(i)).abs().sum().item();
    }
    return sum;
  }
}
