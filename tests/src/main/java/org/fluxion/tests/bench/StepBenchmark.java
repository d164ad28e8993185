package org.fluxion.tests.bench;

import java.util.List;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a training step costs: flow matching beside its matrix products alone, the mean flow and
 * Decoupled MeanFlow beside flow matching. All on all cores.
 */
public class StepBenchmark {
  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.milliseconds("flow", "flow-matching step", "its matrix products"),
          Figure.milliseconds("meanFlow", "mean-flow step", "flow-matching step"),
          Figure.milliseconds("decoupled", "Decoupled MeanFlow step", "flow-matching step"));

  /** JMH makes the instance. */
  public StepBenchmark() {}

  /** A flow-matching step and its products. */
  @State(Scope.Benchmark)
  public static class Flow {
    /** Whose step. */
    @Param({"demo", "wide"})
    public String model;

    private TrainingPrograms.Running flow;
    private Executable products;

    /** JMH makes the instance. */
    public Flow() {}

    /** Compiles and warms up. */
    @Setup
    public void start() {
      flow = running(model, TrainingPrograms.Objective.FLOW);
      products = TrainingPrograms.products(flow.plan(), Device.cpu());
      warmUp(flow::step, products::run);
    }

    /** Ends the run, and lists its kernels if asked to. */
    @TearDown
    public void end() {
      explain(flow);
      products.close();
      flow.close();
    }
  }

  /** A mean-flow step and a flow-matching step. */
  @State(Scope.Benchmark)
  public static class Mean {
    /** Whose step. */
    @Param({"demo", "wide"})
    public String model;

    private TrainingPrograms.Running mean;
    private TrainingPrograms.Running flow;

    /** JMH makes the instance. */
    public Mean() {}

    /** Compiles and warms up. */
    @Setup
    public void start() {
      mean = running(model, TrainingPrograms.Objective.MEAN);
      flow = running(model, TrainingPrograms.Objective.FLOW);
      warmUp(mean::step, flow::step);
    }

    /** Ends the runs. */
    @TearDown
    public void end() {
      explain(mean);
      mean.close();
      flow.close();
    }
  }

  /** A Decoupled MeanFlow step and a flow-matching step. */
  @State(Scope.Benchmark)
  public static class Decoupled {
    /** Whose step. */
    @Param({"demo", "wide"})
    public String model;

    private TrainingPrograms.Running decoupled;
    private TrainingPrograms.Running flow;

    /** JMH makes the instance. */
    public Decoupled() {}

    /** Compiles and warms up. */
    @Setup
    public void start() {
      decoupled = running(model, TrainingPrograms.Objective.DECOUPLED);
      flow = running(model, TrainingPrograms.Objective.FLOW);
      warmUp(decoupled::step, flow::step);
    }

    /** Ends the runs. */
    @TearDown
    public void end() {
      explain(decoupled);
      decoupled.close();
      flow.close();
    }
  }

  private static TrainingPrograms.Running running(
      String model, TrainingPrograms.Objective objective) {
    TrainingPrograms.Model chosen =
        TrainingPrograms.Model.valueOf(model.toUpperCase(java.util.Locale.ROOT));
    return new TrainingPrograms(chosen, objective).start(Device.cpu());
  }

  /** The compiler has seen every kernel and is done after some seconds. */
  static void warmUp(Runnable subject, Runnable peer) {
    long end = System.nanoTime() + 15_000_000_000L;
    while (System.nanoTime() < end) {
      subject.run();
      peer.run();
    }
  }

  private static void explain(TrainingPrograms.Running running) {
    if (Boolean.getBoolean("fluxion.explain")) {
      System.err.println(running.explain());
    }
  }

  /**
   * A flow-matching step, and its products alone.
   *
   * @param pair the clock
   * @param state the programs
   */
  @Benchmark
  public void flow(Pair pair, Flow state) {
    pair.run(state.flow::step, state.products::run);
  }

  /**
   * A mean-flow step, and a flow-matching step.
   *
   * @param pair the clock
   * @param state the programs
   */
  @Benchmark
  public void meanFlow(Pair pair, Mean state) {
    pair.run(state.mean::step, state.flow::step);
  }

  /**
   * A step of Decoupled MeanFlow with model guidance, and a flow-matching step.
   *
   * @param pair the clock
   * @param state the programs
   */
  @Benchmark
  public void decoupled(Pair pair, Decoupled state) {
    pair.run(state.decoupled::step, state.flow::step);
  }
}
