package org.fluxion.tests.bench;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A second thread that stays alive between the runs of a benchmark. */
final class Worker implements AutoCloseable {
  private final ExecutorService executor = Executors.newSingleThreadExecutor();

  /** Runs one body on this thread and the other on the worker's, and waits for both. */
  void runBoth(Runnable here, Runnable there) {
    Future<?> future = executor.submit(there);
    here.run();
    try {
      future.get();
    } catch (ExecutionException failure) {
      throw new IllegalStateException("the worker's body failed", failure.getCause());
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the worker", interruption);
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
