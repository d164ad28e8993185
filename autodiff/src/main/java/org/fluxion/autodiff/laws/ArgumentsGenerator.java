package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Which tensors a function of several is tried on: each as a generator of its own has it, of shapes
 * that hang on each other or do not.
 *
 * <pre>{@code
 * Laws.ofMany(x -> List.of(x.get(0).div(x.get(1))))
 *     .over(ArgumentsGenerator.broadcasting(tensors(), tensors().between(0.5, 3)))
 * }</pre>
 */
public final class ArgumentsGenerator {
  /** An argument in so many lacks axes, and an axis in so many is 1 instead. */
  private static final int SHORT = 3;

  private final List<TensorGenerator> each;
  private final boolean fitsEachOther;

  private ArgumentsGenerator(List<TensorGenerator> each, boolean fitsEachOther) {
    if (each.isEmpty()) {
      throw new TensorException("laws: expected a generator for each argument, got none");
    }
    this.each = List.copyOf(each);
    this.fitsEachOther = fitsEachOther;
  }

  /**
   * Tensors of which none hangs on another.
   *
   * @param generators one for each argument
   * @return the generator
   * @throws TensorException if there are none
   */
  public static ArgumentsGenerator each(TensorGenerator... generators) {
    return new ArgumentsGenerator(List.of(generators), false);
  }

  /**
   * Tensors whose shapes fit each other by broadcasting: aligned at the last axis, their extents
   * are equal, or 1, or missing in front. Each has a rank and extents as its generator says. One of
   * an exact {@linkplain TensorGenerator#shape shape} keeps it, and others are drawn to fit.
   *
   * @param generators one for each argument
   * @return the generator
   * @throws TensorException if there are none, or of exact shapes that do not broadcast
   */
  public static ArgumentsGenerator broadcasting(TensorGenerator... generators) {
    ArgumentsGenerator arguments = new ArgumentsGenerator(List.of(generators), true);
    arguments.exact();
    return arguments;
  }

  /**
   * Draws the arguments.
   *
   * @param random where chance comes from
   * @return a tensor with values for each
   */
  public List<Tensor> draw(Random random) {
    if (!fitsEachOther) {
      return each.stream().map(generator -> generator.draw(random)).toList();
    }
    List<Shape> shapes = drawShapes(random);
    return IntStream.range(0, each.size())
        .mapToObj(i -> each.get(i).draw(shapes.get(i), random))
        .toList();
  }

  /**
   * Draws shapes of arguments.
   *
   * @param random where chance comes from
   * @return a shape for each
   */
  public List<Shape> drawShapes(Random random) {
    if (!fitsEachOther) {
      return each.stream().map(generator -> generator.shapes().draw(random)).toList();
    }
    Shape common = common(random);
    return each.stream().map(generator -> fitting(generator.shapes(), common, random)).toList();
  }

  /** What those of an exact shape broadcast to, one after the other. */
  private Shape exact() {
    return broadcast(each.stream().flatMap(generator -> generator.shapes().exact().stream()));
  }

  private static Shape broadcast(Stream<Shape> shapes) {
    return shapes.reduce(Shape.SCALAR, (a, b) -> Shape.broadcast("arguments", a, b));
  }

  /** What all broadcast to, if each has all of its axes. */
  private Shape common(Random random) {
    Shape exact = exact();
    int least = each.stream().mapToInt(generator -> generator.shapes().least()).max().orElse(0);
    int most = each.stream().mapToInt(generator -> generator.shapes().most()).max().orElse(0);
    int longest =
        each.stream()
            .map(TensorGenerator::shapes)
            .filter(shapes -> shapes.exact().isEmpty())
            .mapToInt(ShapeRange::mostExtent)
            .max()
            .orElse(1);
    int[] extents = new int[random.nextInt(least, most + 1)];
    for (int i = 1; i <= extents.length; i++) {
      int known = i <= exact.rank() ? exact.extent(-i) : 1;
      extents[extents.length - i] = known == 1 ? ShapeRange.extent(random, longest) : known;
    }
    return Shape.of(extents);
  }

  private static Shape fitting(ShapeRange shapes, Shape common, Random random) {
    if (shapes.exact().isPresent()) {
      return shapes.exact().get();
    }
    int most = Math.min(shapes.mostRank(), common.rank());
    int rank = random.nextInt(SHORT) == 0 ? random.nextInt(shapes.leastRank(), most + 1) : most;
    int[] extents = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int extent = common.extent(-i);
      boolean isOne = extent > shapes.mostExtent() || random.nextInt(SHORT) == 0;
      extents[rank - i] = isOne ? 1 : extent;
    }
    return Shape.of(extents);
  }

  /**
   * Whether arguments may be drawn.
   *
   * @param arguments tensors with values
   * @return whether there is one for each, as its generator has it, and their shapes fit
   */
  public boolean draws(List<Tensor> arguments) {
    return drawsShapes(arguments.stream().map(Tensor::shape).toList())
        && IntStream.range(0, each.size()).allMatch(i -> each.get(i).draws(arguments.get(i)));
  }

  /**
   * Whether shapes may be drawn.
   *
   * @param shapes the shapes
   * @return whether there is one for each argument, as its generator has it, and they fit
   */
  public boolean drawsShapes(List<Shape> shapes) {
    return shapes.size() == each.size()
        && IntStream.range(0, each.size())
            .allMatch(i -> each.get(i).shapes().contains(shapes.get(i)))
        && fit(shapes);
  }

  /** Whether all elements are among those that are drawn, whatever the ranks and extents. */
  boolean holds(List<Tensor> arguments) {
    return IntStream.range(0, each.size()).allMatch(i -> each.get(i).holds(arguments.get(i)))
        && fit(arguments.stream().map(Tensor::shape).toList());
  }

  private boolean fit(List<Shape> shapes) {
    if (!fitsEachOther) {
      return true;
    }
    try {
      broadcast(shapes.stream());
      return true;
    } catch (TensorException doNotFit) {
      return false;
    }
  }

  /**
   * Arguments that are a little simpler and may be drawn too: with shorter axes, and plainer
   * numbers.
   *
   * @param arguments what was drawn
   * @return simpler ones, the simplest first
   */
  public Stream<List<Tensor>> simpler(List<Tensor> arguments) {
    return new FunctionExample(x -> x, arguments, this::draws).simpler().map(Example::values);
  }

  /**
   * Shapes that are a little simpler and may be drawn too: one with an axis less in front, or all
   * axes of some extent shorter.
   *
   * @param shapes what was drawn
   * @return simpler ones, the simplest first
   */
  public Stream<List<Shape>> simplerShapes(List<Shape> shapes) {
    Stream<List<Shape>> fewerAxes =
        IntStream.range(0, shapes.size())
            .filter(i -> shapes.get(i).rank() > 0)
            .mapToObj(
                i -> {
                  List<Shape> others = new ArrayList<>(shapes);
                  int[] extents = shapes.get(i).extents();
                  others.set(i, Shape.of(Arrays.copyOfRange(extents, 1, extents.length)));
                  return others;
                });
    Stream<List<Shape>> shorterAxes =
        Extents.shorter(shapes).map(cut -> shapes.stream().map(cut::of).toList());
    return Stream.concat(fewerAxes, shorterAxes).filter(this::drawsShapes);
  }
}
