package org.fluxion.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.profile.Peak;

/**
 * Measures what the processor can do at best with some threads: the bar that a profile holds
 * kernels against. The fastest of several rounds counts, since whatever else happens on the machine
 * only makes them slower.
 */
final class PeakRates {
  /** Of each end of the copy: more than caches hold. */
  private static final long COPY_BYTES = 64L << 20;

  private static final int COPY_TASKS = 64;
  private static final long PAGE = 4096;

  /** Multiply-adds of a chain in one call: short, since the first calls are interpreted. */
  static final int STEPS = 1 << 12;

  private static final int CALLS = 16;

  /** The JIT is done with the loop when the rate has not grown for so long. */
  private static final long SETTLED_NANOS = 250_000_000;

  private static final long MOST_NANOS = 3_000_000_000L;

  private PeakRates() {}

  static Peak measure(int threads) {
    try (Workers workers = new Workers(threads)) {
      return new Peak(copyRate(workers), flopRate(workers, threads));
    }
  }

  private static double copyRate(Workers workers) {
    HostMemory.reserve(2 * COPY_BYTES, () -> "the ends of a copy, to measure its rate");
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate(COPY_BYTES, PAGE).fill((byte) 1);
      MemorySegment to = arena.allocate(COPY_BYTES, PAGE).fill((byte) 2);
      long piece = COPY_BYTES / COPY_TASKS;
      return fastest(
          2.0 * COPY_BYTES,
          () ->
              workers.run(
                  COPY_TASKS,
                  (task, thread) ->
                      MemorySegment.copy(from, task * piece, to, task * piece, piece)),
          System::nanoTime);
    } finally {
      HostMemory.freed(2 * COPY_BYTES);
    }
  }

  private static double flopRate(Workers workers, int threads) {
    float[] results = new float[threads];
    int tasks = 4 * threads;
    Workers.Work work =
        (task, thread) -> {
          for (int call = 0; call < CALLS; call++) {
            results[thread] +=
                Width.VECTORS ? VectorPeak.chains(STEPS, 0.999f) : chains(STEPS, 0.999f);
          }
        };
    double each = Width.VECTORS ? VectorPeak.FLOPS : FLOPS;
    double rate =
        fastest(each * STEPS * CALLS * tasks, () -> workers.run(tasks, work), System::nanoTime);
    if (Float.isNaN(results[0])) {
      throw new IllegalStateException("multiply-adds of finite numbers gave NaN");
    }
    return rate;
  }

  /**
   * How much of some work is done in a second.
   *
   * @param amount what a round does
   * @param round does it
   * @param clock tells nanoseconds
   */
  static double fastest(double amount, Runnable round, LongSupplier clock) {
    double best = 0;
    long begin = clock.getAsLong();
    long improved = begin;
    long now = begin;
    while (now - improved < SETTLED_NANOS && now - begin < MOST_NANOS) {
      long start = clock.getAsLong();
      round.run();
      now = clock.getAsLong();
      double rate = amount / Math.max(1, now - start);
      if (rate > 1.02 * best) {
        improved = now;
      }
      best = Math.max(best, rate);
    }
    return best * 1e9;
  }

  /** Operations of each step of the scalar chains. */
  private static final double FLOPS = 2 * 8;

  /** Eight independent chains hide the instruction's latency. */
  private static float chains(int steps, float factor) {
    float g = 1 - factor;
    float a = factor;
    float b = factor;
    float c = factor;
    float d = factor;
    float e = factor;
    float h = factor;
    float i = factor;
    float j = factor;
    for (int step = 0; step < steps; step++) {
      a = Math.fma(a, factor, g);
      b = Math.fma(b, factor, g);
      c = Math.fma(c, factor, g);
      d = Math.fma(d, factor, g);
      e = Math.fma(e, factor, g);
      h = Math.fma(h, factor, g);
      i = Math.fma(i, factor, g);
      j = Math.fma(j, factor, g);
    }
    return a + b + c + d + e + h + i + j;
  }
}
