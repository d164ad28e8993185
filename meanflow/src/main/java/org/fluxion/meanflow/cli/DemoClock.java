package org.fluxion.meanflow.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.fluxion.meanflow.train.RunFolder;

/**
 * The time that a demo takes, in this process and in those before. It is kept in the demo's folder,
 * so that a demo that is resumed knows of it.
 */
final class DemoClock {
  private static final double NANOS = 1e9;

  private final RunFolder folder;
  private final DemoSettings settings;
  private final double before;
  private final long begin = System.nanoTime();

  /**
   * Begins to count.
   *
   * @param folder the demo's folder
   * @param settings what is kept with the time
   * @param before the seconds of the processes before
   */
  DemoClock(RunFolder folder, DemoSettings settings, double before) {
    this.folder = folder;
    this.settings = settings;
    this.before = before;
  }

  /** All seconds until now. */
  double seconds() {
    return before + (System.nanoTime() - begin) / NANOS;
  }

  /** All seconds until now in words, with those before if there were any. */
  String words() {
    String all = ProgressReport.duration(seconds());
    return before == 0
        ? all
        : "%s, of which %s before it was resumed".formatted(all, ProgressReport.duration(before));
  }

  /** Keeps the time until now. */
  void keep() throws IOException {
    settings.write(folder, seconds());
  }

  /** Shows how training goes, and keeps the time with every checkpoint. */
  ProgressReport progress(PrintWriter out, PrintWriter err, boolean terminal) {
    return new ProgressReport(out, err, terminal) {
      @Override
      public void checkpoint(long step, Path file) {
        super.checkpoint(step, file);
        try {
          keep();
        } catch (IOException failed) {
          throw new UncheckedIOException(failed);
        }
      }
    };
  }
}
