package org.fluxion.meanflow.train;

import org.fluxion.nn.FlatParameters;
import org.fluxion.nn.data.Batch;
import org.fluxion.nn.data.Batches;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Tensor;

/**
 * A {@link TrainingStep}'s program that is running on a data set: what the trainer does in each
 * step, from the examples to the metrics. A step depends on the state, the keys and its number
 * alone. The examples are gathered in the same memory each time, so that steps within an epoch
 * allocate nothing outside the heap. Belongs to one thread; closing it frees the device's memory.
 */
public final class TrainingRun implements AutoCloseable {
  private final FlatParameters layout;
  private final Run<TrainingState, TrainingBatch, Tensor> run;
  private final Batches batches;
  private final long[] keyWords;

  /** What the next step will be given; the run makes its own copy. */
  private Batch batch;

  /** The step that the batch is of. */
  private long prepared;

  private TrainingRun(
      FlatParameters layout,
      Run<TrainingState, TrainingBatch, Tensor> run,
      Batches batches,
      RandomKey key) {
    this.layout = layout;
    this.run = run;
    this.batches = batches;
    this.keyWords = key.words().toLongArray();
  }

  /**
   * Starts a run.
   *
   * @param step what the program was compiled of
   * @param program its program
   * @param named the state to start from, by name
   * @param batches the examples of every step
   * @param key what every random draw depends on, with the step's number
   * @return the run, to be closed
   */
  public static TrainingRun start(
      TrainingStep step,
      Program<TrainingState, TrainingBatch, Tensor> program,
      TrainingState named,
      Batches batches,
      RandomKey key) {
    return new TrainingRun(
        step.layout(), program.start(named.map(step.layout()::flat)), batches, key);
  }

  /**
   * Takes a step.
   *
   * @param number the number of steps taken before, which decides batch and draws
   * @param learningRate how far it goes
   * @return the loss, its parts if the loss has any, and last the gradient's norm
   */
  public double[] step(long number, double learningRate) {
    if (batch == null) {
      batch = batches.at(number);
    } else if (prepared != number) {
      batches.fill(number, batch);
    }
    Tensor words =
        Tensor.tensor(
            (int) keyWords[0], (int) keyWords[1], Math.toIntExact(number), (int) keyWords[3]);
    Tensor rate = Tensor.scalar(learningRate, DType.FLOAT32);
    Tensor result = run.step(new TrainingBatch(batch, rate, new RandomKey(words)));
    // The run has taken the batch, and may still be computing: meanwhile, the next one.
    prepared = number + 1;
    batches.fill(prepared, batch);
    HostData metrics = result.value();
    double[] values = new double[Math.toIntExact(metrics.elements())];
    java.util.Arrays.setAll(values, metrics::getDouble);
    return values;
  }

  /**
   * A copy of the state as it is, by name: files do not know that it was flat.
   *
   * @return the state
   */
  public TrainingState snapshot() {
    return run.snapshot().map(layout::copied);
  }

  /**
   * The kernels with their bytes, operations and the time that each has taken.
   *
   * @return a listing
   */
  public String explain() {
    return run.explain();
  }

  @Override
  public void close() {
    run.close();
  }
}
