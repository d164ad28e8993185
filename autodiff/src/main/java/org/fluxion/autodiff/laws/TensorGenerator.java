package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
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
  private final DType dtype;
  private final ShapeRange shapes;
  private final ElementRange elements;

  private TensorGenerator(DType dtype, ShapeRange shapes, ElementRange elements) {
    this.dtype = dtype;
    this.shapes = shapes;
    this.elements = elements;
  }

  /**
   * Tensors of float64, of rank 0 to 3, axes of 0 to 4 elements, and elements between −2 and 2.
   *
   * @return the generator
   */
  public static TensorGenerator tensors() {
    return new TensorGenerator(
        DType.FLOAT64, ShapeRange.of(0, 3, 4), new ElementRange(-2, 2, false, List.of()));
  }

  /**
   * The same, of a rank within bounds. It takes the place of a {@linkplain #shape shape} that was
   * given before, as {@link #extents} does.
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
    return new TensorGenerator(dtype, shapes.rank(least, most), elements);
  }

  /**
   * The same, with longer or shorter axes. It takes the place of a {@linkplain #shape shape} that
   * was given before, as {@link #rank} does.
   *
   * @param most how many elements an axis has at most
   * @return the generator
   * @throws TensorException if it is less than 1
   */
  public TensorGenerator extents(int most) {
    if (most < 1) {
      throw new TensorException("tensors: expected axes of 1 element at least, got " + most);
    }
    return new TensorGenerator(dtype, shapes.extents(most), elements);
  }

  /**
   * The same, of one shape, which takes the place of ranks and extents.
   *
   * @param extents the extent of each axis
   * @return the generator
   */
  public TensorGenerator shape(int... extents) {
    return new TensorGenerator(dtype, shapes.exactly(Shape.of(extents)), elements);
  }

  /**
   * The same, with elements within bounds: where the function is defined and smooth. {@linkplain
   * #edges Edges} are within them as well, and the bounds are among these.
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
    return new TensorGenerator(dtype, shapes, elements.between(least, most));
  }

  /**
   * The same, with elements that lie anywhere between the bounds, almost never at a kink. This is
   * what {@link #tensors} gives; it undoes {@link #edges} and {@link #wild}.
   *
   * @return the generator
   */
  public TensorGenerator smooth() {
    return new TensorGenerator(dtype, shapes, elements.with(List.of()));
  }

  /**
   * The same, with elements among the others at which functions break, as the dtype has them: zeros
   * of both signs, a half and small whole numbers, which make ties; the numbers one place beside
   * these; tiny ones, down to the smallest subnormal; and huge ones, up to the largest finite
   * number. Each of the last three kinds is in half of the tensors. Between {@linkplain #between
   * bounds} of your own it is those that lie within them, and the bounds.
   *
   * @return the generator
   */
  public TensorGenerator edges() {
    return new TensorGenerator(dtype, shapes, elements.with(ElementRange.FINITE));
  }

  /**
   * The same as {@link #edges}, and in half of the tensors, whatever the bounds, NaN and both
   * infinities: for functions that promise something of them. The law of values speaks of these,
   * and agreement of devices; differences say nothing.
   *
   * @return the generator
   */
  public TensorGenerator wild() {
    return new TensorGenerator(dtype, shapes, elements.with(ElementRange.ALL));
  }

  /**
   * The same in another dtype, in which the function is then checked, roundings included. Of
   * float16 and bfloat16, which only store values, the function makes float32 first.
   *
   * @param other the dtype
   * @return the generator
   */
  public TensorGenerator dtype(DType other) {
    return new TensorGenerator(other, shapes, elements);
  }

  /**
   * Draws a tensor.
   *
   * @param random where chance comes from
   * @return a tensor with values
   */
  public Tensor draw(Random random) {
    return draw(shapes.draw(random), random);
  }

  /** Draws a tensor of a shape. */
  Tensor draw(Shape shape, Random random) {
    HostData data = HostData.allocate(dtype, shape.elements());
    DoubleSupplier source = elements.source(dtype, random);
    for (long i = 0; i < data.elements(); i++) {
      if (dtype.isFloating()) {
        data.setDouble(i, source.getAsDouble());
      } else {
        data.setLong(i, (long) Math.floor(source.getAsDouble()));
      }
    }
    return Tensor.of(data, shape);
  }

  /**
   * Whether a tensor is one that may be drawn. What is simpler than a drawn one need not be.
   *
   * @param x the tensor, with values
   * @return whether its dtype, its shape and all its elements are as this generator has them
   */
  public boolean draws(Tensor x) {
    return shapes.contains(x.shape()) && x.dtype() == dtype && holds(x);
  }

  /**
   * Whether all elements of a tensor are among those that are drawn, as their dtype rounds them.
   */
  boolean holds(Tensor x) {
    return elements.holds(x, dtype);
  }

  /** Which shapes are drawn. */
  ShapeRange shapes() {
    return shapes;
  }
}
