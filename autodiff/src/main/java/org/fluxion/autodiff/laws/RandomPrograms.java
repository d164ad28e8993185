package org.fluxion.autodiff.laws;

import org.fluxion.tensor.DType;

/**
 * Random programs over every operation. Each line takes an operation by lot, whatever there is as
 * its operand, and makes what else it needs from what there is, or from new inputs. The same seed
 * draws the same program.
 */
public final class RandomPrograms {
  /**
   * What is drawn.
   *
   * @param dtype of the inputs that are floating point, float32 or float64
   * @param operations about how many operations
   * @param isTame whether elements stay finite and, where it can be told from the values, away from
   *     the kinks of functions; otherwise infinities and NaN occur
   * @param isLarge whether tensors are so large that devices share kernels between threads;
   *     elements are ordinary numbers then, and their sums may be large
   */
  public record Settings(DType dtype, int operations, boolean isTame, boolean isLarge) {
    /**
     * Of small tensors.
     *
     * @param dtype of the inputs that are floating point, float32 or float64
     * @param operations about how many operations
     * @param isTame whether elements stay finite and away from kinks
     */
    public Settings(DType dtype, int operations, boolean isTame) {
      this(dtype, operations, isTame, false);
    }

    /**
     * Of large tensors.
     *
     * @param dtype of the inputs that are floating point, float32 or float64
     * @param operations about how many operations
     * @return the settings
     */
    public static Settings large(DType dtype, int operations) {
      return new Settings(dtype, operations, true, true);
    }
  }

  /** One program in so many counts. */
  private static final int COUNTING = 16;

  private RandomPrograms() {}

  /**
   * Draws a program.
   *
   * @param seed which one
   * @param settings what is drawn
   * @return the program
   */
  public static RandomProgram draw(long seed, Settings settings) {
    boolean isCounting = !settings.isLarge() && Seeds.spread(~seed).nextInt(COUNTING) == 0;
    return new DrawnLines(Seeds.spread(seed), settings, isCounting).program();
  }
}
