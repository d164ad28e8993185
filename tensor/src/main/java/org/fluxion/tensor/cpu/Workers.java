package org.fluxion.tensor.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that run a program's kernels together with the calling thread. A kernel takes tens of
 * microseconds, so threads wait for the next one by spinning for a while before they sleep, and the
 * caller waits for tasks, never for threads: one that has no processor just now holds nobody up.
 * Tasks are handed out one by one; which thread runs a task changes nothing in its result.
 */
final class Workers implements AutoCloseable {
  /** How long a thread spins before it sleeps: longer than the pauses between kernels. */
  private static final long SPIN_NANOS = 200_000;

  /** How often the caller looks for the last tasks before it offers its processor to others. */
  private static final int SPINS = 1_000;

  private static final int BITS = 20;
  private static final long MASK = (1L << BITS) - 1;

  /** A task of a phase of a kernel. */
  @FunctionalInterface
  interface Work {
    void run(int task, int thread);
  }

  private final Thread[] threads;

  /**
   * From the top: a number for each round of tasks, how many tasks it has, and the next task. In
   * one word, so that a late thread cannot take a task of a round that it knows nothing of.
   */
  private final AtomicLong state = new AtomicLong();

  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicInteger sleeping = new AtomicInteger();

  // Written before the state that announces them, and not again before all tasks have ended, when
  // no thread reads them.
  private Work work;
  private int first;

  private volatile Throwable failure;
  private volatile boolean closed;

  Workers(int count) {
    threads = new Thread[count - 1];
    for (int i = 0; i < threads.length; i++) {
      int number = i + 1;
      threads[i] = new Thread(() -> serve(number), "fluxion-cpu-" + number);
      threads[i].setDaemon(true);
      threads[i].start();
    }
  }

  /** Runs all tasks and returns when the last one has ended. */
  void run(int tasks, Work work) {
    if (tasks == 1 || threads.length == 0) {
      for (int task = 0; task < tasks; task++) {
        work.run(task, 0);
      }
      return;
    }
    this.work = work;
    for (int from = 0; from < tasks; from += (int) MASK) {
      round(from, Math.min(tasks - from, (int) MASK));
    }
    // The threads outlive what they worked for, which may be dropped now.
    this.work = null;
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw new IllegalStateException("a kernel failed: " + thrown, thrown);
    }
  }

  private void round(int from, int tasks) {
    first = from;
    finished.set(0);
    long number = (state.get() >>> 2 * BITS) + 1;
    state.set(number << 2 * BITS | (long) tasks << BITS);
    if (sleeping.get() > 0) {
      for (Thread thread : threads) {
        LockSupport.unpark(thread);
      }
    }
    take(0);
    for (int spins = 0; finished.get() < tasks; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private static boolean open(long state) {
    return (state & MASK) < (state >>> BITS & MASK);
  }

  /** Runs tasks as long as there are any that nobody has taken. */
  private void take(int thread) {
    for (long seen = state.get(); open(seen); seen = state.get()) {
      if (state.compareAndSet(seen, seen + 1)) {
        try {
          work.run(first + (int) (seen & MASK), thread);
        } catch (Throwable thrown) {
          failure = thrown;
        }
        finished.incrementAndGet();
      }
    }
  }

  private void serve(int thread) {
    while (!closed) {
      take(thread);
      long start = System.nanoTime();
      while (!open(state.get()) && !closed) {
        Thread.onSpinWait();
        if (System.nanoTime() - start > SPIN_NANOS) {
          // Counted before it looks once more, so that either sees the other.
          sleeping.incrementAndGet();
          if (!open(state.get()) && !closed) {
            LockSupport.park(this);
          }
          sleeping.decrementAndGet();
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }
}
