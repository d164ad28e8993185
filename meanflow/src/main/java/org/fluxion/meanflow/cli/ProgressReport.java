package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.fluxion.meanflow.report.FigureTable;
import org.fluxion.meanflow.train.Metrics;
import org.fluxion.meanflow.train.TrainingConfiguration;
import org.fluxion.meanflow.train.TrainingListener;

/**
 * Shows how training goes: a bar with loss, samples per second and time left where the output is a
 * terminal, otherwise a line now and then. Notes go to the error stream.
 */
public class ProgressReport implements TrainingListener, AutoCloseable {
  private static final long LINE_NANOS = Duration.ofSeconds(10).toNanos();
  private static final long MEBIBYTE = 1L << 20;
  private static final int BAR_MILLIS = 200;

  /** How fast the figures follow: the share of the newest step. */
  private static final double SMOOTHING = 0.05;

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean terminal;

  private ProgressBar bar;
  private Pace pace;
  private long steps;
  private long firstStep;
  private int batchSize;
  private long lastLine;
  private double loss;

  /**
   * A report.
   *
   * @param out where lines go
   * @param err where notes go
   * @param terminal whether to show a bar, on the standard output
   */
  public ProgressReport(PrintWriter out, PrintWriter err, boolean terminal) {
    this.out = out;
    this.err = err;
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
  public void preparing(long first) {
    say(
        first == 0
            ? "Reading the images and compiling one step of training first."
            : "Going on after %s, once the images are read and a step is compiled."
                .formatted(FigureTable.count(first, "step")));
  }

  @Override
  public void planned(long plannedBytes, long availableBytes) {
    say(
        "A step takes at most %,d MiB of memory, of %,d MiB that can be had."
            .formatted(
                Math.ceilDiv(plannedBytes, MEBIBYTE), Math.floorDiv(availableBytes, MEBIBYTE)));
  }

  @Override
  public void started(TrainingConfiguration configuration, long first) {
    steps = configuration.steps();
    batchSize = configuration.batchSize();
    firstStep = first;
    lastLine = System.nanoTime();
    pace = new Pace(first, lastLine);
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("Training")
              .setInitialMax(steps)
              .startsFrom(first, Duration.ZERO)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(BAR_MILLIS)
              .setEtaFunction(_ -> TaskBar.timeLeft(pace, steps))
              .setConsumer(new ConsoleProgressBarConsumer(System.out))
              .build();
    }
  }

  @Override
  public void step(long step, Metrics metrics) {
    boolean first = step == firstStep + 1;
    long now = System.nanoTime();
    pace.mark(step, now);
    loss = first ? metrics.loss() : loss + SMOOTHING * (metrics.loss() - loss);
    if (bar != null) {
      bar.stepTo(step);
      bar.setExtraMessage(figures());
      return;
    }
    if (first || step == steps || now - lastLine >= LINE_NANOS) {
      lastLine = now;
      say(line(step));
    }
  }

  /** Without a speed after the first step, in which kernels are compiled. */
  private String figures() {
    OptionalDouble rate = pace.perSecond();
    String known = String.format(Locale.ROOT, "loss %.4f", loss);
    return rate.isEmpty()
        ? known
        : String.format(Locale.ROOT, "%s, %,.0f samples/s", known, rate.getAsDouble() * batchSize);
  }

  private String line(long step) {
    OptionalDouble seconds = step == steps ? OptionalDouble.empty() : pace.secondsTo(steps);
    return String.format(
        Locale.ROOT,
        "step %,d of %,d: %s%s",
        step,
        steps,
        figures(),
        seconds.isEmpty() ? "" : ", " + duration(seconds.getAsDouble()) + " left");
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
    err.println("note: " + message);
    err.flush();
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
