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
          Figure.amount("heap", "allocated on the heap", "MB/step", "allowed", MEGABYTE));

  /** JMH makes the instance. */
  public ThreadsBenchmark() {}

  /** The same step on one thread and on two, and multiply-adds. */
  @State(Scope.Benchmark)
  public static class Speeds {
    private TrainingPrograms.Running one;
    private TrainingPrograms.Running two;
    private final FmaBenchmark chains = new FmaBenchmark();

    /** JMH makes the instance. */
    public Speeds() {}

    /** Compiles and warms up. */
    @Setup
    public void start() {
      one = running(1);
      two = running(2);
      chains.start();
      StepBenchmark.warmUp(one::step, two::step);
      StepBenchmark.warmUp(chains::one, chains::two);
    }

    /** Ends the runs. */
    @TearDown
    public void end() {
      chains.end();
      one.close();
      two.close();
    }
  }

  /** A run that has taken 200 steps. */
  @State(Scope.Benchmark)
  public static class Steady {
    private TrainingPrograms.Running two;

    /** JMH makes the instance. */
    public Steady() {}

    /** Compiles and takes the steps. */
    @Setup
    public void start() {
      two = running(2);
      for (int step = 0; step < 200; step++) {
        two.step();
      }
    }

    /** Ends the run. */
    @TearDown
    public void end() {
      two.close();
    }
  }

  private static TrainingPrograms.Running running(int threads) {
    return TrainingPrograms.demo(TrainingPrograms.Objective.FLOW).start(Device.cpu(threads));
  }

  /**
   * How much faster two threads are, of the step and of multiply-adds.
   *
   * @param pair the clock
   * @param state the programs
   */
  @Benchmark
  public void twoThreads(Pair pair, Speeds state) {
    // Two threads do twice the multiply-adds of one in the same time.
    Runnable twice =
        () -> {
          state.chains.one();
          state.chains.one();
        };
    pair.runQuotients(state.one::step, state.two::step, twice, state.chains::two);
  }

  /**
   * Bytes allocated on the heap by a step within an epoch, over all threads; off it there must be
   * none, by the library's own count.
   *
   * @param pair the counter
   * @param state the program
   */
  @Benchmark
  public void heap(Pair pair, Steady state) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long offHeap = HostMemory.total();
    long heap = threads.getTotalThreadAllocatedBytes();
    state.two.step();
    pair.count(threads.getTotalThreadAllocatedBytes() - heap, (long) MEGABYTE);
    if (HostMemory.total() != offHeap) {
      throw new IllegalStateException(
          "a step allocated %d bytes off the heap, expected none"
              .formatted(HostMemory.total() - offHeap));
    }
  }
}
