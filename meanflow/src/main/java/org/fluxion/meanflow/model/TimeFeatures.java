package org.fluxion.meanflow.model;

import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;

/** Cosines and sines of a time at frequencies from 1 down to 1/10,000 (Vaswani et al., 2017). */
final class TimeFeatures {
  /** The features of one time in the conditioning. */
  static final int WIDTH = 256;

  private static final double LOWEST = 10_000;

  private TimeFeatures() {}

  /**
   * The features.
   *
   * @param time floats [batch], in units of the path (0 to 1, not thousandths)
   * @param width how many features, even
   * @return [batch, width]: cosines, then sines, of t·10000^(−i / (width/2))
   */
  static Tensor of(Tensor time, int width) {
    int half = width / 2;
    double[] frequencies = new double[half];
    for (int i = 0; i < half; i++) {
      frequencies[i] = Math.exp(-Math.log(LOWEST) * i / half);
    }
    // Rounded here, so that no program needs float64, which a device may lack.
    Tensor rounded = Tensor.tensor(frequencies).cast(time.dtype()).detach();
    Tensor angles = time.reshape(Shape.of(time.shape().extent(0), 1)).mul(rounded);
    return Tensor.concat(1, angles.cos(), angles.sin());
  }
}
