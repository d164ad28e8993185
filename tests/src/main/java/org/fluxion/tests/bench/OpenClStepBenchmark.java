package org.fluxion.tests.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A training step of the demo on an OpenCL device beside the same step on the cpu backend, both on
 * all cores. Says how many kernels each launches and how many bytes they move.
 */
@State(Scope.Benchmark)
public class OpenClStepBenchmark {
  private static final double BATCH = TrainingPrograms.Model.DEMO.batch;

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.rate(
              "step",
              "demo's step on OpenCL",
              "images/s",
              "cpu",
              parameters -> BATCH,
              parameters -> BATCH));

  /** What is learnt: flow matching, or Decoupled MeanFlow with model guidance. */
  @Param({"flow", "decoupled"})
  public String objective;

  private TrainingPrograms.Running openCl;
  private TrainingPrograms.Running cpu;

  /** JMH makes the instance. */
  public OpenClStepBenchmark() {}

  /** Compiles, says what was compiled, and warms up. */
  @Setup
  public void start() {
    TrainingPrograms programs =
        TrainingPrograms.demo(
            TrainingPrograms.Objective.valueOf(objective.toUpperCase(Locale.ROOT)));
    openCl = programs.start(Device.of("opencl"));
    cpu = programs.start(Device.cpu());
    say("opencl", openCl.plan());
    say("cpu", cpu.plan());
    StepBenchmark.warmUp(openCl::step, cpu::step);
  }

  private void say(String backend, Plan plan) {
    System.err.printf(
        Locale.ROOT,
        "%s step on %s: %d kernels, %d distinct, %.1f MB moved%n",
        objective,
        backend,
        plan.kernels().size(),
        plan.kernels().stream().map(Kernel::structure).collect(Collectors.toSet()).size(),
        plan.kernels().stream().mapToLong(Kernel::bytes).sum() / 1e6);
  }

  /** Ends the runs. */
  @TearDown
  public void end() {
    openCl.close();
    cpu.close();
  }

  /**
   * The step on either.
   *
   * @param pair the clock
   */
  @Benchmark
  public void step(Pair pair) {
    pair.run(openCl::step, cpu::step);
  }
}
