package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.ArgumentsGenerator.broadcasting;
import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.junit.jupiter.api.Test;

/** Arguments whose shapes hang on each other, or do not. */
class ArgumentsGeneratorTest {
  private static final int SEEDS = 200;

  private static final List<ArgumentsGenerator> BROADCASTING =
      List.of(
          broadcasting(tensors(), tensors()),
          broadcasting(tensors().rank(0, 5), tensors().rank(1, 2).extents(2), tensors()),
          broadcasting(tensors().shape(3, 1, 2), tensors(), tensors().between(0.5, 3)),
          broadcasting(tensors().shape(2, 3), tensors().shape(3)),
          broadcasting(tensors()));

  private static List<Shape> shapes(List<Tensor> arguments) {
    return arguments.stream().map(Tensor::shape).toList();
  }

  private static Shape together(List<Shape> shapes) {
    return shapes.stream().reduce(Shape.SCALAR, (a, b) -> Shape.broadcast("test", a, b));
  }

  @Test
  void whatIsDrawnBroadcastsAndIsWhatMayBeDrawn() {
    for (ArgumentsGenerator generator : BROADCASTING) {
      for (long seed = 0; seed < SEEDS; seed++) {
        List<Tensor> drawn = generator.draw(Seeds.spread(seed));
        together(shapes(drawn));
        assertTrue(generator.draws(drawn), drawn.toString());
        assertTrue(generator.drawsShapes(generator.drawShapes(Seeds.spread(seed))));
      }
    }
  }

  /** Of two shapes, in all the ways in which they may fit. */
  @Test
  void everyWayToBroadcastIsDrawn() {
    List<Boolean> seen = new ArrayList<>(List.of(false, false, false, false, false));
    for (long seed = 0; seed < SEEDS; seed++) {
      List<Shape> drawn = BROADCASTING.get(0).drawShapes(Seeds.spread(seed));
      Shape a = drawn.get(0);
      Shape b = drawn.get(1);
      Shape both = together(drawn);
      see(seen, 0, a.equals(b) && a.elements() > 1);
      see(seen, 1, a.rank() != b.rank());
      see(seen, 2, a.rank() == b.rank() && !a.equals(b) && both.elements() > 1);
      // Each of them is stretched along an axis of its own.
      see(seen, 3, both.elements() > Math.max(a.elements(), b.elements()));
      see(seen, 4, both.elements() == 0 && a.elements() + b.elements() > 0);
    }
    assertEquals(List.of(true, true, true, true, true), seen);
  }

  private static void see(List<Boolean> seen, int i, boolean now) {
    seen.set(i, seen.get(i) || now);
  }

  @Test
  void exactShapesAreKept() {
    for (long seed = 0; seed < SEEDS; seed++) {
      List<Shape> drawn = BROADCASTING.get(2).drawShapes(Seeds.spread(seed));
      assertEquals(Shape.of(3, 1, 2), drawn.get(0));
    }
    assertThrows(
        TensorException.class, () -> broadcasting(tensors().shape(2, 3), tensors().shape(2)));
  }

  @Test
  void whatDoesNotFitIsNotDrawn() {
    Tensor two = Tensor.of(new double[] {1, 1}, 2);
    Tensor three = Tensor.of(new double[] {1, 1, 1}, 3);
    ArgumentsGenerator pairs = BROADCASTING.get(0);
    assertTrue(pairs.draws(List.of(two, two)));
    assertFalse(pairs.draws(List.of(two, three)));
    assertTrue(ArgumentsGenerator.each(tensors(), tensors()).draws(List.of(two, three)));
    assertFalse(pairs.draws(List.of(two)));
    assertFalse(pairs.draws(List.of(two, Tensor.of(new double[] {9, 9}, 2))));
    assertFalse(pairs.drawsShapes(List.of(Shape.of(2), Shape.of(9))));
  }

  @Test
  void whatIsSimplerBroadcastsToo() {
    for (ArgumentsGenerator generator : BROADCASTING) {
      for (long seed = 0; seed < 20; seed++) {
        List<Tensor> drawn = generator.draw(Seeds.spread(seed));
        generator.simpler(drawn).forEach(x -> assertTrue(generator.draws(x), x.toString()));
        generator
            .simplerShapes(shapes(drawn))
            .forEach(s -> assertTrue(generator.drawsShapes(s), s.toString()));
      }
    }
    assertEquals(
        List.of(List.of(Shape.of(3), Shape.of(3)), List.of(Shape.of(2, 3), Shape.SCALAR)),
        BROADCASTING.get(0).simplerShapes(List.of(Shape.of(2, 3), Shape.of(3))).limit(2).toList());
  }

  /** Its rule is right as long as nothing is stretched. */
  private static final CustomFunction SUM =
      CustomFunction.ofMany(
          "sum",
          x -> x.get(0).add(x.get(1)),
          (x, y, dx) -> {
            Tensor sum = dx.get(0).add(dx.get(1));
            return x.get(1).shape().equals(y.shape()) ? sum : sum.add(dx.get(1));
          });

  @Test
  void whatIsWrongWhereShapesDifferIsFoundAndStaysSo() {
    Laws laws = Laws.ofMany(x -> List.of(SUM.applyAll(x.get(0), x.get(1)))).order(1);
    laws.over(tensors().shape(2, 3), tensors().shape(2, 3)).tries(20).check();
    LawBroken broken =
        assertThrows(
            LawBroken.class,
            () -> laws.over(broadcasting(tensors(), tensors().between(1.25, 3))).check());
    List<Tensor> smallest = broken.smallest().values();
    List<Shape> shapes = shapes(smallest);
    assertFalse(shapes.get(1).equals(together(shapes)), broken.getMessage());
    assertTrue(
        IntStream.range(0, 2).allMatch(i -> smallest.get(i).shape().elements() <= 2),
        broken.getMessage());
    double element = smallest.get(1).toDoubleArray()[0];
    assertTrue(element == 2 || element == 3, broken.getMessage());
  }

  @Test
  void thereAreArguments() {
    String none = "laws: expected a generator for each argument, got none";
    assertEquals(
        none,
        assertThrows(TensorException.class, () -> ArgumentsGenerator.broadcasting()).getMessage());
    assertEquals(
        none, assertThrows(TensorException.class, () -> ArgumentsGenerator.each()).getMessage());
  }
}
