package org.fluxion.meanflow.train;

import java.nio.file.Path;

/**
 * What a trainer tells while it trains, on the thread that trains. Every method may be left out.
 */
public interface TrainingListener {
  /** A listener that does not listen. */
  TrainingListener NONE = new TrainingListener() {};

  /**
   * There are steps to take. What follows takes some seconds: the data are read, and the program is
   * compiled.
   *
   * @param firstStep the number of steps taken before
   */
  default void preparing(long firstStep) {}

  /**
   * The program is compiled and fits.
   *
   * @param plannedBytes the most that it takes at any moment
   * @param availableBytes what it may take
   */
  default void planned(long plannedBytes, long availableBytes) {}

  /**
   * The program is compiled, the data are read, and the steps begin.
   *
   * @param configuration the run's
   * @param firstStep the number of steps taken before
   */
  default void started(TrainingConfiguration configuration, long firstStep) {}

  /**
   * A step was taken.
   *
   * @param step the number of steps taken, from 1
   * @param metrics of this step alone
   */
  default void step(long step, Metrics metrics) {}

  /**
   * A line was added to the run's metrics.
   *
   * @param step the number of steps taken
   * @param metrics the mean over the steps since the line before
   */
  default void logged(long step, Metrics metrics) {}

  /**
   * A checkpoint was written.
   *
   * @param step the number of steps taken
   * @param file the checkpoint
   */
  default void checkpoint(long step, Path file) {}

  /**
   * Something that a person should know.
   *
   * @param message a sentence
   */
  default void notice(String message) {}
}
