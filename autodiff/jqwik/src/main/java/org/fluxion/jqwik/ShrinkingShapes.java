package org.fluxion.jqwik;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.ShrinkingDistance;
import org.fluxion.autodiff.laws.ArgumentsGenerator;
import org.fluxion.tensor.Shape;

/**
 * Shapes that shrink to simpler ones.
 *
 * @param generator draws the simpler ones as well
 * @param value the shapes
 */
record ShrinkingShapes(ArgumentsGenerator generator, List<Shape> value)
    implements Shrinkable<List<Shape>> {
  ShrinkingShapes {
    value = List.copyOf(value);
  }

  @Override
  public Stream<Shrinkable<List<Shape>>> shrink() {
    return generator.simplerShapes(value).map(simpler -> new ShrinkingShapes(generator, simpler));
  }

  /** Axes count first, then what they add up to. */
  @Override
  public ShrinkingDistance distance() {
    long axes = value.stream().mapToLong(Shape::rank).sum();
    long extents =
        value.stream().flatMapToInt(shape -> IntStream.of(shape.extents())).asLongStream().sum();
    return ShrinkingDistance.of(axes, extents);
  }
}
