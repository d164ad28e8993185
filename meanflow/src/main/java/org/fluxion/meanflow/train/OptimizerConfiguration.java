package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.fluxion.nn.AdamW;

/**
 * AdamW after clipping by the global norm. The published recipe is 1e-4, betas 0.9 and 0.95, no
 * weight decay, and a norm of 1.
 *
 * @param learningRate the rate after the warm-up
 * @param beta1 the decay of the first moment
 * @param beta2 the decay of the second moment
 * @param weightDecay how fast parameters shrink, times the learning rate
 * @param epsilon what is added to the root of the second moment
 * @param clipNorm the largest norm of the whole gradient that passes unchanged; 0 clips nothing
 */
public record OptimizerConfiguration(
    double learningRate,
    double beta1,
    double beta2,
    double weightDecay,
    double epsilon,
    double clipNorm) {
  private static final List<String> KEYS =
      List.of("name", "learningRate", "beta1", "beta2", "weightDecay", "epsilon", "clipNorm");
  private static final double PUBLISHED_RATE = 1e-4;
  private static final double PUBLISHED_BETA1 = 0.9;
  private static final double PUBLISHED_BETA2 = 0.95;
  private static final double PUBLISHED_EPSILON = 1e-8;

  /** The optimizers there are. */
  enum Name {
    ADAMW
  }

  /** Checks the ranges. */
  public OptimizerConfiguration {
    Range.positive("optimizer.learningRate", learningRate);
    Range.fraction("optimizer.beta1", beta1);
    Range.fraction("optimizer.beta2", beta2);
    Range.notNegative("optimizer.weightDecay", weightDecay);
    Range.positive("optimizer.epsilon", epsilon);
    Range.notNegative("optimizer.clipNorm", clipNorm);
  }

  /** The published recipe. */
  public OptimizerConfiguration() {
    this(PUBLISHED_RATE, PUBLISHED_BETA1, PUBLISHED_BETA2, 0, PUBLISHED_EPSILON, 1);
  }

  /**
   * The update rule.
   *
   * @return AdamW with these constants
   */
  public AdamW adamW() {
    return new AdamW(beta1, beta2, epsilon, weightDecay);
  }

  static OptimizerConfiguration read(ConfigurationSection parent) {
    ConfigurationSection section = parent.section("optimizer", KEYS);
    OptimizerConfiguration published = new OptimizerConfiguration();
    section.choice("name", Name.ADAMW);
    return new OptimizerConfiguration(
        section.number("learningRate", published.learningRate),
        section.number("beta1", published.beta1),
        section.number("beta2", published.beta2),
        section.number("weightDecay", published.weightDecay),
        section.number("epsilon", published.epsilon),
        section.number("clipNorm", published.clipNorm));
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("name", ConfigurationSection.written(Name.ADAMW))
        .put("learningRate", learningRate)
        .put("beta1", beta1)
        .put("beta2", beta2)
        .put("weightDecay", weightDecay)
        .put("epsilon", epsilon)
        .put("clipNorm", clipNorm);
  }
}
