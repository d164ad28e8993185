package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.path.Path;

/** The configuration's section {@code objective}, whose keys depend on its name. */
final class ObjectiveSection {
  private static final String FLOW_MATCHING = "flow-matching";
  private static final String DECOUPLED_MEAN_FLOW = "decoupled-mean-flow";
  private static final List<String> FLOW_MATCHING_KEYS =
      List.of("name", "path", "timeMean", "classDropout");
  private static final List<String> DECOUPLED_MEAN_FLOW_KEYS =
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
  private static final double PUBLISHED_CLASS_DROPOUT = 0.1;

  private ObjectiveSection() {}

  /** Reads the section. */
  static Objective read(ConfigurationSection parent) {
    Map<String, List<String>> choices = new LinkedHashMap<>();
    choices.put(FLOW_MATCHING, FLOW_MATCHING_KEYS);
    choices.put(DECOUPLED_MEAN_FLOW, DECOUPLED_MEAN_FLOW_KEYS);
    ConfigurationSection section = parent.section("objective", "name", choices);
    double classDropout = section.number("classDropout", PUBLISHED_CLASS_DROPOUT);
    Path path = section.choice("path", Path.LINEAR);
    if (section.text("name").orElseThrow().equals(FLOW_MATCHING)) {
      return new Objective.FlowMatching(path, section.number("timeMean", 0), classDropout);
    }
    return new Objective.DecoupledMeanFlow(
        path,
        section.number("flowTimeMean", 0),
        section.number("firstTimeMean", PUBLISHED_FIRST),
        section.number("secondTimeMean", PUBLISHED_SECOND),
        GuidanceConfiguration.read(section),
        classDropout,
        section.choice("logVariance", LogVarianceWeighting.PER_SAMPLE));
  }

  /** The section as it is written. */
  static ObjectNode json(Objective objective) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    String path = ConfigurationSection.written(objective.path());
    switch (objective) {
      case Objective.FlowMatching flow ->
          node.put("name", FLOW_MATCHING)
              .put("path", path)
              .put("timeMean", flow.timeMean())
              .put("classDropout", flow.classDropout());
      case Objective.DecoupledMeanFlow map -> {
        node.put("name", DECOUPLED_MEAN_FLOW)
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
