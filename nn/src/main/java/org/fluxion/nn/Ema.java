package org.fluxion.nn;

/**
 * An exponential moving average of parameters: average ← decay·average + (1 − decay)·parameter. It
 * starts at the parameters themselves.
 *
 * @param decay how much of the average stays in a step, from 0 to 1
 */
public record Ema(double decay) {
  /** Checks the decay. */
  public Ema {
    if (!(decay >= 0 && decay <= 1)) {
      throw new IllegalArgumentException("ema: expected a decay from 0 to 1, got " + decay);
    }
  }

  /**
   * One step.
   *
   * @param average the average so far
   * @param parameters the parameters after the optimizer's step, under the same names
   * @return the new average; what is not floating point is taken from the parameters
   * @throws IllegalArgumentException if names differ
   */
  public Parameters update(Parameters average, Parameters parameters) {
    return average.zip(
        parameters, (a, p) -> p.dtype().isFloating() ? a.mul(decay).add(p.mul(1 - decay)) : p);
  }
}
