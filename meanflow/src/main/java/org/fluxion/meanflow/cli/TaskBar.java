package org.fluxion.meanflow.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far a task came, where the standard output is a terminal; elsewhere nothing. */
final class TaskBar implements AutoCloseable {
  private static final int MILLIS = 200;
  private static final int PERCENT = 100;

  private static final double SECOND_MILLIS = 1e3;

  private final Pace pace = new Pace(0, System.nanoTime());
  private final Optional<ProgressBar> bar;

  /**
   * A bar.
   *
   * @param task what is done
   * @param all the count at its end
   * @param terminal whether to show it
   */
  TaskBar(String task, long all, boolean terminal) {
    bar =
        terminal
            ? Optional.of(
                new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(all)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(MILLIS)
                    .clearDisplayOnFinish()
                    .setEtaFunction(_ -> timeLeft(pace, all))
                    .setConsumer(new ConsoleProgressBarConsumer(System.out))
                    .build())
            : Optional.empty();
  }

  /**
   * A bar for a task of which only the share is known that is done.
   *
   * @param task what is done
   * @param terminal whether to show it
   * @return the bar, for {@link #toShare}
   */
  static TaskBar ofShare(String task, boolean terminal) {
    return new TaskBar(task, PERCENT, terminal);
  }

  /**
   * Moves on.
   *
   * @param done the share that is done, from 0 to 1
   */
  void toShare(double done) {
    to(Math.round(done * PERCENT));
  }

  /**
   * Moves on.
   *
   * @param done how much is done
   */
  void to(long done) {
    pace.mark(done, System.nanoTime());
    bar.ifPresent(it -> it.stepTo(done));
  }

  /** The time left as bars take it. */
  static Optional<Duration> timeLeft(Pace pace, long end) {
    OptionalDouble seconds = pace.secondsTo(end);
    return seconds.isEmpty()
        ? Optional.empty()
        : Optional.of(Duration.ofMillis(Math.round(seconds.getAsDouble() * SECOND_MILLIS)));
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
