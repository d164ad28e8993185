package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.fluxion.meanflow.train.FileFailure;

/**
 * Lets work end well when the process is told to end (Ctrl-C, or a polite kill): the work is asked
 * to stop, and the process waits for it.
 */
final class Interruption {
  /** Work that can be asked to stop. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  /** What is said of work that was stopped before it had trained anything; takes the command. */
  static final String BEFORE_ANY_STEP = "Stopped before anything was trained. Go on with:%n  %s";

  /** What is said at once if the end is not there at once. */
  static final String STOPPING =
      "Stopping once the step that is being taken, or the kernel that is being compiled, is done.";

  private static final long AT_ONCE_MILLIS = 300;
  private static final long LAST_WORDS_MILLIS = 300;

  private final Runnable stop;
  private final PrintWriter err;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean interrupted;

  /**
   * Makes ready.
   *
   * @param stop asks the work to stop soon; called on another thread
   * @param err where it is said that the work goes on for a moment, and an error that comes after
   *     the interruption
   */
  Interruption(Runnable stop, PrintWriter err) {
    this.stop = stop;
    this.err = err;
  }

  /**
   * Runs work that need not be asked to stop, since what it has done is in files: the process ends
   * at once, after some last words.
   *
   * @param lastWords called on another thread if the process is told to end meanwhile
   * @param work the work
   */
  static void during(Runnable lastWords, Work work) throws IOException {
    Thread hook = new Thread(lastWords, "fluxion-last-words");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      work.run();
    } finally {
      remove(hook);
    }
  }

  /** Runs the work, once. */
  void during(Work work) throws IOException {
    Thread worker = Thread.currentThread();
    Thread hook = new Thread(() -> interrupt(worker), "fluxion-interruption");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      work.run();
    } catch (IOException | RuntimeException | Error failed) {
      if (interrupted) {
        // The process ends with the hook: nobody after it would say so.
        err.println(
            "fluxion: "
                + (failed instanceof IOException file
                    ? FileFailure.message(file)
                    : failed.getMessage()));
        err.flush();
      }
      throw failed;
    } finally {
      ended.countDown();
      if (!interrupted) {
        interrupted = !remove(hook);
      }
    }
  }

  /** Whether the process was told to end while the work, by all that is known, was not done. */
  boolean wasInterrupted() {
    return interrupted;
  }

  /** Removes a hook, unless the process ends just now: the hook then finds the work done. */
  private static boolean remove(Thread hook) {
    try {
      return Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      return false;
    }
  }

  private void interrupt(Thread worker) {
    interrupted = true;
    stop.run();
    try {
      if (!ended.await(AT_ONCE_MILLIS, TimeUnit.MILLISECONDS)) {
        if (ProgressReport.isTerminal()) {
          // Else a bar would be drawn over it.
          err.println();
        }
        err.println(STOPPING);
        err.flush();
        ended.await();
      }
      // Its last words, such as how to go on. It may not end by itself: it waits in System.exit.
      worker.join(LAST_WORDS_MILLIS);
    } catch (InterruptedException impatient) {
      Thread.currentThread().interrupt();
    }
  }
}
