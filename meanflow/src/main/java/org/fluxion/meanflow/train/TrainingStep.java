package org.fluxion.meanflow.train;

import static org.fluxion.autodiff.Autodiff.valueAndGrad;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.fluxion.autodiff.ValueAndGrad;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.Draws;
import org.fluxion.meanflow.loss.FlowMatchingLoss;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.Losses;
import org.fluxion.meanflow.loss.TrainingLoss;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.path.Times;
import org.fluxion.nn.AdamState;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Ema;
import org.fluxion.nn.FlatParameters;
import org.fluxion.nn.Gradients;
import org.fluxion.nn.Optimizer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;

/**
 * One step of training as a function of state and batch: draws, loss, gradient, clipping, AdamW and
 * the moving average, all in one graph. What is random depends on the batch's key alone.
 *
 * <p>Its result is one vector [metrics], so that the host reads a step's metrics at once.
 */
public final class TrainingStep
    implements BiFunction<TrainingState, TrainingBatch, Step<TrainingState, Tensor>> {
  private static final List<String> PARTS =
      List.of("flowLoss", "meanLoss", "flowError", "meanError");

  private final FlatParameters layout;
  private final TrainingLoss loss;
  private final AdamW optimizer;
  private final double clipNorm;
  private final Ema average;

  /**
   * A step of any loss.
   *
   * @param loss what is minimised
   * @param layout where the parameters by name lie in the state's, which are flat
   * @param optimizer how
   * @param clipNorm the longest gradient; longer ones are shortened to it, 0 leaves all as they are
   * @param average the moving average of the weights
   */
  public TrainingStep(
      TrainingLoss loss, FlatParameters layout, AdamW optimizer, double clipNorm, Ema average) {
    this.loss = loss;
    this.layout = layout;
    this.optimizer = optimizer;
    this.clipNorm = clipNorm;
    this.average = average;
  }

  /** A configuration's step. */
  static TrainingStep of(TrainingConfiguration configuration, FlatParameters layout)
      throws IOException {
    return new TrainingStep(
        loss(configuration),
        layout,
        configuration.optimizer().adamW(),
        configuration.optimizer().clipNorm(),
        new Ema(configuration.emaDecay()));
  }

  private static TrainingLoss loss(TrainingConfiguration configuration) throws IOException {
    DiffusionTransformer transformer = configuration.model().transformer();
    return switch (configuration.objective()) {
      case Objective.FlowMatching flow ->
          new FlowMatchingLoss(transformer, flow.path(), flow.timeMean(), flow.classDropout());
      case Objective.DecoupledMeanFlow map ->
          new DecoupledMeanFlowLoss(
              transformer,
              map.path(),
              new Times(map.flowTimeMean(), map.firstTimeMean(), map.secondTimeMean()),
              guidance(map.guidance()),
              map.classDropout(),
              map.logVariance());
    };
  }

  private static Guidance guidance(GuidanceConfiguration guidance) throws IOException {
    return switch (guidance.kind()) {
      case NONE -> new Guidance.None();
      case MODEL -> new Guidance.Model(guidance.strength(), guidance.low(), guidance.high());
      case DISTILLATION ->
          new Guidance.Distill(
              ModelFile.read(guidance.teacher().orElseThrow()).flow(),
              guidance.strength(),
              guidance.low(),
              guidance.high());
    };
  }

  /**
   * Compiles the step.
   *
   * @param named a state by name, such as {@link TrainingState#start}: shapes and dtypes count
   * @param images the shape [batch, channels, size, size] of a step's images
   * @param device where it will run
   * @return the program, for {@link TrainingRun#start}
   */
  public Program<TrainingState, TrainingBatch, Tensor> compile(
      TrainingState named, Shape images, Device device) {
    TrainingBatch example =
        new TrainingBatch(
            Tensor.full(0, images, DType.FLOAT32),
            Tensor.full(0, Shape.of(images.extent(0)), DType.INT32),
            Tensor.scalar(0, DType.FLOAT32),
            RandomKey.of(0));
    return Program.compile(this, named.map(layout::flat), example, device);
  }

  /**
   * Compiles a configuration's step.
   *
   * @param configuration what is trained, and how
   * @param device where it will run
   * @return the program, without a state to start from
   * @throws IOException if the model of a teacher cannot be read
   */
  public static Program<TrainingState, TrainingBatch, Tensor> compile(
      TrainingConfiguration configuration, Device device) throws IOException {
    DiffusionTransformer transformer = configuration.model().transformer();
    Parameters parameters = transformer.initialise(RandomKey.of(0));
    return of(configuration, FlatParameters.of(parameters))
        .compile(
            TrainingState.start(parameters, configuration.optimizer().adamW()),
            transformer.images(configuration.batchSize()),
            device);
  }

  /** Where the parameters by name lie in the state's. */
  FlatParameters layout() {
    return layout;
  }

  /** The names of the loss's parts among the metrics, between the loss and the gradient's norm. */
  List<String> parts() {
    return loss instanceof DecoupledMeanFlowLoss ? PARTS : List.of();
  }

  /** How many metrics a step has. */
  int metrics() {
    return parts().size() + 2;
  }

  /**
   * One step.
   *
   * @param state the flat state before
   * @param batch what it is given
   * @return the state after, and the vector [metrics] of the loss, its parts and the gradient's
   *     norm
   */
  @Override
  public Step<TrainingState, Tensor> apply(TrainingState state, TrainingBatch batch) {
    Draws draws = Draws.of(batch.key(), batch.images().shape(), DType.FLOAT32);
    AtomicReference<Losses> found = new AtomicReference<>();
    ValueAndGrad<Parameters> derived =
        valueAndGrad(
            (Parameters p) -> {
              found.set(loss.apply(layout.named(p), batch.images(), batch.labels(), draws));
              return found.get().mean();
            },
            state.parameters());
    Parameters gradient = derived.gradient();
    Tensor norm = Gradients.globalNorm(gradient);
    if (clipNorm > 0) {
      Gradients.Clipped clipped = Gradients.clipByGlobalNorm(gradient, clipNorm);
      gradient = clipped.gradient();
      norm = clipped.norm();
    }
    Optimizer.Update<AdamState> update =
        optimizer.update(gradient, state.optimizer(), state.parameters(), batch.learningRate());
    Parameters averaged = average.update(state.average(), update.parameters());
    List<Tensor> metrics = new ArrayList<>();
    metrics.add(derived.value());
    if (!parts().isEmpty()) {
      Losses losses = found.get();
      // Errors are sums over an image's elements.
      long elements = batch.images().shape().elements() / batch.images().shape().extent(0);
      metrics.add(losses.flowLoss().mean());
      metrics.add(losses.meanLoss().mean());
      metrics.add(losses.flowError().mean().div(elements));
      metrics.add(losses.meanError().mean().div(elements));
    }
    metrics.add(norm);
    return new Step<>(
        new TrainingState(update.parameters(), update.state(), averaged),
        Tensor.stack(metrics.toArray(Tensor[]::new)));
  }
}
