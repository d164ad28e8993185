package org.fluxion.nn;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.Tensor;

/**
 * A learning rate over steps, which count from 0: up in a straight line (step i of the warmup has
 * (i + 1) / warmup of the rate, so that no step is wasted on 0), then down to a floor, which is
 * reached at the last step and kept.
 *
 * @param rate the rate after the warmup
 * @param warmup the number of steps of the warmup, may be 0
 * @param total the step from which the floor holds, above the warmup
 * @param floor the rate at the end
 * @param decay the way down
 */
public record Schedule(double rate, int warmup, int total, double floor, Decay decay) {
  /** How the rate goes down after the warmup. */
  public enum Decay {
    /** Not at all. */
    NONE,
    /** In a straight line. */
    LINEAR,
    /** Along half a cosine (Loshchilov and Hutter, 2017). */
    COSINE
  }

  /** Checks the configuration. */
  public Schedule {
    Configuration.requireNotNegative("schedule", "rate", rate);
    Configuration.requireNotNegative("schedule", "floor", floor);
    Configuration.requireNotNegative("schedule", "warmup", warmup);
    if (total <= warmup) {
      throw new IllegalArgumentException(
          "schedule: expected more steps in total than the warmup's %d, got %d"
              .formatted(warmup, total));
    }
  }

  /**
   * The same rate always.
   *
   * @param rate the rate
   * @return the schedule
   */
  public static Schedule constant(double rate) {
    return warmupConstant(rate, 0);
  }

  /**
   * Up, then the same rate always.
   *
   * @param rate the rate after the warmup
   * @param warmup the steps of the warmup
   * @return the schedule
   */
  public static Schedule warmupConstant(double rate, int warmup) {
    return new Schedule(rate, warmup, Integer.MAX_VALUE, rate, Decay.NONE);
  }

  /**
   * Up, then down to 0 along half a cosine.
   *
   * @param rate the rate after the warmup
   * @param warmup the steps of the warmup
   * @param total all steps
   * @return the schedule
   */
  public static Schedule warmupCosine(double rate, int warmup, int total) {
    return new Schedule(rate, warmup, total, 0, Decay.COSINE);
  }

  /**
   * Up, then down to 0 in a straight line.
   *
   * @param rate the rate after the warmup
   * @param warmup the steps of the warmup
   * @param total all steps
   * @return the schedule
   */
  public static Schedule warmupLinear(double rate, int warmup, int total) {
    return new Schedule(rate, warmup, total, 0, Decay.LINEAR);
  }

  /**
   * The same schedule that ends at another rate.
   *
   * @param end the rate at the end
   * @return the schedule
   */
  public Schedule withFloor(double end) {
    return new Schedule(rate, warmup, total, end, decay);
  }

  /**
   * The rate of a step.
   *
   * @param step from 0
   * @return the rate
   */
  public double at(long step) {
    if (step < warmup) {
      return rate * (step + 1) / warmup;
    }
    double progress = Math.min(1, (double) (step - warmup) / (total - warmup));
    return switch (decay) {
      case NONE -> rate;
      case LINEAR -> rate + (floor - rate) * progress;
      case COSINE -> floor + (rate - floor) * (1 + Math.cos(Math.PI * progress)) / 2;
    };
  }

  /**
   * The rate of a step that is known only when the program runs.
   *
   * @param step an int32 scalar, from 0
   * @return a float32 scalar
   */
  public Tensor at(Tensor step) {
    Tensor full = Tensor.scalar(rate, DType.FLOAT32);
    Tensor down =
        switch (decay) {
          case NONE -> full;
          case LINEAR -> progress(step).mul(floor - rate).add(rate);
          case COSINE ->
              progress(step).mul(Math.PI).cos().add(1).mul((rate - floor) / 2).add(floor);
        };
    if (warmup == 0) {
      return down;
    }
    Tensor up = step.add(1).cast(DType.FLOAT32).mul(rate / warmup);
    return Tensor.where(step.less(Tensor.scalar(warmup, step.dtype())), up, down);
  }

  private Tensor progress(Tensor step) {
    // Subtracted as integers: float32 counts to 2²⁴ only.
    Tensor passed = step.sub(warmup).cast(DType.FLOAT32);
    return passed.div((double) total - warmup).minimum(Tensor.scalar(1, DType.FLOAT32));
  }
}
