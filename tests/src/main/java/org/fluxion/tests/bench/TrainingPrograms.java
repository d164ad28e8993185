package org.fluxion.tests.bench;

import java.util.ArrayList;
import java.util.List;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.autodiff.ValueAndGrad;
import org.fluxion.meanflow.loss.DecoupledMeanFlowLoss;
import org.fluxion.meanflow.loss.Draws;
import org.fluxion.meanflow.loss.FlowMatchingLoss;
import org.fluxion.meanflow.loss.Guidance;
import org.fluxion.meanflow.loss.LogVarianceWeighting;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.meanflow.path.Path;
import org.fluxion.meanflow.path.Times;
import org.fluxion.nn.AdamState;
import org.fluxion.nn.AdamW;
import org.fluxion.nn.Ema;
import org.fluxion.nn.Gradients;
import org.fluxion.nn.Optimizer;
import org.fluxion.nn.Parameters;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.Tree;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;

/**
 * Steps of training as the trainer takes them: draws, loss, gradient, clipping by the global norm,
 * AdamW and the moving average in one program, its result the loss.
 */
final class TrainingPrograms {
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
  enum Objective {
    /** Flow matching: a gradient. */
    FLOW,
    /** The mean flow's part alone, without guidance: a derivative along the flow and a gradient. */
    MEAN,
    /** Decoupled MeanFlow with model guidance. */
    DECOUPLED
  }

  /** What a run holds and moves on. */
  record State(Parameters parameters, AdamState moments, Parameters average)
      implements Tree<State> {
    @Override
    public List<Tensor> leaves() {
      List<Tensor> leaves = new ArrayList<>(parameters.leaves());
      leaves.addAll(moments.leaves());
      leaves.addAll(average.leaves());
      return List.copyOf(leaves);
    }

    @Override
    public State withLeaves(List<Tensor> leaves) {
      int first = parameters.size();
      int second = leaves.size() - first;
      return new State(
          parameters.withLeaves(leaves.subList(0, first)),
          moments.withLeaves(leaves.subList(first, second)),
          average.withLeaves(leaves.subList(second, leaves.size())));
    }
  }

  /** What a step is given. */
  record Batch(Tensor images, Tensor labels, RandomKey key) implements Tree<Batch> {
    @Override
    public List<Tensor> leaves() {
      return List.of(images, labels, key.words());
    }

    @Override
    public Batch withLeaves(List<Tensor> leaves) {
      return new Batch(leaves.get(0), leaves.get(1), new RandomKey(leaves.get(2)));
    }
  }

  /** A program that is running, and what each of its steps is given. */
  record Running(Run<State, Batch, Tensor> run, Batch batch, Plan plan) implements AutoCloseable {
    void step() {
      run.step(batch);
    }

    @Override
    public void close() {
      run.close();
    }
  }

  private TrainingPrograms() {}

  /** Compiles a step and starts it from fresh parameters. */
  static Running start(Model model, Objective objective, Device device) {
    DiffusionTransformer transformer = model.transformer;
    RandomKey key = RandomKey.of(7);
    Parameters parameters = transformer.initialise(key).detach();
    State state = new State(parameters, new AdamW().initialise(parameters), parameters);
    Tensor images = key.fold(1).normal(transformer.images(model.batch), DType.FLOAT32).detach();
    Tensor labels = Tensor.full(1, org.fluxion.tensor.Shape.of(model.batch), DType.INT32);
    Batch batch = new Batch(images, labels, key.fold(2));
    Program<State, Batch, Tensor> program =
        Program.compile((s, b) -> step(transformer, objective, s, b), state, batch, device);
    return new Running(program.start(state), batch, program.plan());
  }

  private static Step<State, Tensor> step(
      DiffusionTransformer transformer, Objective objective, State state, Batch batch) {
    Draws draws = Draws.of(batch.key(), batch.images().shape(), DType.FLOAT32);
    ValueAndGrad<Parameters> derived =
        Autodiff.valueAndGrad(
            (Parameters p) -> loss(transformer, objective, p, batch, draws), state.parameters());
    Gradients.Clipped clipped = Gradients.clipByGlobalNorm(derived.gradient(), 1);
    Optimizer.Update<AdamState> update =
        new AdamW()
            .update(
                clipped.gradient(),
                state.moments(),
                state.parameters(),
                Tensor.scalar(1e-4, DType.FLOAT32));
    Parameters average = new Ema(0.999).update(state.average(), update.parameters());
    return new Step<>(new State(update.parameters(), update.state(), average), derived.value());
  }

  private static Tensor loss(
      DiffusionTransformer transformer,
      Objective objective,
      Parameters parameters,
      Batch batch,
      Draws draws) {
    Tensor images = batch.images();
    Tensor labels = batch.labels();
    return switch (objective) {
      case FLOW ->
          new FlowMatchingLoss(transformer, Path.LINEAR, 0, 0.1)
              .apply(parameters, images, labels, draws)
              .mean();
      // What nobody asks for is not computed: the flow's part is not in the program.
      case MEAN ->
          decoupled(transformer, new Guidance.None())
              .apply(parameters, images, labels, draws)
              .meanLoss()
              .mean();
      case DECOUPLED ->
          decoupled(transformer, new Guidance.Model())
              .apply(parameters, images, labels, draws)
              .mean();
    };
  }

  private static DecoupledMeanFlowLoss decoupled(
      DiffusionTransformer transformer, Guidance guidance) {
    return new DecoupledMeanFlowLoss(
        transformer, Path.LINEAR, new Times(), guidance, 0.1, LogVarianceWeighting.PER_SAMPLE);
  }

  /** The matrix products of a plan alone, one after the other, on the same memory. */
  static Executable products(Plan plan, Device device) {
    return device.prepare(
        new Plan(
            plan.graph(),
            plan.kernels().stream().filter(Kernel.MatmulKernel.class::isInstance).toList(),
            plan.inputs(),
            plan.outputs(),
            plan.constants(),
            plan.arena(),
            plan.donated(),
            plan.carries()));
  }
}
