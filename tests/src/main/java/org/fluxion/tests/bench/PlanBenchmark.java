package org.fluxion.tests.bench;

import java.util.List;
import org.fluxion.meanflow.model.DiffusionTransformer;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.plan.Plan;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * How planning grows: the graph of a Decoupled MeanFlow step of the demo's transformer made deeper,
 * beside the one of half the depth. A planner whose time is linear has a ratio of 2.
 */
public class PlanBenchmark {
  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(Figure.milliseconds("plan", "planning at depth", "half as deep"));

  private static final long WARM_UP_NANOS = 10_000_000_000L;

  /** JMH makes the instance. */
  public PlanBenchmark() {}

  /** Two graphs to plan, as programs give them to the planner. */
  @State(Scope.Benchmark)
  public static class Graphs {
    /** The depth of the deeper one. */
    @Param({"12", "24"})
    public int depth;

    private Plan deep;
    private Plan half;

    /** JMH makes the instance. */
    public Graphs() {}

    /** Builds the graphs, and plans both until the compiler has seen the planner. */
    @Setup
    public void start() {
      deep = planned(depth);
      half = planned(depth / 2);
      long end = System.nanoTime() + WARM_UP_NANOS;
      while (System.nanoTime() < end) {
        deep();
        half();
      }
    }

    private static Plan planned(int depth) {
      DiffusionTransformer transformer =
          new DiffusionTransformer(16, 4, 1, 128, depth, 4, 10, depth / 3, false);
      return new TrainingPrograms(transformer, 128, TrainingPrograms.Objective.DECOUPLED)
          .compile(Device.cpu(1))
          .plan();
    }

    private void deep() {
      deep = again(deep);
    }

    private void half() {
      half = again(half);
    }

    private static Plan again(Plan plan) {
      return Plan.of(plan.graph(), plan.carries().stream().mapToInt(Integer::intValue).toArray());
    }
  }

  /**
   * The plan of the deeper graph, and of the other.
   *
   * @param pair the clock
   * @param state the graphs
   */
  @Benchmark
  public void plan(Pair pair, Graphs state) {
    pair.run(state::deep, state::half);
  }
}
