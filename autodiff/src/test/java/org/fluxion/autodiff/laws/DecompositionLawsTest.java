package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.Law.tangent;
import static org.fluxion.autodiff.laws.Verdict.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.Attention;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound.Yardstick;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.Tensors;
import org.junit.jupiter.api.Test;

/**
 * A fused operation is the operations that it is made of: attention has rules of its own, by its
 * queries, keys and values, and what comes of them is what comes of the rules of products, sums and
 * exponentials. (The other operations of its family are differentiated as their definitions, and
 * the values of all of them are what the definitions say: there is nothing to be compared. What
 * backends make of them is held to that by the laws of devices.)
 */
class DecompositionLawsTest {
  private static final int SEEDS = 20;

  private enum Mask {
    NONE,
    TRUTH,
    NUMBERS
  }

  /** Attention by itself and by its definition, of queries, keys and values; the mask is known. */
  private record Both(RandomProgram program) implements Example {
    private Op.Attention operation() {
      return (Op.Attention) program.lines().getFirst().op();
    }

    @Override
    public List<Tensor> values() {
      return program.values().subList(0, operation().operands());
    }

    private List<Tensor> mask() {
      return program.values().subList(operation().operands(), program.values().size());
    }

    Mask kind() {
      if (mask().isEmpty()) {
        return Mask.NONE;
      }
      return mask().getFirst().dtype() == DType.BOOL ? Mask.TRUTH : Mask.NUMBERS;
    }

    @Override
    public List<Tensor> apply(List<Tensor> arguments) {
      List<Tensor> all = new ArrayList<>(arguments);
      all.addAll(mask());
      return List.of(program.apply(all).getFirst(), Attention.definition(operation(), all));
    }

    @Override
    public Stream<Example> simpler() {
      return Stream.of();
    }

    @Override
    public String print() {
      return program.print();
    }
  }

  private static List<Both> examples() {
    List<Both> examples = new ArrayList<>();
    for (OpTable.Row row : OperationExamples.rows(DType.FLOAT64)) {
      for (long seed = 0; row.op() == Op.AttentionOutput.class && seed < SEEDS; seed++) {
        examples.add(new Both(OperationExamples.of(row, DType.FLOAT64, seed)));
      }
    }
    return examples;
  }

  @Test
  void derivativesAreThoseOfTheDefinition() {
    EnumSet<Mask> masks = EnumSet.noneOf(Mask.class);
    long certified = 0;
    long excused = 0;
    List<Both> examples = examples();
    for (int seed = 0; seed < examples.size(); seed++) {
      Both example = examples.get(seed);
      masks.add(example.kind());
      Subject subject = Subject.of(example, seed);
      for (Claim claim : claims(subject)) {
        List<Bounded> bounds = subject.bounds(claim.tensors(), Yardstick.REAL);
        Bounded expected = bounds.get(0);
        Bounded actual = bounds.get(1);
        for (int i = 0; i < expected.expected().elements(); i++) {
          double left = expected.expected().getDouble(i);
          double right = actual.expected().getDouble(i);
          double allowed = at(expected, i) + at(actual, i);
          certified += Bounded.tells(left, right, allowed) ? 1 : 0;
          excused += Bounded.tells(left, right, allowed) ? 0 : 1;
          String text =
              "%s, element %d: %s by the definition, and %s, allowed %s%n%s"
                  .formatted(claim.what(), i, left, right, allowed, example.print());
          assertTrue(left == right || Math.abs(left - right) <= allowed, text);
        }
      }
    }
    assertEquals(EnumSet.allOf(Mask.class), masks);
    // Were most of them excused, nothing would be tested.
    assertTrue(certified > 4 * excused, certified + " certified, " + excused + " excused");
  }

  private static List<Claim> claims(Subject s) {
    Function<Tensors, Tensors> fused = x -> new Tensors(List.of(s.f().apply(x).leaves().get(0)));
    Function<Tensors, Tensors> defined = x -> new Tensors(List.of(s.f().apply(x).leaves().get(1)));
    Tensors c = new Tensors(List.of(s.c().leaves().get(0)));
    Map<String, UnaryOperator<Function<Tensors, Tensors>>> derivatives = new LinkedHashMap<>();
    derivatives.put("the tangent", f -> tangent(f, s.v(0)));
    derivatives.put("the gradient", f -> gradient(f, c));
    derivatives.put("the tangent's tangent", f -> tangent(tangent(f, s.v(0)), s.v(1)));
    derivatives.put("the tangent's gradient", f -> gradient(tangent(f, s.v(0)), c));
    derivatives.put("the gradient's tangent", f -> tangent(gradient(f, c), s.v(1)));
    derivatives.put("the gradient's gradient", f -> gradient(gradient(f, c), s.v(1)));
    List<Claim> claims = new ArrayList<>();
    derivatives.forEach(
        (what, of) ->
            claims.addAll(
                Claim.each(what, of.apply(defined).apply(s.x()), of.apply(fused).apply(s.x()))));
    return claims;
  }

  private static Function<Tensors, Tensors> gradient(Function<Tensors, Tensors> f, Tensors c) {
    return x -> Autodiff.vjp(f, x).pullback().apply(c);
  }
}
