package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * Which velocity a flow map is taught. The published recipe is model guidance of strength 0.6 on
 * [0, 0.7].
 *
 * @param kind where the guidance comes from
 * @param strength ω: 0 is none
 * @param low the first time of the interval in which there is guidance
 * @param high the last time of the interval
 * @param teacher the model file of a flow model, for distillation alone: a path, or the name of one
 *     that comes with the project
 */
public record GuidanceConfiguration(
    Kind kind, double strength, double low, double high, Optional<String> teacher) {
  private static final List<String> KEYS = List.of("kind", "strength", "low", "high", "teacher");
  private static final double PUBLISHED_STRENGTH = 0.6;
  private static final double PUBLISHED_HIGH = 0.7;

  /** Where the guidance comes from. */
  public enum Kind {
    /** From nowhere: the data's own velocity is taught. */
    NONE,
    /** The model's own outputs, with a class and without. */
    MODEL,
    /** A frozen flow model's outputs, with a class and without. */
    DISTILLATION
  }

  /** Checks the ranges, and that distillation has a teacher. */
  public GuidanceConfiguration {
    String section = "objective.guidance.";
    Range.notNegative(section + "strength", strength);
    Range.share(section + "low", low);
    Range.share(section + "high", high);
    if (low > high) {
      throw new IllegalArgumentException(
          "%slow: expected at most objective.guidance.high, which is %s, got %s"
              .formatted(section, high, low));
    }
    if (kind == Kind.DISTILLATION && teacher.isEmpty()) {
      throw new IllegalArgumentException(
          section + "teacher: missing; expected the model file of a flow model to distil");
    }
    if (kind != Kind.DISTILLATION && teacher.isPresent()) {
      throw new IllegalArgumentException(
          "%steacher: expected null where the kind is \"%s\", got \"%s\""
              .formatted(section, ConfigurationSection.written(kind), teacher.get()));
    }
  }

  /** Model guidance as in the published recipe. */
  public GuidanceConfiguration() {
    this(Kind.MODEL, PUBLISHED_STRENGTH, 0, PUBLISHED_HIGH, Optional.empty());
  }

  static GuidanceConfiguration read(ConfigurationSection parent) {
    ConfigurationSection section = parent.section("guidance", KEYS);
    GuidanceConfiguration published = new GuidanceConfiguration();
    return new GuidanceConfiguration(
        section.choice("kind", published.kind),
        section.number("strength", published.strength),
        section.number("low", published.low),
        section.number("high", published.high),
        section.text("teacher"));
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("kind", ConfigurationSection.written(kind))
        .put("strength", strength)
        .put("low", low)
        .put("high", high)
        .put("teacher", teacher.orElse(null));
  }
}
