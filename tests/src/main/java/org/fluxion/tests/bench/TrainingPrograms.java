package org.fluxion.tests.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.FlowMatchingLoss;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.loss.Losses;
import org.fluxion.meanflow.loss.TrainingLoss;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.path.Times;
import org.fluxion.meanflow.train.TrainingBatch;
import org.fluxion.meanflow.train.TrainingRun;
import org.fluxion.meanflow.train.TrainingState;
import org.fluxion.meanflow.train.TrainingStep;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Ema;
import org.fluxion.nn.FlatParameters;
import org.fluxion.nn.Parameters;
import org.fluxion.nn.data.Batches;
import org.fluxion.nn.data.DataSet;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;

/**
 * The trainer's own steps, as programs whose plan is tested and whose time is measured. Weights and
 * images are small random numbers: neither plans nor times depend on them.
 */
public final class TrainingPrograms {
  private static final double LEARNING_RATE = 1e-4;

  /** Batches of different examples, of which the first follows the last. */
  public static final int EPOCH = 8;

  /** Whose step it is. */
  enum Model {
    /** The demo's transformer on digits. */
    DEMO(new DiffusionTransformer(16, 4, 1, 128, 6, 4, 10, 2, false), 128),
    /** As wide and as deep as a published one, on 64 tokens. */
    WIDE(new DiffusionTransformer(32, 4, 4, 384, 12, 6, 1000, 4, false), 16);

    final DiffusionTransformer transformer;
    final int batch;

    Model(DiffusionTransformer transformer, int batch) {
      this.transformer = transformer;
      this.batch = batch;
    }
  }

  /** What is learnt in a step. */
  public enum Objective {
    /** Flow matching: a gradient. */
    FLOW,
    /** The mean flow's part alone, without guidance: a derivative along the flow and a gradient. */
    MEAN,
    /** Decoupled MeanFlow with model guidance. */
    DECOUPLED;

    private TrainingLoss loss(DiffusionTransformer transformer) {
      return switch (this) {
        case FLOW -> new FlowMatchingLoss(transformer, Path.LINEAR, 0, 0.1);
        case MEAN -> mean(decoupled(transformer, new Guidance.None()));
        case DECOUPLED -> decoupled(transformer, new Guidance.Model());
      };
    }

    private static DecoupledMeanFlowLoss decoupled(
        DiffusionTransformer transformer, Guidance guidance) {
      return new DecoupledMeanFlowLoss(
          transformer, Path.LINEAR, new Times(), guidance, 0.1, LogVarianceWeighting.PER_SAMPLE);
    }

    /** What nobody asks for is not computed: the flow's part is not in the program. */
    private static TrainingLoss mean(DecoupledMeanFlowLoss whole) {
      return (parameters, images, labels, draws) -> {
        Losses both = whole.apply(parameters, images, labels, draws);
        Tensor none = both.meanLoss().zerosLike();
        return new Losses(both.meanLoss(), none, both.meanError(), none, both.meanLoss());
      };
    }
  }

  /** A step that is running as in the trainer: examples, program, metrics. Stays in one epoch. */
  public static final class Running implements AutoCloseable {
    private final TrainingRun run;
    private final Plan plan;
    private long taken;

    private Running(TrainingRun run, Plan plan) {
      this.run = run;
      this.plan = plan;
    }

    void step() {
      step(LEARNING_RATE);
    }

    /**
     * Takes the next step.
     *
     * @param learningRate how far it goes
     * @return the loss, its parts if the loss has any, and last the gradient's norm
     */
    public double[] step(double learningRate) {
      return run.step(taken++ % EPOCH, learningRate);
    }

    Plan plan() {
      return plan;
    }

    String explain() {
      return run.explain();
    }

    @Override
    public void close() {
      run.close();
    }
  }

  private final DiffusionTransformer transformer;
  private final int batch;
  private final Parameters named;
  private final TrainingStep step;
  private final FlatParameters layout;

  /**
   * The step of a transformer, as the trainer takes it.
   *
   * @param transformer the model
   * @param batch images in a batch
   * @param objective what is learnt
   */
  public TrainingPrograms(DiffusionTransformer transformer, int batch, Objective objective) {
    this.transformer = transformer;
    this.batch = batch;
    Random random = new Random(2);
    this.named = transformer.initialise(RandomKey.of(7)).map(p -> small(random, p.shape()));
    this.layout = FlatParameters.of(named);
    this.step =
        new TrainingStep(objective.loss(transformer), layout, new AdamW(), 1, new Ema(0.999));
  }

  TrainingPrograms(Model model, Objective objective) {
    this(model.transformer, model.batch, objective);
  }

  /**
   * The step of the demo's transformer, on its batches.
   *
   * @param objective what is learnt
   * @return its programs
   */
  public static TrainingPrograms demo(Objective objective) {
    return new TrainingPrograms(Model.DEMO, objective);
  }

  /** Fresh weights have whole layers of zeros, through which nothing would show. */
  private static Tensor small(Random random, Shape shape) {
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.04f * random.nextFloat() - 0.02f;
    }
    return Tensor.of(values, shape.extents());
  }

  /**
   * The state to start from.
   *
   * @return random weights by name, and zero moments
   */
  public TrainingState state() {
    return TrainingState.start(named, new AdamW());
  }

  /**
   * What the program's inputs can be given: its state, and a batch.
   *
   * @return the values, in the inputs' order
   */
  public List<Tensor> inputs() {
    List<Tensor> inputs = new ArrayList<>(state().map(layout::flat).leaves());
    TrainingBatch first =
        new TrainingBatch(
            batches().at(0), Tensor.scalar(LEARNING_RATE, DType.FLOAT32), RandomKey.of(4));
    inputs.addAll(first.leaves());
    return List.copyOf(inputs);
  }

  /**
   * Compiles the step.
   *
   * @param device where it will run
   * @return the program
   */
  public Program<TrainingState, TrainingBatch, Tensor> compile(Device device) {
    return step.compile(state(), transformer.images(batch), device);
  }

  /**
   * Compiles the step and starts it.
   *
   * @param device where it runs
   * @return the run, to be closed
   */
  public Running start(Device device) {
    Program<TrainingState, TrainingBatch, Tensor> program = compile(device);
    return new Running(
        TrainingRun.start(step, program, state(), batches(), RandomKey.of(4)), program.plan());
  }

  /** Noise, with every class among the labels. */
  private Batches batches() {
    // One more, since a run prepares the batch after the one it was asked for.
    int count = (EPOCH + 1) * batch;
    Tensor images = RandomKey.of(3).normal(transformer.images(count), DType.FLOAT32).detach();
    int[] labels = new int[count];
    java.util.Arrays.setAll(labels, i -> i % transformer.classes());
    return new DataSet(images, Tensor.of(labels, count)).batches(batch, 1);
  }

  /** The matrix products of a plan alone, one after the other, on the same memory. */
  static Executable products(Plan plan, Device device) {
    return device.prepare(
        plan.withKernels(
            plan.kernels().stream().filter(Kernel.MatmulKernel.class::isInstance).toList()));
  }
}
