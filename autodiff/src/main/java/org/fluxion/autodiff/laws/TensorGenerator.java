package org.fluxion.autodiff.laws;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Which tensors a function is tried on: immutable, each method returns another generator.
 *
 * <pre>{@code
 * tensors().rank(0, 4).between(0.1, 3)
 * }</pre>
 */
public final class TensorGenerator {
  private enum Elements {
    UNIFORM,
    EDGES
  }

  private static final double[] SPECIALS = {
    0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 1e-8, -1e-8, 1e-300, 700, -700, 1e8, -1e8
  };

  /** Of float32 and bfloat16: an exponential that nearly leaves their range, and tiny numbers. */
  private static final double[] SPECIALS_OF_FLOAT32 = {
    0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 1e-8, -1e-8, 1e-38, 88, -88, 1e8, -1e8
  };

  private static final double[] SPECIALS_OF_FLOAT16 = {
    0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 1e-4, -1e-4, 1e-7, 11, -11, 3e4, -3e4
  };

  private final DType dtype;
  private final Optional<Shape> shape;
  private final int leastRank;
  private final int mostRank;
  private final int mostExtent;
  private final double low;
  private final double high;
  private final Elements elements;

  private TensorGenerator(
      DType dtype,
      Optional<Shape> shape,
      int leastRank,
      int mostRank,
      int mostExtent,
      double low,
      double high,
      Elements elements) {
    this.dtype = dtype;
    this.shape = shape;
    this.leastRank = leastRank;
    this.mostRank = mostRank;
    this.mostExtent = mostExtent;
    this.low = low;
    this.high = high;
    this.elements = elements;
  }

  /**
   * Tensors of float64, of rank 0 to 3, axes of 0 to 4 elements, and elements between −2 and 2.
   *
   * @return the generator
   */
  public static TensorGenerator tensors() {
    return new TensorGenerator(DType.FLOAT64, Optional.empty(), 0, 3, 4, -2, 2, Elements.UNIFORM);
  }

  /**
   * The same, of a rank within bounds.
   *
   * @param least the least rank
   * @param most the most, included
   * @return the generator
   * @throws TensorException if the bounds are none
   */
  public TensorGenerator rank(int least, int most) {
    if (least < 0 || most < least) {
      throw new TensorException(
          Text.of("tensors: expected ranks 0 <= least <= most, got %d and %d", least, most));
    }
    return new TensorGenerator(
        dtype, Optional.empty(), least, most, mostExtent, low, high, elements);
  }

  /**
   * The same, with longer or shorter axes.
   *
   * @param most how many elements an axis has at most
   * @return the generator
   * @throws TensorException if it is less than 1
   */
  public TensorGenerator extents(int most) {
    if (most < 1) {
      throw new TensorException("tensors: expected axes of 1 element at least, got " + most);
    }
    return new TensorGenerator(dtype, shape, leastRank, mostRank, most, low, high, elements);
  }

  /**
   * The same, of one shape.
   *
   * @param extents the extent of each axis
   * @return the generator
   */
  public TensorGenerator shape(int... extents) {
    return new TensorGenerator(
        dtype,
        Optional.of(Shape.of(extents)),
        leastRank,
        mostRank,
        mostExtent,
        low,
        high,
        elements);
  }

  /**
   * The same, with elements within bounds: where the function is defined and smooth.
   *
   * @param least the least
   * @param most the most
   * @return the generator
   * @throws TensorException if the bounds are none
   */
  public TensorGenerator between(double least, double most) {
    if (!(least <= most && Double.isFinite(most - least))) {
      throw new TensorException(
          Text.of("tensors: expected finite elements least <= most, got %s and %s", least, most));
    }
    return new TensorGenerator(
        dtype, shape, leastRank, mostRank, mostExtent, least, most, Elements.UNIFORM);
  }

  /**
   * The same, with elements that lie anywhere between the bounds, almost never at a kink. This is
   * what {@link #tensors} gives; it undoes {@link #edges}.
   *
   * @return the generator
   */
  public TensorGenerator smooth() {
    return new TensorGenerator(
        dtype, shape, leastRank, mostRank, mostExtent, low, high, Elements.UNIFORM);
  }

  /**
   * The same, with zeros of both signs, ones, ties, and tiny and huge elements among the others.
   *
   * @return the generator
   */
  public TensorGenerator edges() {
    return new TensorGenerator(
        dtype, shape, leastRank, mostRank, mostExtent, low, high, Elements.EDGES);
  }

  /**
   * The same in another dtype, in which the function is then checked, roundings included. Of
   * float16 and bfloat16, which only store values, the function makes float32 first.
   *
   * @param other the dtype
   * @return the generator
   */
  public TensorGenerator dtype(DType other) {
    return new TensorGenerator(other, shape, leastRank, mostRank, mostExtent, low, high, elements);
  }

  /**
   * Draws a tensor.
   *
   * @param random where chance comes from
   * @return a tensor with values
   */
  public Tensor draw(Random random) {
    Shape drawn = shape.orElseGet(() -> shape(random));
    HostData data = HostData.allocate(dtype, drawn.elements());
    for (long i = 0; i < data.elements(); i++) {
      if (!dtype.isFloating()) {
        data.setLong(i, (long) Math.floor(element(random)));
      } else {
        data.setDouble(i, element(random));
      }
    }
    return Tensor.of(data, drawn);
  }

  /**
   * Whether a tensor is one that may be drawn. What is simpler than a drawn one need not be.
   *
   * @param x the tensor, with values
   * @return whether its dtype, its shape and all its elements are as this generator has them
   */
  public boolean draws(Tensor x) {
    IntStream extents = IntStream.of(x.shape().extents());
    boolean fits =
        shape.isPresent()
            ? shape.get().equals(x.shape())
            : x.shape().rank() >= leastRank
                && x.shape().rank() <= mostRank
                && extents.allMatch(extent -> extent <= mostExtent);
    return fits && x.dtype() == dtype && holds(x);
  }

  /**
   * Whether all elements of a tensor are among those that are drawn, as their dtype rounds them.
   */
  boolean holds(Tensor x) {
    HostData data = x.value();
    double least = dtype.isFloating() ? rounded(low) : Math.floor(low);
    double most = dtype.isFloating() ? rounded(high) : Math.floor(high);
    for (long i = 0; dtype != DType.BOOL && i < data.elements(); i++) {
      double element = data.getDouble(i);
      if (!(least <= element && element <= most) && !isSpecial(element)) {
        return false;
      }
    }
    return true;
  }

  private boolean isSpecial(double element) {
    return elements == Elements.EDGES
        && DoubleStream.of(specials())
            .map(special -> dtype.isFloating() ? rounded(special) : Math.floor(special))
            .anyMatch(special -> special == element);
  }

  private double rounded(double element) {
    HostData one = HostData.allocate(dtype, 1);
    one.setDouble(0, element);
    return one.getDouble(0);
  }

  private double[] specials() {
    return switch (dtype) {
      case FLOAT32, BFLOAT16 -> SPECIALS_OF_FLOAT32;
      case FLOAT16 -> SPECIALS_OF_FLOAT16;
      default -> SPECIALS;
    };
  }

  private double element(Random random) {
    boolean special = elements == Elements.EDGES && random.nextBoolean();
    double[] specials = specials();
    return special
        ? specials[random.nextInt(specials.length)]
        : low + (high - low) * random.nextDouble();
  }

  private Shape shape(Random random) {
    int[] extents = new int[random.nextInt(leastRank, mostRank + 1)];
    // Empty axes now and then.
    Arrays.setAll(extents, i -> random.nextInt(12) == 0 ? 0 : random.nextInt(1, mostExtent + 1));
    return Shape.of(extents);
  }
}
