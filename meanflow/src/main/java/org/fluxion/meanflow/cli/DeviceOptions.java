package org.fluxion.meanflow.cli;

import java.util.Optional;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Option;

/** Where a command computes; for commands to mix in. */
public final class DeviceOptions {
  static final String CPU = "cpu";

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = CPU,
      description =
          "Where to compute: cpu, or a device that 'fluxion devices' lists (default:"
              + " ${DEFAULT-VALUE}).")
  private String backend = CPU;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads of the cpu backend (default: one for each core). No result depends on it.")
  private Optional<Integer> threads = Optional.empty();

  /** For picocli. */
  public DeviceOptions() {}

  /**
   * The device that was asked for.
   *
   * @return the device
   * @throws IllegalArgumentException if there is none of that name, or threads do not apply to it
   */
  public Device device() {
    if (threads.isEmpty()) {
      return Device.of(backend);
    }
    requireThreads(threads.get(), backend);
    return Device.cpu(threads.get());
  }

  /** A number of threads is that of the cpu backend, whose name does not have one yet. */
  static void requireThreads(int threads, String backend) {
    if (!backend.equals(CPU)) {
      throw new IllegalArgumentException(
          "--threads: expected with --backend cpu alone, got --backend " + backend);
    }
    Arguments.requireAtLeastOne("--threads", threads);
  }
}
