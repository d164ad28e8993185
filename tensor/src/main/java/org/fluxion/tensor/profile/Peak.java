package org.fluxion.tensor.profile;

/**
 * What a device can do at best, as measured.
 *
 * @param bytesPerSecond the rate of a copy too large for caches, bytes read and written both
 *     counted
 * @param flopsPerSecond the rate of multiply-adds in registers, in float32, each counted as two
 */
public record Peak(double bytesPerSecond, double flopsPerSecond) {
  /** Checks that both are rates. */
  public Peak {
    if (!(bytesPerSecond > 0 && flopsPerSecond > 0)) {
      throw new IllegalArgumentException(
          "peak: expected rates above 0, got %s B/s and %s FLOP/s"
              .formatted(bytesPerSecond, flopsPerSecond));
    }
  }

  /**
   * The least time that some work can take: that of its bytes or of its operations, whichever is
   * longer.
   *
   * @param bytes moved
   * @param flops computed
   * @return nanoseconds
   */
  public double nanos(double bytes, double flops) {
    return Math.max(bytes / bytesPerSecond, flops / flopsPerSecond) * 1e9;
  }
}
