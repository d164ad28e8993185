package org.fluxion.meanflow.loss;

import org.fluxion.meanflow.model.VelocityModel;

/**
 * Which velocity the model is taught. Guidance pulls it away from the velocity without a class, so
 * that one evaluation at sampling time is worth the two of classifier-free guidance.
 */
public sealed interface Guidance {
  /** The data's own velocity. */
  record None() implements Guidance {}

  /**
   * Model guidance (Tang et al., 2025): v_t + ω·(v(x_t, t, y) − v(x_t, t, ∅)), with the model's own
   * outputs, detached, where the time lies in the interval and the class was not dropped.
   *
   * @param strength ω
   * @param low the first time of the interval
   * @param high the last time of the interval
   */
  record Model(double strength, double low, double high) implements Guidance {
    /** The published recipe: 0.6 on [0, 0.7]. */
    public Model() {
      this(0.6, 0, 0.7);
    }
  }

  /**
   * Distillation of a frozen teacher under classifier-free guidance: its v(∅) + ω·(v(y) − v(∅))
   * where the time lies in the interval, its v(y) elsewhere.
   *
   * @param teacher the flow model, or whatever else knows the velocity
   * @param strength ω
   * @param low the first time of the interval
   * @param high the last time of the interval
   */
  record Distill(VelocityModel teacher, double strength, double low, double high)
      implements Guidance {}
}
