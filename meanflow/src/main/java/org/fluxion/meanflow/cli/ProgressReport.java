package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.fluxion.meanflow.train.Metrics;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.meanflow.train.TrainingListener;

/**
 * Shows how training goes: a bar with loss, samples per second and time left where the output is a
 * terminal, otherwise a line now and then.
 */
public final class ProgressReport implements TrainingListener, AutoCloseable {
  private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final int BAR_MILLIS = 200;
  private static final double SECOND_NANOS = 1e9;

  /** How fast the figures follow: the share of the newest step. */
  private static final double SMOOTHING = 0.05;

  private final PrintWriter out;
  private final boolean terminal;
  private ProgressBar bar;
  private long steps;
  private long firstStep;
  private int batchSize;
  private long begin;
  private long lastLine;
  private double loss;

  /**
   * A report.
   *
   * @param out where lines go
   * @param terminal whether to show a bar, on the standard output
   */
  public ProgressReport(PrintWriter out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /**
   * Whether a person looks at the standard output.
   *
   * @return true if it is a terminal
   */
  public static boolean isTerminal() {
    return System.console() != null && System.console().isTerminal();
  }

  @Override
  public void started(TrainingConfiguration configuration, long first) {
    steps = configuration.steps();
    batchSize = configuration.batchSize();
    firstStep = first;
    begin = System.nanoTime();
    lastLine = begin;
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("Training")
              .setInitialMax(steps)
              .startsFrom(first, Duration.ZERO)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(BAR_MILLIS)
              .setConsumer(new ConsoleProgressBarConsumer(System.out))
              .build();
    }
  }

  @Override
  public void step(long step, Metrics metrics) {
    boolean first = step == firstStep + 1;
    loss = first ? metrics.loss() : loss + SMOOTHING * (metrics.loss() - loss);
    if (bar != null) {
      bar.stepTo(step);
      bar.setExtraMessage("loss %.4f, %,.0f samples/s".formatted(loss, speed(step)));
      return;
    }
    long now = System.nanoTime();
    if (first || step == steps || now - lastLine >= LINE_NANOS) {
      lastLine = now;
      say(line(step));
    }
  }

  private double speed(long step) {
    return (step - firstStep) * batchSize * SECOND_NANOS / (System.nanoTime() - begin);
  }

  private String line(long step) {
    double perSecond = speed(step);
    String left =
        step == steps
            ? ""
            : ", %s left".formatted(duration((steps - step) * batchSize / perSecond));
    return String.format(
        Locale.ROOT,
        "step %,d of %,d: loss %.4f, %,.0f samples/s%s",
        step,
        steps,
        loss,
        perSecond,
        left);
  }

  /** A time as people say it. */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    return whole < 3600
        ? "%d min %02d s".formatted(whole / 60, whole % 60)
        : "%d h %02d min".formatted(whole / 3600, whole / 60 % 60);
  }

  @Override
  public void checkpoint(long step, Path file) {
    if (bar == null) {
      say("step %,d: checkpoint %s".formatted(step, file));
    }
  }

  @Override
  public void notice(String message) {
    say("Note: " + message);
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }

  /** Ends the bar's line. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
