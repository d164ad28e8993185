package org.fluxion.autodiff.laws;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.tensor.Shape;

/**
 * Which shapes are drawn.
 *
 * @param exact the one shape, if there is but one
 * @param leastRank else the least rank
 * @param mostRank and the most
 * @param mostExtent and how many elements an axis has at most
 */
record ShapeRange(Optional<Shape> exact, int leastRank, int mostRank, int mostExtent) {
  /** One axis in so many is empty. */
  private static final int EMPTY = 12;

  static ShapeRange of(int leastRank, int mostRank, int mostExtent) {
    return new ShapeRange(Optional.empty(), leastRank, mostRank, mostExtent);
  }

  ShapeRange rank(int least, int most) {
    return of(least, most, mostExtent);
  }

  ShapeRange extents(int most) {
    return of(leastRank, mostRank, most);
  }

  ShapeRange exactly(Shape shape) {
    return new ShapeRange(Optional.of(shape), leastRank, mostRank, mostExtent);
  }

  Shape draw(Random random) {
    return exact.orElseGet(() -> drawn(random));
  }

  private Shape drawn(Random random) {
    int[] extents = new int[random.nextInt(leastRank, mostRank + 1)];
    Arrays.setAll(extents, i -> extent(random, mostExtent));
    return Shape.of(extents);
  }

  /** Of an axis, empty now and then. */
  static int extent(Random random, int most) {
    return random.nextInt(EMPTY) == 0 ? 0 : random.nextInt(1, most + 1);
  }

  boolean contains(Shape shape) {
    return exact.isPresent()
        ? exact.get().equals(shape)
        : shape.rank() >= leastRank
            && shape.rank() <= mostRank
            && IntStream.of(shape.extents()).allMatch(extent -> extent <= mostExtent);
  }

  /** The least rank there is. */
  int least() {
    return exact.map(Shape::rank).orElse(leastRank);
  }

  /** The largest rank there is. */
  int most() {
    return exact.map(Shape::rank).orElse(mostRank);
  }
}
