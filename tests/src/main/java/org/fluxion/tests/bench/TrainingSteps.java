package org.fluxion.tests.bench;

import static org.fluxion.autodiff.Autodiff.jvp;
import static org.fluxion.autodiff.Autodiff.stopGradient;
import static org.fluxion.autodiff.Autodiff.valueAndGrad;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.fluxion.autodiff.Jvp;
import org.fluxion.autodiff.ValueAndGrad;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.Draws;
import org.fluxion.meanflow.loss.FlowMatchingLoss;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.model.FlowPoint;
import org.fluxion.meanflow.path.Path;
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
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;

/**
 * Whole training steps of a diffusion transformer, as programs whose plan is tested and whose time
 * is measured: loss, gradient, clipping by the global norm, AdamW and the moving average, on flat
 * parameters. Values are small random numbers: neither plans nor times depend on them.
 */
public final class TrainingSteps {
  /** What is trained. */
  public enum Objective {
    /** One forward and backward pass. */
    FLOW_MATCHING,
    /** The MeanFlow identity alone: ‖u − stop(v + (r − t)·du/dt)‖², (u, du/dt) by one jvp. */
    MEAN_FLOW,
    /** The whole Decoupled MeanFlow loss with model guidance. */
    DECOUPLED
  }

  /**
   * What a step moves on.
   *
   * @param parameters the flat parameters
   * @param optimizer AdamW's moments
   * @param average the moving average of the parameters
   */
  public record State(Parameters parameters, AdamState optimizer, Parameters average)
      implements Tree<State> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(parameters.leaves());
      leaves.addAll(optimizer.leaves());
      leaves.addAll(average.leaves());
      return List.copyOf(leaves);
    }

    @Override
    public State withLeaves(List<Tensor> leaves) {
      int first = parameters.size();
      int second = leaves.size() - average.size();
      return new State(
          parameters.withLeaves(leaves.subList(0, first)),
          optimizer.withLeaves(leaves.subList(first, second)),
          average.withLeaves(leaves.subList(second, leaves.size())));
    }
  }

  /**
   * What a step is given.
   *
   * @param images the images
   * @param labels their classes
   * @param draws every random number
   */
  public record Batch(Tensor images, Tensor labels, Draws draws) implements Tree<Batch> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(List.of(images, labels));
      leaves.addAll(draws.leaves());
      return List.copyOf(leaves);
    }

    @Override
    public Batch withLeaves(List<Tensor> leaves) {
      return new Batch(
          leaves.get(0), leaves.get(1), draws.withLeaves(leaves.subList(2, leaves.size())));
    }
  }

  private final DiffusionTransformer transformer;
  private final int batch;
  private final FlatParameters layout;
  private final Parameters named;

  /**
   * The steps of a transformer.
   *
   * @param transformer the model
   * @param batch images in a batch
   */
  public TrainingSteps(DiffusionTransformer transformer, int batch) {
    this.transformer = transformer;
    this.batch = batch;
    this.named = transformer.initialise(RandomKey.of(1));
    this.layout = FlatParameters.of(named);
  }

  /**
   * The transformer of the demo on digits of 16 × 16, with its batch of 128.
   *
   * @return its steps
   */
  public static TrainingSteps demo() {
    return new TrainingSteps(new DiffusionTransformer(16, 4, 1, 128, 6, 4, 10, 2, false), 128);
  }

  /**
   * A transformer of width 384, depth 12 and 6 heads on 64 tokens, with a batch of 16.
   *
   * @return its steps
   */
  public static TrainingSteps large() {
    return new TrainingSteps(new DiffusionTransformer(16, 2, 4, 384, 12, 6, 10, 4, false), 16);
  }

  /**
   * The state to start from.
   *
   * @return small random parameters and zero moments
   */
  public State state() {
    Random random = new Random(2);
    Parameters flat =
        layout
            .flat(named)
            .map(
                p -> {
                  float[] values = new float[Math.toIntExact(p.shape().elements())];
                  for (int i = 0; i < values.length; i++) {
                    values[i] = 0.04f * random.nextFloat() - 0.02f;
                  }
                  return Tensor.of(values, values.length);
                });
    return new State(flat, new AdamW().initialise(flat), flat);
  }

  /**
   * A batch.
   *
   * @return noise as images, every class among the labels
   */
  public Batch batch() {
    Tensor images = RandomKey.of(3).normal(transformer.images(batch), DType.FLOAT32);
    int[] labels = new int[batch];
    java.util.Arrays.setAll(labels, i -> i % transformer.classes());
    Draws draws = Draws.of(RandomKey.of(4), images.shape(), DType.FLOAT32);
    List<Tensor> leaves = new ArrayList<>(draws.leaves());
    leaves.add(images);
    Tensor.evaluate(leaves);
    return new Batch(images, Tensor.of(labels, batch), draws);
  }

  /**
   * Compiles a step.
   *
   * @param objective what is trained
   * @param device where it will run
   * @return the program, whose result is the loss
   */
  public Program<State, Batch, Tensor> compile(Objective objective, Device device) {
    return Program.compile((s, b) -> step(objective, s, b), state(), batch(), device);
  }

  /**
   * One step.
   *
   * @param objective what is trained
   * @param state the state before
   * @param batch the batch
   * @return the state after, and the loss
   */
  public Step<State, Tensor> step(Objective objective, State state, Batch batch) {
    ValueAndGrad<Parameters> derived =
        valueAndGrad((Parameters p) -> loss(objective, p, batch), state.parameters());
    Parameters gradient = Gradients.clipByGlobalNorm(derived.gradient(), 1).gradient();
    Optimizer.Update<AdamState> update =
        new AdamW()
            .update(
                gradient,
                state.optimizer(),
                state.parameters(),
                Tensor.scalar(1e-3, DType.FLOAT32));
    Parameters average = new Ema(0.999).update(state.average(), update.parameters());
    return new Step<>(new State(update.parameters(), update.state(), average), derived.value());
  }

  /**
   * The loss.
   *
   * @param objective what is trained
   * @param flat the flat parameters
   * @param batch the batch
   * @return a scalar
   */
  public Tensor loss(Objective objective, Parameters flat, Batch batch) {
    Parameters p = layout.named(flat);
    return switch (objective) {
      case FLOW_MATCHING ->
          new FlowMatchingLoss(transformer, Path.LINEAR, 0, 0.1)
              .apply(p, batch.images(), batch.labels(), batch.draws())
              .mean();
      case MEAN_FLOW -> meanFlow(p, batch);
      case DECOUPLED ->
          new DecoupledMeanFlowLoss(
                  transformer,
                  Path.LINEAR,
                  new Times(),
                  new Guidance.Model(),
                  0.1,
                  LogVarianceWeighting.PER_SAMPLE)
              .apply(p, batch.images(), batch.labels(), batch.draws())
              .mean();
    };
  }

  private Tensor meanFlow(Parameters p, Batch batch) {
    Tensor first = Path.LINEAR.time(batch.draws().firstTime());
    Tensor second = Path.LINEAR.time(batch.draws().secondTime());
    Tensor t = first.maximum(second);
    Tensor r = first.minimum(second);
    Tensor each = t.reshape(-1, 1, 1, 1);
    Tensor x = Path.LINEAR.point(batch.images(), batch.draws().meanNoise(), each);
    Tensor v = Path.LINEAR.velocity(batch.images(), batch.draws().meanNoise(), each);
    Jvp<Tensor> u =
        jvp(
            (FlowPoint q) -> transformer.apply(p, q.x(), q.t(), q.r(), batch.labels()),
            new FlowPoint(x, t, r),
            new FlowPoint(v, t.onesLike(), r.zerosLike()));
    Tensor target = stopGradient(v.add(r.sub(t).reshape(-1, 1, 1, 1).mul(u.tangent())));
    return u.value().sub(target).square().mean();
  }
}
