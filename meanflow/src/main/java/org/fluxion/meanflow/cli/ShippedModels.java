package org.fluxion.meanflow.cli;

import java.io.IOException;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.report.Generator;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.meanflow.train.ModelFile;

/** The models that come with the project, by the short names that commands take. */
final class ShippedModels {
  /** The flow model of the digits. */
  static final String FLOW = "digits-flow";

  /** The flow map of the digits, fine-tuned from it. */
  static final String MAP = "digits-map";

  private ShippedModels() {}

  /**
   * Reads a model.
   *
   * @param name a path, "flow", "map", or a shipped model's own name
   * @return the model
   * @throws IOException if there is none
   */
  static ModelFile read(String name) throws IOException {
    return switch (name) {
      case "flow" -> ModelFile.read(FLOW);
      case "map" -> ModelFile.read(MAP);
      default -> ModelFile.read(name);
    };
  }

  /**
   * Euler's sampler for a model of either kind, at its default number of steps.
   *
   * @param model the model
   * @return the sampler
   */
  static Sampler sampler(ModelFile model) {
    return switch (model.kind()) {
      case FLOW -> Samplers.euler(model.flow());
      case MAP -> Samplers.euler(model.map());
    };
  }

  /**
   * What rows of a model of either kind are called.
   *
   * @param model the model
   * @return the generator
   */
  static Generator generator(ModelFile model) {
    return switch (model.kind()) {
      case FLOW -> Generator.FLOW;
      case MAP -> Generator.MAP;
    };
  }

  /**
   * Checks that a model draws what the metrics know.
   *
   * @param model the model
   * @param name what the error calls it
   * @throws IllegalArgumentException if it draws no digits of 16 × 16 pixels
   */
  static void requireDigits(ModelFile model, String name) {
    DiffusionTransformer transformer = model.model().transformer();
    if (transformer.inputSize() != 16
        || transformer.channels() != 1
        || transformer.classes() != 10) {
      throw new IllegalArgumentException(
          "%s: the metrics are those of digits at 16 × 16 pixels, 1 channel, 10 classes; the model draws %d × %d, %d, %d"
              .formatted(
                  name,
                  transformer.inputSize(),
                  transformer.inputSize(),
                  transformer.channels(),
                  transformer.classes()));
    }
  }
}
