package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What has a transpose is linear, and what is not linear is refused: every operation, by every
 * choice of its operands, is either transposed, and then ⟨f(x), c⟩ = ⟨x, fᵀ(c)⟩, or an error that
 * names it; and it is no error if f(2x − y/2) = 2f(x) − f(y)/2 beside zeros.
 */
class TranspositionLawsTest {
  private static final int SEEDS = 3;

  @TestFactory
  Stream<DynamicTest> everyOperationIsTransposedOrRefused() {
    return EveryOperation.tested(TranspositionLawsTest::check);
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
        List<Integer> variables = chosen(choice);
        check(row, example, variables, false, random);
        if (seed == 0) {
          check(row, zeroBut(example, variables), variables, true, random);
          for (int i : addends(example.lines().get(0).op())) {
            check(row, zeroAt(example, i, variables), variables, true, random);
          }
        }
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
      OpTable.Row row,
      RandomProgram example,
      List<Integer> variables,
      boolean besideZeros,
      Random random) {
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
      boolean may =
          variables.stream().allMatch(i -> example.values().get(i).dtype() == DType.FLOAT64)
              && linearOperands(example.lines().get(0).op()).stream()
                  .anyMatch(operands -> operands.containsAll(variables));
      assertFalse(
          besideZeros && may && isLinear(f, point, random),
          () -> what + " is linear: " + refused.getMessage());
      return;
    }
    Tensors x = random(point, random);
    double there = inner(f.apply(x), c);
    double back = inner(x, transposed);
    assertEquals(there, back, 1e-9 * (magnitude(f.apply(x), c) + magnitude(x, transposed)), what);
  }

  /** The sets of operands in which an operation is linear, where numbers beside them are zero. */
  private static List<List<Integer>> linearOperands(Op op) {
    return switch (op) {
      case Op.Add o -> List.of(List.of(0, 1));
      case Op.Sub o -> List.of(List.of(0, 1));
      case Op.Select o -> List.of(List.of(1, 2));
      case Op.Movement o -> List.of(List.of(0, 1, 2));
      case Op.Mul o -> List.of(List.of(0), List.of(1));
      case Op.Matmul o -> List.of(List.of(0), List.of(1));
      case Op.Neg o -> List.of(List.of(0));
      case Op.Div o -> List.of(List.of(0));
      case Op.Sum o -> List.of(List.of(0));
      case Op.Cast o -> o.dtype().isFloating() ? List.of(List.of(0)) : List.of();
      case Op.Unfold o -> List.of(List.of(0));
      case Op.Fold o -> List.of(List.of(0));
      case Op.Gather o -> List.of(List.of(0));
      case Op.ScatterAdd o -> List.of(List.of(0));
      case Op.Mark o -> List.of(List.of(0));
      case Op.AttentionTangent o -> List.of(List.of(2), List.of(3, 4, 5));
      case Op.AttentionQueryCotangent o -> List.of(List.of(2, 3), List.of(5));
      case Op.AttentionKeyCotangent o -> List.of(List.of(2, 3), List.of(5));
      case Op.AttentionValueCotangent o -> List.of(List.of(5));
      default -> List.of();
    };
  }

  /** Whether f(2x − y/2) = 2f(x) − f(y)/2, of something. */
  private static boolean isLinear(Function<Tensors, Tensors> f, Tensors point, Random random) {
    Tensors x = random(point, random);
    Tensors y = random(point, random);
    List<Tensor> mixed = new ArrayList<>();
    for (int i = 0; i < point.leaves().size(); i++) {
      mixed.add(x.leaves().get(i).mul(2).sub(y.leaves().get(i).mul(0.5)));
    }
    Tensor expected = f.apply(x).leaves().get(0).mul(2).sub(f.apply(y).leaves().get(0).mul(0.5));
    Tensor value = f.apply(new Tensors(mixed)).leaves().get(0);
    return value.shape().elements() > 0 && value.allClose(expected, 1e-9, 1e-9);
  }

  /** Operands of terms that stand beside terms of others. */
  private static List<Integer> addends(Op op) {
    return switch (op) {
      case Op.AttentionTangent o -> List.of(5);
      case Op.AttentionQueryCotangent o -> List.of(2, 3);
      case Op.AttentionKeyCotangent o -> List.of(2, 3);
      default -> List.of();
    };
  }

  /** The same with zeros for one operand, unless it is a variable. */
  private static RandomProgram zeroAt(RandomProgram example, int i, List<Integer> variables) {
    List<Integer> others =
        new ArrayList<>(IntStream.range(0, example.values().size()).boxed().toList());
    others.remove((Object) i);
    others.addAll(variables);
    return zeroBut(example, others);
  }

  /** The same with zeros for every number that is no variable. */
  private static RandomProgram zeroBut(RandomProgram example, List<Integer> variables) {
    List<Tensor> values = new ArrayList<>(example.values());
    for (int i = 0; i < values.size(); i++) {
      if (!variables.contains(i) && values.get(i).dtype().isFloating()) {
        values.set(i, values.get(i).zerosLike());
      }
    }
    return new RandomProgram(values, example.lines(), example.outputs());
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
