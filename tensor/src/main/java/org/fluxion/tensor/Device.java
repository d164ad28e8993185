package org.fluxion.tensor;

import org.fluxion.tensor.cpu.CpuExecutable;
import org.fluxion.tensor.plan.Plan;

/** Where programs run. */
public interface Device {
  /**
   * What people call it, as in {@link #of}.
   *
   * @return the name
   */
  String name();

  /**
   * Makes a plan ready to run.
   *
   * @param plan the plan
   * @return the executable, which the caller closes
   */
  Executable prepare(Plan plan);

  /**
   * The host's processor with all its threads.
   *
   * @return the device
   */
  static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * The host's processor.
   *
   * @param threads how many threads, at least 1; no result depends on it
   * @return the device
   */
  static Device cpu(int threads) {
    if (threads < 1) {
      throw new TensorException("device: expected at least 1 thread, got " + threads);
    }
    return new Device() {
      @Override
      public String name() {
        return "cpu:" + threads;
      }

      @Override
      public Executable prepare(Plan plan) {
        return new CpuExecutable(plan, threads);
      }
    };
  }

  /**
   * A device by name.
   *
   * @param name "cpu", or "cpu:" and a number of threads
   * @return the device
   * @throws TensorException if there is none of that name
   */
  static Device of(String name) {
    if (name.equals("cpu")) {
      return cpu();
    }
    if (name.matches("cpu:[0-9]{1,4}")) {
      return cpu(Integer.parseInt(name.substring(4)));
    }
    throw new TensorException("device: expected 'cpu' or 'cpu:THREADS', got '%s'".formatted(name));
  }
}
