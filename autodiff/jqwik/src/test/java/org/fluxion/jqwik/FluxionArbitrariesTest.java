package org.fluxion.jqwik;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Shrinkable;
import org.fluxion.autodiff.laws.ArgumentsGenerator;
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.Laws;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.TensorGenerator;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

class FluxionArbitrariesTest {
  private static final TensorGenerator POSITIVE =
      TensorGenerator.tensors().rank(0, 3).between(0.5, 3);

  private static final Settings TAME = new Settings(DType.FLOAT64, 12, true);

  @Provide
  Arbitrary<RandomProgram> programs() {
    return FluxionArbitraries.programs(TAME);
  }

  @Provide
  Arbitrary<Tensor> positive() {
    return FluxionArbitraries.tensors(POSITIVE);
  }

  @Property(tries = 20, seed = "1")
  void programsObeyTheLaws(@ForAll("programs") RandomProgram program, @ForAll long seed) {
    Laws.checked(program, Law.DUALITY, seed);
  }

  @Provide
  Arbitrary<Tensor> rows() {
    return FluxionArbitraries.tensors(TensorGenerator.tensors().rank(1, 3));
  }

  /** As the laws' page has it. */
  @Property(tries = 30, seed = "1")
  void aFunctionObeysTheLawsAtWhatIsDrawn(@ForAll("rows") Tensor x) {
    Laws.of(y -> y.cumulativeSum(-1)).over(random -> List.of(x)).tries(1).check();
  }

  @Property(tries = 50, seed = "1")
  void tensorsAreAsTheirGeneratorSays(@ForAll("positive") Tensor x) {
    for (double element : x.toDoubleArray()) {
      assertTrue(element >= 0.5 && element <= 3, x.toString());
    }
  }

  /** Greedily, as jqwik does: to what no simpler one fails. */
  private static <T> T smallest(Shrinkable<T> failing, Predicate<T> fails) {
    Shrinkable<T> smallest = failing;
    boolean found = true;
    while (found) {
      Shrinkable<T> from = smallest;
      found = false;
      try (Stream<Shrinkable<T>> simpler = from.shrink()) {
        Shrinkable<T> next = simpler.filter(s -> fails.test(s.value())).findFirst().orElse(null);
        if (next != null) {
          assertTrue(next.distance().compareTo(from.distance()) <= 0, from.value().toString());
          smallest = next;
          found = true;
        }
      }
    }
    return smallest.value();
  }

  @Property(tries = 5, seed = "1")
  void programsShrinkToTheOperationThatFails(@ForAll long seed) {
    Predicate<RandomProgram> hasTangent =
        program -> program.lines().stream().anyMatch(line -> line.op() instanceof Op.Tanh);
    Random random = new Random(seed);
    Shrinkable<RandomProgram> drawn = programs().generator(100).next(random);
    while (!hasTangent.test(drawn.value())) {
      drawn = programs().generator(100).next(random);
    }
    assertEquals(1, smallest(drawn, hasTangent).lines().size());
  }

  @Property(tries = 5, seed = "1")
  void tensorsShrinkToOnePlainNumber(@ForAll long seed) {
    Shrinkable<Tensor> drawn = positive().generator(100).next(new Random(seed));
    Tensor smallest = smallest(drawn, x -> true);
    assertTrue(smallest.shape().elements() <= 1, smallest.toString());
    assertTrue(POSITIVE.draws(smallest), smallest.toString());
  }

  /** Who asks for a shape and positive numbers need not fear others. */
  @Property(tries = 5, seed = "1")
  void whatIsSimplerIsStillDrawn(@ForAll long seed) {
    TensorGenerator generator = TensorGenerator.tensors().shape(2, 3).between(0.5, 3);
    Shrinkable<Tensor> drawn =
        FluxionArbitraries.tensors(generator).generator(100).next(new Random(seed));
    Tensor smallest = smallest(drawn, x -> true);
    assertArrayEquals(new double[] {1, 1, 1, 1, 1, 1}, smallest.toDoubleArray());
    assertEquals(List.of(2, 3), IntStream.of(smallest.shape().extents()).boxed().toList());
  }

  private static final ArgumentsGenerator PAIR =
      ArgumentsGenerator.broadcasting(TensorGenerator.tensors(), POSITIVE);

  @Provide
  Arbitrary<List<Tensor>> pairs() {
    return FluxionArbitraries.tensors(PAIR);
  }

  /** As the laws' page has it. */
  @Property(tries = 20, seed = "1")
  void quotientsBroadcast(@ForAll("pairs") List<Tensor> x) {
    Laws.ofMany(y -> List.of(y.get(0).div(y.get(1)))).over(random -> x).tries(1).check();
  }

  @Property(tries = 5, seed = "1")
  void pairsShrinkToPairsThatBroadcast(@ForAll long seed) {
    Predicate<List<Tensor>> isStretched =
        x -> {
          Shape both = Shape.broadcast("test", x.get(0).shape(), x.get(1).shape());
          return both.elements() > x.get(1).shape().elements();
        };
    Random random = new Random(seed);
    Shrinkable<List<Tensor>> drawn = pairs().generator(100).next(random);
    while (!isStretched.test(drawn.value())) {
      drawn = pairs().generator(100).next(random);
    }
    List<Tensor> smallest = smallest(drawn, isStretched);
    assertTrue(PAIR.draws(smallest), smallest.toString());
    assertEquals(2, smallest.get(0).shape().elements(), smallest.toString());
    assertArrayEquals(new double[] {1}, smallest.get(1).toDoubleArray());
  }

  @Property(tries = 20, seed = "1")
  void shapesAreAsTheirGeneratorSays(@ForAll long seed) {
    Shape shape =
        FluxionArbitraries.shapes(TensorGenerator.tensors().rank(2, 5).extents(3))
            .generator(100)
            .next(new Random(seed))
            .value();
    assertTrue(shape.rank() >= 2 && shape.rank() <= 5, shape.toString());
    assertTrue(IntStream.of(shape.extents()).allMatch(extent -> extent <= 3), shape.toString());
  }

  @Property(tries = 5, seed = "1")
  void shapesShrinkToFewerAndShorterAxes(@ForAll long seed) {
    Predicate<Shape> hasLongAxis =
        shape -> IntStream.of(shape.extents()).anyMatch(extent -> extent > 1);
    Arbitrary<Shape> shapes = FluxionArbitraries.shapes(TensorGenerator.tensors().rank(0, 5));
    Random random = new Random(seed);
    Shrinkable<Shape> drawn = shapes.generator(100).next(random);
    while (!hasLongAxis.test(drawn.value())) {
      drawn = shapes.generator(100).next(random);
    }
    Shape smallest = smallest(drawn, hasLongAxis);
    assertEquals(2, IntStream.of(smallest.extents()).max().orElseThrow(), smallest.toString());
    assertTrue(hasLongAxis.test(Shape.of(smallest.extent(0))), smallest.toString());
    // Two that fit each other do so to the end.
    Shrinkable<List<Shape>> pair = FluxionArbitraries.shapes(PAIR).generator(100).next(random);
    assertEquals(List.of(Shape.SCALAR, Shape.SCALAR), smallest(pair, x -> PAIR.drawsShapes(x)));
  }
}
