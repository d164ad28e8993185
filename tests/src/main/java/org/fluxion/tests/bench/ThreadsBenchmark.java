package org.fluxion.tests.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.HostMemory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The demo's flow-matching step on two threads and on one, beside what two threads give to code
 * that touches no memory; and what a step allocates once 200 are done.
 */
public class ThreadsBenchmark {
  private static final double MEGABYTE = 1e6;

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.quotient("twoThreads", "speed-up of the step", "×", "of multiply-adds"),
          Figure.amount("heap", "allocated on the heap", "MB/step", "allowed", MEGABYTE),
          Figure.amount("offHeap", "allocated off the heap", "MB/step", "allowed", MEGABYTE));

  /** JMH makes the instance. */
  public ThreadsBenchmark() {}

  /** The same step on one thread and on two. */
  @State(Scope.Benchmark)
  public static class Steps {
    private TrainingPrograms.Running one;
    private TrainingPrograms.Running two;
    private final FmaBenchmark chains = new FmaBenchmark();

    /** JMH makes the instance. */
    public Steps() {}

    /** Compiles and takes 200 steps. */
    @Setup
    public void start() {
      one = running(1);
      two = running(2);
      chains.start();
      for (int step = 0; step < 200; step++) {
        one.step();
        two.step();
        chains.one();
        chains.two();
      }
    }

    private static TrainingPrograms.Running running(int threads) {
      return TrainingPrograms.start(
          TrainingPrograms.Model.DEMO, TrainingPrograms.Objective.FLOW, Device.cpu(threads));
    }

    /** Ends the runs. */
    @TearDown
    public void end() {
      chains.end();
      one.close();
      two.close();
    }
  }

  /**
   * How much faster two threads are, of the step and of multiply-adds.
   *
   * @param pair the clock
   * @param state the programs
   */
  @Benchmark
  public void twoThreads(Pair pair, Steps state) {
    // Two threads do twice the multiply-adds of one in the same time.
    Runnable twice =
        () -> {
          state.chains.one();
          state.chains.one();
        };
    pair.runQuotients(state.one::step, state.two::step, twice, state.chains::two);
  }

  /**
   * Bytes allocated on the heap by a step, over all threads.
   *
   * @param pair the counter
   * @param state the programs
   */
  @Benchmark
  public void heap(Pair pair, Steps state) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getTotalThreadAllocatedBytes();
    state.two.step();
    pair.count(threads.getTotalThreadAllocatedBytes() - before, (long) MEGABYTE);
  }

  /**
   * Bytes allocated off the heap by a step, by the library's own count.
   *
   * @param pair the counter
   * @param state the programs
   */
  @Benchmark
  public void offHeap(Pair pair, Steps state) {
    long before = HostMemory.total();
    state.two.step();
    pair.count(HostMemory.total() - before, (long) MEGABYTE);
  }
}
