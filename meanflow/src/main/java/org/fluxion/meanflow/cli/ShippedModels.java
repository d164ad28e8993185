package org.fluxion.meanflow.cli;

import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.report.Generator;
import org.fluxion.meanflow.sample.Sampler;
import org.fluxion.meanflow.sample.Samplers;
import org.fluxion.meanflow.train.ModelFile;

/** What commands do with models, those that come with the project and others. */
final class ShippedModels {
  /** The flow model of the digits. */
  static final String FLOW = "digits-flow";

  /** The flow map of the digits, fine-tuned from it. */
  static final String MAP = "digits-map";

  private ShippedModels() {}

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
   * What rows of a model are called: a map that was converted and not trained since is told apart.
   *
   * @param model the model
   * @return the generator
   */
  static Generator generator(ModelFile model) {
    return switch (model.kind()) {
      case FLOW -> Generator.FLOW;
      case MAP -> model.isConverted() ? Generator.CONVERTED : Generator.MAP;
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
