package org.fluxion.tests.bench;

import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Multiply-adds in registers on two threads and on one: what a second core can give at best to code
 * that touches no memory. Two logical processors of one core give a ratio near one.
 */
@State(Scope.Benchmark)
public class FmaBenchmark {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int STEPS = 1 << 18;
  private static final int CHAINS = 10;
  private static final double GIGAFLOPS = 2e-9 * STEPS * CHAINS * SPECIES.length();

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.rate(
              "fma",
              "multiply-add on two threads",
              "GF/s",
              "one thread",
              parameters -> 2 * GIGAFLOPS,
              parameters -> GIGAFLOPS));

  private Worker worker;
  private float factor;
  private volatile float here;
  private volatile float there;

  /** JMH makes the instance. */
  public FmaBenchmark() {}

  /** Starts the second thread. */
  @Setup
  public void start() {
    worker = new Worker();
    factor = 0.999f;
  }

  /** Ends the second thread. */
  @TearDown
  public void end() {
    worker.close();
  }

  /**
   * Runs the same loop on both threads at once, and on one.
   *
   * @param pair the clock
   */
  @Benchmark
  public void fma(Pair pair) {
    pair.run(this::two, this::one);
  }

  /** The loop on this thread. */
  void one() {
    here = chains(factor);
  }

  /** The loop on both threads at once. */
  void two() {
    worker.runBoth(this::one, () -> there = chains(factor));
  }

  /**
   * Ten independent chains hide the latency of the instruction; with two constants they fit in 16
   * registers.
   */
  private static float chains(float factor) {
    FloatVector f = FloatVector.broadcast(SPECIES, factor);
    FloatVector g = FloatVector.broadcast(SPECIES, 1 - factor);
    FloatVector a = f;
    FloatVector b = f;
    FloatVector c = f;
    FloatVector d = f;
    FloatVector e = f;
    FloatVector h = f;
    FloatVector i = f;
    FloatVector j = f;
    FloatVector k = f;
    FloatVector l = f;
    for (int step = 0; step < STEPS; step++) {
      a = a.fma(f, g);
      b = b.fma(f, g);
      c = c.fma(f, g);
      d = d.fma(f, g);
      e = e.fma(f, g);
      h = h.fma(f, g);
      i = i.fma(f, g);
      j = j.fma(f, g);
      k = k.fma(f, g);
      l = l.fma(f, g);
    }
    return a.add(b).add(c).add(d).add(e).add(h).add(i).add(j).add(k).add(l).lane(0);
  }
}
