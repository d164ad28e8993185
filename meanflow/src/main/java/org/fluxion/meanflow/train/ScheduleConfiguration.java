package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.fluxion.nn.Schedule;

/**
 * The learning rate over the steps: up in a straight line, then down or level. The published recipe
 * is level from the first step.
 *
 * @param warmUpSteps the steps of the way up; in a short run no more than half of its steps are
 * @param decay what follows
 * @param floor the rate at the last step, where the rate decays
 */
public record ScheduleConfiguration(int warmUpSteps, Decay decay, double floor) {
  private static final List<String> KEYS = List.of("warmUpSteps", "decay", "floor");

  /** What follows the warm-up. */
  public enum Decay {
    /** The same rate to the end. */
    CONSTANT,
    /** Half a cosine, down to the floor. */
    COSINE
  }

  /** Checks the ranges. */
  public ScheduleConfiguration {
    Range.atLeast("schedule.warmUpSteps", 0, warmUpSteps);
    Range.notNegative("schedule.floor", floor);
  }

  /** The published recipe. */
  public ScheduleConfiguration() {
    this(0, Decay.CONSTANT, 0);
  }

  /**
   * The steps of the way up in a run. It is cut for the run alone, and not in the configuration, so
   * that a run can be made shorter and then longer.
   *
   * @param steps all steps of the run
   * @return how many of them, at most half
   */
  public int warmUpSteps(int steps) {
    return Math.min(warmUpSteps, steps / 2);
  }

  /**
   * The rates.
   *
   * @param learningRate the rate after the warm-up
   * @param steps all steps
   * @return the schedule
   */
  public Schedule schedule(double learningRate, int steps) {
    int up = warmUpSteps(steps);
    return switch (decay) {
      case CONSTANT -> Schedule.warmupConstant(learningRate, up);
      case COSINE -> Schedule.warmupCosine(learningRate, up, steps).withFloor(floor);
    };
  }

  static ScheduleConfiguration read(ConfigurationSection parent) {
    ConfigurationSection section = parent.section("schedule", KEYS);
    ScheduleConfiguration published = new ScheduleConfiguration();
    return new ScheduleConfiguration(
        section.integer("warmUpSteps", published.warmUpSteps),
        section.choice("decay", published.decay),
        section.number("floor", published.floor));
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("warmUpSteps", warmUpSteps)
        .put("decay", ConfigurationSection.written(decay))
        .put("floor", floor);
  }
}
