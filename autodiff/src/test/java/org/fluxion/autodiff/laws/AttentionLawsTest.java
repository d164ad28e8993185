package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Of attention the tangent and the gradient by queries, keys and values are operations of the
 * family, which hold no matrix of queries by keys, whether and how it is masked; by the mask they
 * are those of the definition.
 */
class AttentionLawsTest {
  /** Those without a mask and with one of either kind are among them. */
  private static final int SEEDS = 12;

  private static final Set<Class<?>> FORWARD =
      Set.of(Op.AttentionOutput.class, Op.AttentionTangent.class);

  private static final Set<Class<?>> BACKWARD =
      Set.of(
          Op.AttentionOutput.class,
          Op.AttentionLogSumExp.class,
          Op.AttentionQueryCotangent.class,
          Op.AttentionKeyCotangent.class,
          Op.AttentionValueCotangent.class);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void derivativesByOperandsAreOfTheFamily(int choice) {
    // The operands of which it is taken: one, or all, or those beside the queries.
    int chosen = choice + 1;
    List<Integer> some = IntStream.range(0, 3).filter(i -> (chosen >> i & 1) == 1).boxed().toList();
    for (OpTable.Row row : OperationExamples.rows(DType.FLOAT64)) {
      for (long seed = 0; row.op() == Op.AttentionOutput.class && seed < SEEDS; seed++) {
        RandomProgram example = OperationExamples.of(row, DType.FLOAT64, seed);
        Function<Tensors, Tensors> f =
            x -> {
              List<Tensor> all = new ArrayList<>(example.values());
              for (int i = 0; i < some.size(); i++) {
                all.set(some.get(i), x.leaves().get(i));
              }
              return new Tensors(example.apply(all));
            };
        Tensors point = new Tensors(some.stream().map(example.values()::get).toList());
        Tensors v = new Tensors(point.leaves().stream().map(Tensor::onesLike).toList());
        assertEquals(
            Set.of(Op.AttentionTangent.class),
            family(Autodiff.jvp(f, point, v).tangent(), FORWARD));
        Tensors c = new Tensors(f.apply(point).leaves().stream().map(Tensor::onesLike).toList());
        Set<Class<?>> expected =
            some.stream()
                .map(
                    i ->
                        List.of(
                                Op.AttentionQueryCotangent.class,
                                Op.AttentionKeyCotangent.class,
                                Op.AttentionValueCotangent.class)
                            .get(i))
                .collect(Collectors.toSet());
        Set<Class<?>> found = family(Autodiff.vjp(f, point).pullback().apply(c), BACKWARD);
        found.removeAll(Set.of(Op.AttentionOutput.class, Op.AttentionLogSumExp.class));
        assertEquals(expected, found);
      }
    }
  }

  /** The operations of the family that a derivative needs; any other that computes is an error. */
  private static Set<Class<?>> family(Tensors derivative, Set<Class<?>> allowed) {
    Set<Class<?>> found =
        new Graph(List.of(), derivative.leaves())
            .nodes().stream().map(node -> node.op().getClass()).collect(Collectors.toSet());
    found.removeIf(op -> Op.Leaf.class.isAssignableFrom(op));
    found.removeIf(op -> Op.Movement.class.isAssignableFrom(op));
    found.removeIf(op -> Op.Marker.class.isAssignableFrom(op));
    Set<Class<?>> others =
        found.stream().filter(op -> !allowed.contains(op)).collect(Collectors.toSet());
    assertEquals(Set.of(), others);
    return found;
  }
}
