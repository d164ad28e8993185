package org.fluxion.meanflow.model;

import org.fluxion.tensor.Tensor;

/** Fixed positions of patches on a square grid: sines and cosines of both coordinates. */
final class Positions {
  private static final double LOWEST = 10_000;

  private Positions() {}

  /**
   * The positions, rounded to float32 as the authors' checkpoints hold them.
   *
   * @param side patches along each axis
   * @param width features of a position, divisible by 4: sines, then cosines, of the column, then
   *     those of the row
   * @return float32 [side², width], row by row
   */
  static Tensor grid(int side, int width) {
    int quarter = width / 4;
    float[] values = new float[side * side * width];
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        int start = (row * side + column) * width;
        for (int i = 0; i < quarter; i++) {
          double frequency = 1 / Math.pow(LOWEST, (double) i / quarter);
          values[start + i] = (float) Math.sin(column * frequency);
          values[start + quarter + i] = (float) Math.cos(column * frequency);
          values[start + 2 * quarter + i] = (float) Math.sin(row * frequency);
          values[start + 3 * quarter + i] = (float) Math.cos(row * frequency);
        }
      }
    }
    return Tensor.of(values, side * side, width);
  }
}
