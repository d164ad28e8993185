package org.fluxion.tensor.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that run a program's kernels together with the calling thread. A kernel takes tens of
 * microseconds, so threads wait for the next one by spinning for a while before they sleep. Tasks
 * are handed out one by one; which thread runs a task changes nothing in its result.
 */
final class Workers implements AutoCloseable {
  /** How long a thread spins before it sleeps: longer than the pauses between kernels. */
  private static final long SPIN_NANOS = 200_000;

  /** A task of a phase of a kernel. */
  @FunctionalInterface
  interface Work {
    void run(int task, int thread);
  }

  private final Thread[] threads;
  private final AtomicLong generation = new AtomicLong();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private volatile Work work;
  private volatile int tasks;
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
    this.tasks = tasks;
    next.set(0);
    running.set(threads.length);
    generation.incrementAndGet();
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
    take(0);
    while (running.get() > 0) {
      Thread.onSpinWait();
    }
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw new IllegalStateException("a kernel failed: " + thrown, thrown);
    }
  }

  private void take(int thread) {
    Work current = work;
    int count = tasks;
    try {
      for (int task = next.getAndIncrement(); task < count; task = next.getAndIncrement()) {
        current.run(task, thread);
      }
    } catch (Throwable thrown) {
      failure = thrown;
    }
  }

  private void serve(int thread) {
    long seen = 0;
    while (!closed) {
      long start = System.nanoTime();
      while (generation.get() == seen && !closed) {
        Thread.onSpinWait();
        if (System.nanoTime() - start > SPIN_NANOS) {
          LockSupport.park(this);
        }
      }
      if (closed) {
        return;
      }
      seen = generation.get();
      take(thread);
      running.decrementAndGet();
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
