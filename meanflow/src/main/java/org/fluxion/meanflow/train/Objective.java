package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.path.Path;

/** What training minimises, with every hyper-parameter. */
public sealed interface Objective {
  /** The published share of samples that are told "no class". */
  double PUBLISHED_CLASS_DROPOUT = 0.1;

  /**
   * The path between data and noise.
   *
   * @return the path
   */
  Path path();

  /**
   * The share of samples that are told "no class".
   *
   * @return from 0 to 1
   */
  double classDropout();

  /**
   * What a model trained so is.
   *
   * @return flow or map
   */
  ModelFile.Kind kind();

  /**
   * Flow matching: the mean squared error of the velocity.
   *
   * @param path the path between data and noise
   * @param timeMean the mean of the normal draw behind the time
   * @param classDropout the share of samples that are told "no class"
   */
  record FlowMatching(Path path, double timeMean, double classDropout) implements Objective {
    static final String NAME = "flow-matching";
    private static final List<String> KEYS = List.of("name", "path", "timeMean", "classDropout");

    /** Checks the ranges. */
    public FlowMatching {
      Range.finite("objective.timeMean", timeMean);
      Range.share("objective.classDropout", classDropout);
    }

    @Override
    public ModelFile.Kind kind() {
      return ModelFile.Kind.FLOW;
    }
  }

  /**
   * Decoupled MeanFlow: half flow matching, half the MeanFlow identity.
   *
   * @param path the path between data and noise
   * @param flowTimeMean P_mean, of the normal draw behind the flow-matching part's time
   * @param firstTimeMean P_mean_t, of the first of two draws, whose larger time is t
   * @param secondTimeMean P_mean_r, of the second of two draws, whose smaller time is r
   * @param guidance which velocity is taught
   * @param classDropout the share of samples that are told "no class"
   * @param logVariance how the log-variance head meets the errors: each with its own, or, as the
   *     official code has it by a slip, all pairs
   */
  record DecoupledMeanFlow(
      Path path,
      double flowTimeMean,
      double firstTimeMean,
      double secondTimeMean,
      GuidanceConfiguration guidance,
      double classDropout,
      LogVarianceWeighting logVariance)
      implements Objective {
    static final String NAME = "decoupled-mean-flow";
    private static final List<String> KEYS =
        List.of(
            "name",
            "path",
            "flowTimeMean",
            "firstTimeMean",
            "secondTimeMean",
            "guidance",
            "classDropout",
            "logVariance");
    private static final double PUBLISHED_FIRST = 0.4;
    private static final double PUBLISHED_SECOND = -1.2;

    /** Checks the ranges. */
    public DecoupledMeanFlow {
      Range.finite("objective.flowTimeMean", flowTimeMean);
      Range.finite("objective.firstTimeMean", firstTimeMean);
      Range.finite("objective.secondTimeMean", secondTimeMean);
      Range.share("objective.classDropout", classDropout);
    }

    @Override
    public ModelFile.Kind kind() {
      return ModelFile.Kind.MAP;
    }
  }

  /** Reads the section {@code objective}, whose keys depend on its name. */
  static Objective read(ConfigurationSection parent) {
    Map<String, List<String>> choices = new java.util.LinkedHashMap<>();
    choices.put(FlowMatching.NAME, FlowMatching.KEYS);
    choices.put(DecoupledMeanFlow.NAME, DecoupledMeanFlow.KEYS);
    ConfigurationSection section = parent.section("objective", "name", choices);
    double classDropout = section.number("classDropout", PUBLISHED_CLASS_DROPOUT);
    Path path = section.choice("path", Path.LINEAR);
    if (section.text("name").orElseThrow().equals(FlowMatching.NAME)) {
      return new FlowMatching(path, section.number("timeMean", 0), classDropout);
    }
    return new DecoupledMeanFlow(
        path,
        section.number("flowTimeMean", 0),
        section.number("firstTimeMean", DecoupledMeanFlow.PUBLISHED_FIRST),
        section.number("secondTimeMean", DecoupledMeanFlow.PUBLISHED_SECOND),
        GuidanceConfiguration.read(section),
        classDropout,
        section.choice("logVariance", LogVarianceWeighting.PER_SAMPLE));
  }

  /** The section as it is written. */
  static ObjectNode json(Objective objective) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    String path = ConfigurationSection.written(objective.path());
    switch (objective) {
      case FlowMatching flow ->
          node.put("name", FlowMatching.NAME)
              .put("path", path)
              .put("timeMean", flow.timeMean())
              .put("classDropout", flow.classDropout());
      case DecoupledMeanFlow map -> {
        node.put("name", DecoupledMeanFlow.NAME)
            .put("path", path)
            .put("flowTimeMean", map.flowTimeMean())
            .put("firstTimeMean", map.firstTimeMean())
            .put("secondTimeMean", map.secondTimeMean());
        node.set("guidance", map.guidance().json());
        node.put("classDropout", map.classDropout())
            .put("logVariance", ConfigurationSection.written(map.logVariance()));
      }
    }
    return node;
  }
}
