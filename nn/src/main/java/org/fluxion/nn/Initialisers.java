package org.fluxion.nn;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/**
 * First values of parameters, all float32. For a weight [out, in, ...] the fan-in is in times the
 * product of the further extents, the fan-out out times that product, as in PyTorch. Meant for
 * static import.
 */
public final class Initialisers {
  /** erf(2/√2): the probability that a normal number is within two deviations. */
  private static final double WITHIN_TWO = 0.9544997361036416;

  /** Giles, "Approximating the erfinv function" (2010), the branch for w &lt; 5. */
  private static final double[] INVERSE_ERF = {
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941
  };

  private Initialisers() {}

  /**
   * Zeros.
   *
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor zeros(int... extents) {
    return Tensor.zeros(extents);
  }

  /**
   * Ones.
   *
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor ones(int... extents) {
    return Tensor.ones(extents);
  }

  /**
   * Uniform numbers.
   *
   * @param key the key of the draw
   * @param low the smallest value
   * @param high the bound above all values
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor uniform(RandomKey key, double low, double high, int... extents) {
    return key.uniform(Shape.of(extents), DType.FLOAT32).mul(high - low).add(low);
  }

  /**
   * Normal numbers of mean 0.
   *
   * @param key the key of the draw
   * @param deviation their standard deviation
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor normal(RandomKey key, double deviation, int... extents) {
    return key.normal(Shape.of(extents), DType.FLOAT32).mul(deviation);
  }

  /**
   * Normal numbers of mean 0, redrawn (in effect) until they are within two deviations. What comes
   * out has a standard deviation of 0.88 times the one given.
   *
   * @param key the key of the draw
   * @param deviation the standard deviation before truncation
   * @param extents the shape
   * @return the tensor
   */
  public static Tensor truncatedNormal(RandomKey key, double deviation, int... extents) {
    Tensor probability =
        key.uniform(Shape.of(extents), DType.FLOAT32).mul(2 * WITHIN_TWO).sub(WITHIN_TWO);
    // The approximation's last bits must not carry a value over the bound.
    double bound = 2 * deviation;
    return inverseErf(probability).mul(Math.sqrt(2) * deviation).clip(-bound, bound);
  }

  private static Tensor inverseErf(Tensor x) {
    Tensor w = x.square().neg().log1p().neg().sub(2.5);
    Tensor polynomial = w.zerosLike().add(INVERSE_ERF[0]);
    for (int i = 1; i < INVERSE_ERF.length; i++) {
      polynomial = polynomial.mul(w).add(INVERSE_ERF[i]);
    }
    return polynomial.mul(x);
  }

  /**
   * Uniform numbers within ±√(6 / (fan-in + fan-out)) (Glorot and Bengio, 2010).
   *
   * @param key the key of the draw
   * @param extents the weight's shape [out, in, ...]
   * @return the tensor
   */
  public static Tensor xavierUniform(RandomKey key, int... extents) {
    double bound = Math.sqrt(6 / (fanIn(extents) + fanOut(extents)));
    return uniform(key, -bound, bound, extents);
  }

  /**
   * Normal numbers of deviation √(2 / (fan-in + fan-out)) (Glorot and Bengio, 2010).
   *
   * @param key the key of the draw
   * @param extents the weight's shape [out, in, ...]
   * @return the tensor
   */
  public static Tensor xavierNormal(RandomKey key, int... extents) {
    return normal(key, Math.sqrt(2 / (fanIn(extents) + fanOut(extents))), extents);
  }

  /**
   * Uniform numbers within ±√(6 / fan-in), for layers before a ReLU (He et al., 2015).
   *
   * @param key the key of the draw
   * @param extents the weight's shape [out, in, ...]
   * @return the tensor
   */
  public static Tensor kaimingUniform(RandomKey key, int... extents) {
    double bound = Math.sqrt(6 / fanIn(extents));
    return uniform(key, -bound, bound, extents);
  }

  /**
   * Normal numbers of deviation √(2 / fan-in), for layers before a ReLU (He et al., 2015).
   *
   * @param key the key of the draw
   * @param extents the weight's shape [out, in, ...]
   * @return the tensor
   */
  public static Tensor kaimingNormal(RandomKey key, int... extents) {
    return normal(key, Math.sqrt(2 / fanIn(extents)), extents);
  }

  private static double fanIn(int[] extents) {
    return fan(extents, 1);
  }

  private static double fanOut(int[] extents) {
    return fan(extents, 0);
  }

  private static double fan(int[] extents, int axis) {
    if (extents.length < 2) {
      throw new IllegalArgumentException(
          "initialiser: expected a weight [out, in, ...], got shape %s; use normal or uniform"
              .formatted(Shape.of(extents)));
    }
    double fan = extents[axis];
    for (int i = 2; i < extents.length; i++) {
      fan *= extents[i];
    }
    return fan;
  }
}
