package org.fluxion.tensor.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Random shapes, axes and elements. The same seed draws the same. */
public final class Draw {
  /** What is drawn. */
  public enum Kind {
    /** Small shapes; elements of every kind, among them infinities and what is no number. */
    ANY,
    /** The same elements in shapes that are split over tasks, and over vectors. */
    LARGE,
    /**
     * Small shapes; floating point between −2 and 2, in steps that leave ties and zeros among them,
     * so that derivatives are finite and kinks are met.
     */
    MODERATE
  }

  private static final int STEPS = 64;

  private static final double[] SPECIALS = {
    0.0,
    -0.0,
    1,
    -1,
    0.5,
    -2.5,
    3,
    -7,
    1e-8,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    Float.MAX_VALUE,
    0x1p23 + 1,
    -0x1p31,
    0x1p63,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private final Random random;
  private final Kind kind;

  /**
   * Draws of a kind.
   *
   * @param random where chance comes from
   * @param kind what is drawn
   */
  public Draw(Random random, Kind kind) {
    this.random = random;
    this.kind = kind;
  }

  /**
   * A number within bounds.
   *
   * @param low the least
   * @param high the most, included
   * @return the number
   */
  public int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  boolean isLarge() {
    return kind == Kind.LARGE;
  }

  long bits() {
    return random.nextLong();
  }

  /** A shape of a rank within bounds. */
  Shape shape(int leastRank, int mostRank) {
    int[] extents = new int[between(leastRank, mostRank)];
    // Many axes of six are thousands of elements, which third derivatives take their time for.
    int most = extents.length > 4 ? 3 : 6;
    Arrays.setAll(extents, i -> between(1, most));
    if (isLarge() && extents.length > 0) {
      int axis = random.nextInt(extents.length);
      int others = (int) Shape.of(extents).elements() / extents[axis];
      extents[axis] = 40_000 / others + between(0, 99);
    } else if (extents.length > 0 && random.nextInt(4) == 0) {
      extents[extents.length - 1] = between(1, 70);
    }
    return Shape.of(extents);
  }

  /** A shape as {@link #shape} draws, of which now and then an axis is empty. */
  Shape loose(int leastRank, int mostRank) {
    Shape shape = shape(leastRank, mostRank);
    return shape.rank() > 0 && random.nextInt(12) == 0 ? shape.with(axis(shape), 0) : shape;
  }

  /** A shape of which now and then an axis is empty that is not among some. */
  Shape emptied(Shape shape, List<Integer> some) {
    int[] others = IntStream.range(0, shape.rank()).filter(i -> !some.contains(i)).toArray();
    return others.length > 0 && random.nextInt(12) == 0
        ? shape.with(others[random.nextInt(others.length)], 0)
        : shape;
  }

  /**
   * Some of a shape's axes.
   *
   * @param shape the shape
   * @return the axes, ascending
   */
  public List<Integer> axes(Shape shape) {
    return IntStream.range(0, shape.rank()).filter(axis -> random.nextBoolean()).boxed().toList();
  }

  /**
   * One of a shape's axes.
   *
   * @param shape the shape, of rank 1 at least
   * @return the axis
   */
  public int axis(Shape shape) {
    return random.nextInt(shape.rank());
  }

  /**
   * An order of all axes of a shape.
   *
   * @param shape the shape
   * @return a permutation
   */
  public List<Integer> order(Shape shape) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      axes.add(random.nextInt(i + 1), i);
    }
    return axes;
  }

  /** A number per axis of a shape, within bounds. */
  List<Integer> amounts(Shape shape, int low, int high) {
    return IntStream.range(0, shape.rank()).map(axis -> between(low, high)).boxed().toList();
  }

  /**
   * The shape with some of its axes made 1.
   *
   * @param shape the shape
   * @return the narrower one, which can be broadcast to it
   */
  public Shape narrowed(Shape shape) {
    return Shape.of(
        IntStream.range(0, shape.rank())
            .map(axis -> random.nextBoolean() ? 1 : shape.extent(axis))
            .toArray());
  }

  /** The same number of elements under another shape. */
  Shape regrouped(Shape shape) {
    int n = Math.toIntExact(shape.elements());
    if (n == 0) {
      return Shape.of(between(0, 3), 0);
    }
    int[] divisors = IntStream.rangeClosed(1, n).filter(d -> n % d == 0).toArray();
    int first = divisors[random.nextInt(divisors.length)];
    return random.nextInt(4) == 0 ? Shape.of(n) : Shape.of(first, n / first);
  }

  /**
   * Elements as the kind of draws has them; of integers whole ranges.
   *
   * @param dtype their dtype
   * @param shape their shape
   * @return the elements
   */
  public Tensor any(DType dtype, Shape shape) {
    return above(-2, dtype, shape);
  }

  /**
   * The same; where floating point is moderate, it is above a number, which may be the end of an
   * operation's domain.
   */
  Tensor above(double low, DType dtype, Shape shape) {
    if (kind == Kind.MODERATE && dtype.isFloating()) {
      HostData data = HostData.allocate(dtype, shape.elements());
      int first = (int) (low * STEPS) + 1;
      for (long i = 0; i < data.elements(); i++) {
        data.setDouble(i, between(first, 2 * STEPS) / (double) STEPS);
      }
      return Tensor.of(data, shape);
    }
    HostData data = HostData.allocate(dtype, shape.elements());
    for (long i = 0; i < data.elements(); i++) {
      if (dtype.isFloating()) {
        data.setDouble(
            i,
            switch (random.nextInt(3)) {
              case 0 -> SPECIALS[random.nextInt(SPECIALS.length)];
              case 1 -> random.nextGaussian() * 3;
              default -> random.nextGaussian() * Math.exp(random.nextGaussian() * 20);
            });
      } else if (dtype == DType.BOOL) {
        data.setLong(i, random.nextInt(2));
      } else {
        // Small ones often, so that equal pairs and zeros occur.
        data.setLong(
            i, random.nextBoolean() ? between(-3, 3) : random.nextLong() >> random.nextInt(64));
      }
    }
    return Tensor.of(data, shape);
  }

  /**
   * Exponents of every kind but for huge ones: of -∞ and -0 the JDK's own pow, which the reference
   * uses, takes some that are beyond 2⁵⁰ and no integers for odd ones.
   */
  Tensor exponents(DType dtype, Shape shape) {
    HostData data = any(dtype, shape).value();
    for (long i = 0; dtype.isFloating() && i < data.elements(); i++) {
      double value = data.getDouble(i);
      data.setDouble(i, Double.isFinite(value) ? Math.clamp(value, -0x1p40, 0x1p40) : value);
    }
    return Tensor.of(data, shape);
  }

  /** Elements whose sums stay finite: of floating point those between −2 and 2. */
  Tensor moderate(DType dtype, Shape shape) {
    if (!dtype.isFloating() || kind == Kind.MODERATE) {
      return any(dtype, shape);
    }
    HostData data = HostData.allocate(dtype, shape.elements());
    for (long i = 0; i < data.elements(); i++) {
      data.setDouble(i, random.nextDouble() * 4 - 2);
    }
    return Tensor.of(data, shape);
  }

  /** Moderate elements, of which some are −∞: what is added to attention's scores. */
  Tensor hiding(DType dtype, Shape shape) {
    HostData data = moderate(dtype, shape).value();
    for (long i = 0; dtype.isFloating() && i < data.elements(); i++) {
      if (random.nextInt(4) == 0) {
        data.setDouble(i, Double.NEGATIVE_INFINITY);
      }
    }
    return Tensor.of(data, shape);
  }

  /** Indices of rows, of which some are outside. */
  Tensor indices(int rows, Shape shape) {
    DType dtype = random.nextBoolean() ? DType.INT32 : DType.INT64;
    HostData data = HostData.allocate(dtype, shape.elements());
    for (long i = 0; i < data.elements(); i++) {
      // One far outside is inside again to whoever takes its lower 32 bits.
      boolean far = dtype == DType.INT64 && random.nextInt(6) == 0;
      data.setLong(i, far ? (1L << 32) + random.nextInt(rows) : between(-1, rows));
    }
    return Tensor.of(data, shape);
  }
}
