package org.fluxion.meanflow.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.fluxion.meanflow.model.DiffusionTransformer;

/**
 * The shape of a diffusion transformer.
 *
 * @param inputSize rows and columns of an image, in pixels
 * @param patchSize rows and columns of a patch, which divides the image
 * @param channels of an image
 * @param width features of a token
 * @param depth blocks
 * @param heads attention heads, which divide the width
 * @param classes labels; one more stands for "no class"
 * @param decoderDepth how many of the last blocks see the time r that the map goes to, and not t
 * @param queryKeyNorm whether queries and keys pass an RMS norm
 */
public record ModelConfiguration(
    int inputSize,
    int patchSize,
    int channels,
    int width,
    int depth,
    int heads,
    int classes,
    int decoderDepth,
    boolean queryKeyNorm) {
  private static final String SECTION = "model";

  static final List<String> KEYS =
      List.of(
          "inputSize",
          "patchSize",
          "channels",
          "width",
          "depth",
          "heads",
          "classes",
          "decoderDepth",
          "queryKeyNorm");

  /** Sines and cosines of two coordinates share a token's features. */
  private static final int POSITION_PARTS = 4;

  /** Checks the ranges, and that the sizes divide one another. */
  public ModelConfiguration {
    Range.atLeast("model.inputSize", 1, inputSize);
    Range.atLeast("model.patchSize", 1, patchSize);
    Range.atLeast("model.channels", 1, channels);
    Range.atLeast("model.width", POSITION_PARTS, width);
    Range.atLeast("model.depth", 1, depth);
    Range.atLeast("model.heads", 1, heads);
    Range.atLeast("model.classes", 1, classes);
    Range.between("model.decoderDepth", 0, depth, decoderDepth);
    divides("model.patchSize", patchSize, "model.inputSize", inputSize);
    divides("model.heads", heads, "model.width", width);
    if (width % POSITION_PARTS != 0) {
      throw new IllegalArgumentException(
          "model.width: expected a multiple of %d, got %d".formatted(POSITION_PARTS, width));
    }
  }

  private static void divides(String partKey, int part, String wholeKey, int whole) {
    if (whole % part != 0) {
      throw new IllegalArgumentException(
          "%s: expected a divisor of %s, which is %d, got %d"
              .formatted(partKey, wholeKey, whole, part));
    }
  }

  /**
   * The network.
   *
   * @return a transformer of this shape
   */
  public DiffusionTransformer transformer() {
    return new DiffusionTransformer(
        inputSize, patchSize, channels, width, depth, heads, classes, decoderDepth, queryKeyNorm);
  }

  /**
   * The configuration of a network.
   *
   * @param transformer a transformer whose MLPs are four times as wide as its tokens
   * @return its shape
   */
  public static ModelConfiguration of(DiffusionTransformer transformer) {
    ModelConfiguration model =
        new ModelConfiguration(
            transformer.inputSize(),
            transformer.patchSize(),
            transformer.channels(),
            transformer.width(),
            transformer.depth(),
            transformer.heads(),
            transformer.classes(),
            transformer.decoderDepth(),
            transformer.queryKeyNorm());
    if (!model.transformer().equals(transformer)) {
      throw new IllegalArgumentException(
          "model: expected an mlpRatio of %d, got %d"
              .formatted(model.transformer().mlpRatio(), transformer.mlpRatio()));
    }
    return model;
  }

  /**
   * The same model with another number of blocks that see r.
   *
   * @param blocks from 0 to the depth
   * @return the configuration
   */
  public ModelConfiguration withDecoderDepth(int blocks) {
    return new ModelConfiguration(
        inputSize, patchSize, channels, width, depth, heads, classes, blocks, queryKeyNorm);
  }

  /**
   * The configuration as JSON on one line, as model files carry it.
   *
   * @return the text, every value spelt out
   */
  public String toJson() {
    return json().toString();
  }

  /**
   * A configuration from such a text.
   *
   * @param json the text
   * @return the configuration
   * @throws IllegalArgumentException if a key is unknown or missing, or a value impossible
   */
  public static ModelConfiguration ofJson(String json) {
    return read(ConfigurationSection.parse("{\"" + SECTION + "\":" + json + "}", List.of(SECTION)));
  }

  static ModelConfiguration read(ConfigurationSection parent) {
    ConfigurationSection section = parent.section(SECTION, KEYS);
    int depth = section.integer("depth");
    return new ModelConfiguration(
        section.integer("inputSize"),
        section.integer("patchSize"),
        section.integer("channels"),
        section.integer("width"),
        depth,
        section.integer("heads"),
        section.integer("classes"),
        section.integer("decoderDepth", depth / 3),
        section.flag("queryKeyNorm", false));
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("inputSize", inputSize)
        .put("patchSize", patchSize)
        .put("channels", channels)
        .put("width", width)
        .put("depth", depth)
        .put("heads", heads)
        .put("classes", classes)
        .put("decoderDepth", decoderDepth)
        .put("queryKeyNorm", queryKeyNorm);
  }
}
