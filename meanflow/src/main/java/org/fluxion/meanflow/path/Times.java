package org.fluxion.meanflow.path;

/**
 * Where training looks: the means of the normal draws that become times. The published recipe is
 * the default.
 *
 * @param flowMean of the flow-matching part's time, P_mean
 * @param firstMean of the mean-flow part's first draw, P_mean_t; the larger of both draws is t
 * @param secondMean of its second draw, P_mean_r; the smaller of both draws is r
 */
public record Times(double flowMean, double firstMean, double secondMean) {
  /** The published recipe: 0, 0.4 and −1.2. */
  public Times() {
    this(0, 0.4, -1.2);
  }
}
