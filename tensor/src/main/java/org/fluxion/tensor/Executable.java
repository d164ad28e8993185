package org.fluxion.tensor;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Plan;

/**
 * A graph made ready on a device, with memory of its own for inputs, outputs and everything
 * between: running it allocates nothing. It belongs to one thread at a time.
 */
public interface Executable extends AutoCloseable {
  /**
   * What runs.
   *
   * @return the plan
   */
  Plan plan();

  /**
   * The memory that it holds on the device.
   *
   * @return bytes
   */
  long bytes();

  /**
   * Copies a value into an input.
   *
   * @param input which one
   * @param data the value, of the input's dtype and size
   */
  void write(int input, HostData data);

  /** Computes all outputs from the inputs as they are. */
  void run();

  /**
   * Copies an output's value.
   *
   * @param output which one
   * @param data where to, of the output's dtype and size
   */
  void read(int output, HostData data);

  /**
   * The value that an output has now, which no later run changes. A device may bring it when it is
   * first looked at, so that the host can go on in the meantime.
   *
   * @param output which one
   * @return the value; it outlives the executable
   */
  default HostData result(int output) {
    Buffer buffer = plan().outputs().get(output);
    HostData data = HostData.allocate(buffer.dtype(), buffer.elements());
    read(output, data);
    return data;
  }

  /**
   * Copies the value that an input has now: what was written or carried there.
   *
   * @param input which one
   * @param data where to, of the input's dtype and size
   */
  void readInput(int input, HostData data);

  /**
   * Makes the outputs that the plan carries on the next run's inputs; free for those that were
   * computed in place.
   */
  void carry();

  /**
   * The time that each kernel has taken, over all runs, where that is measured.
   *
   * @return nanoseconds, one for each of the plan's kernels; empty if nobody looked at a clock
   */
  Optional<long[]> nanos();

  /**
   * How often it has run.
   *
   * @return the count
   */
  long runs();

  /**
   * Which of several ways a kernel is computed in, for the listing.
   *
   * @param kernel the number of the plan's kernel
   * @return a few words, or nothing if there is one way alone
   */
  default String variant(int kernel) {
    return "";
  }

  /**
   * What became of the plan on this device that one might not expect.
   *
   * @return a line each
   */
  default List<String> notes() {
    return List.of();
  }

  /** Frees the device's memory. */
  @Override
  void close();
}
