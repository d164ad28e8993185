package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
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
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * A fused operation is the operations that it is made of: its value is theirs, and so are its
 * tangent, its gradient, and both modes of both, with a mask of either kind and without. Its rules
 * are its own, and say of theirs only that they are the same function.
 */
class DecompositionLawsTest {
  /** Those without a mask and with one of either kind are among them. */
  private static final int SEEDS = 8;

  /** What is computed by each operation alone, and by those that it is defined by. */
  private record Both(RandomProgram program) implements Example {
    @Override
    public List<Tensor> values() {
      return program.values();
    }

    @Override
    public List<Tensor> apply(List<Tensor> arguments) {
      Op.Attention op = (Op.Attention) program.lines().getFirst().op();
      return List.of(program.apply(arguments).getFirst(), Attention.definition(op, arguments));
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

  private static List<OpTable.Row> fused() {
    return OperationExamples.rows(DType.FLOAT64).stream()
        .filter(row -> Op.Attention.class.isAssignableFrom(row.op()))
        .toList();
  }

  @Test
  void allOfTheFamilyAreHere() {
    assertEquals(
        Set.of(Op.Attention.class.getPermittedSubclasses()),
        fused().stream().map(OpTable.Row::op).collect(Collectors.toSet()));
  }

  @TestFactory
  Stream<DynamicTest> valueAndDerivativesAreThoseOfTheDefinition() {
    return fused().stream()
        .map(row -> DynamicTest.dynamicTest(row.op().getSimpleName(), () -> check(row)));
  }

  private static void check(OpTable.Row row) {
    long certified = 0;
    long excused = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      Example example = new Both(OperationExamples.of(row, DType.FLOAT64, seed));
      Subject subject = Subject.of(example, seed);
      for (Claim claim : claims(subject)) {
        List<Bounded> bounds = subject.bounds(claim.tensors(), Yardstick.REAL);
        Bounded expected = bounds.get(0);
        Bounded actual = bounds.get(1);
        for (int i = 0; i < expected.expected().elements(); i++) {
          double left = expected.expected().getDouble(i);
          double right = actual.expected().getDouble(i);
          double allowed = at(expected, i) + at(actual, i);
          if (!(allowed < Double.POSITIVE_INFINITY) || !Double.isFinite(left)) {
            excused++;
            continue;
          }
          certified += Bounded.tells(left, right, allowed) ? 1 : 0;
          excused += Bounded.tells(left, right, allowed) ? 0 : 1;
          String text =
              "%s, element %d, seed %d: %s by its definition, and %s, allowed %s%n%s"
                  .formatted(claim.what(), i, seed, left, right, allowed, example.print());
          assertTrue(left == right || Math.abs(left - right) <= allowed, text);
        }
      }
    }
    // Were most of them excused, nothing would be tested.
    assertTrue(certified > 4 * excused, certified + " certified, " + excused + " excused");
  }

  private static double at(Bounded bound, int i) {
    return bound.allowed() == null ? 0 : bound.allowed()[i];
  }

  private static List<Claim> claims(Subject s) {
    Function<Tensors, Tensors> fused = x -> new Tensors(List.of(s.f().apply(x).leaves().get(0)));
    Function<Tensors, Tensors> defined = x -> new Tensors(List.of(s.f().apply(x).leaves().get(1)));
    Tensors cotangent = new Tensors(List.of(s.c().leaves().get(0)));
    List<Claim> claims = new ArrayList<>();
    claims.addAll(Claim.each("the value", defined.apply(s.x()), fused.apply(s.x())));
    claims.addAll(
        Claim.each(
            "the tangent", tangent(defined, s).apply(s.x()), tangent(fused, s).apply(s.x())));
    claims.addAll(
        Claim.each(
            "the gradient",
            gradient(defined, cotangent).apply(s.x()),
            gradient(fused, cotangent).apply(s.x())));
    claims.addAll(
        Claim.each(
            "the tangent's tangent",
            along(tangent(defined, s), s).apply(s.x()),
            along(tangent(fused, s), s).apply(s.x())));
    claims.addAll(
        Claim.each(
            "the tangent's gradient",
            gradient(tangent(defined, s), cotangent).apply(s.x()),
            gradient(tangent(fused, s), cotangent).apply(s.x())));
    claims.addAll(
        Claim.each(
            "the gradient's tangent",
            along(gradient(defined, cotangent), s).apply(s.x()),
            along(gradient(fused, cotangent), s).apply(s.x())));
    claims.addAll(
        Claim.each(
            "the gradient's gradient",
            gradient(gradient(defined, cotangent), s.v(1)).apply(s.x()),
            gradient(gradient(fused, cotangent), s.v(1)).apply(s.x())));
    return claims;
  }

  private static Function<Tensors, Tensors> tangent(Function<Tensors, Tensors> f, Subject s) {
    return x -> Autodiff.jvp(f, x, s.v(0)).tangent();
  }

  private static Function<Tensors, Tensors> along(Function<Tensors, Tensors> f, Subject s) {
    return x -> Autodiff.jvp(f, x, s.v(1)).tangent();
  }

  private static Function<Tensors, Tensors> gradient(
      Function<Tensors, Tensors> f, Tensors cotangent) {
    return x -> Autodiff.vjp(f, x).pullback().apply(cotangent);
  }
}
