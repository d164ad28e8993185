package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.Device;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a command computes; for commands to mix in. */
public final class DeviceOptions {
  static final String CPU = "cpu";

  static final String BACKEND = "--backend";

  /** The environment variable that names the device where the option does not. */
  static final String VARIABLE = "FLUXION_BACKEND";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = BACKEND,
      paramLabel = "NAME",
      description =
          "Where to compute: cpu, auto, or a device that 'fluxion devices' lists (default: what the"
              + " environment variable FLUXION_BACKEND says, or else cpu).")
  private Optional<String> backend = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads of the cpu backend (default: one for each core). No result depends on it.")
  private Optional<Integer> threads = Optional.empty();

  /** For picocli. */
  public DeviceOptions() {}

  /**
   * The device that was asked for. What one might not expect of it, or of the programs that run on
   * it, is a line on the command's error stream each.
   *
   * @return the device
   * @throws IllegalArgumentException if there is none of that name, or threads do not apply to it
   */
  public Device device() {
    return telling(device(backend, threads, System.getenv()), command);
  }

  /** A device that tells of its notes on a command's error stream. */
  static Device telling(Device device, CommandSpec command) {
    PrintWriter err = command.commandLine().getErr();
    return device.telling(
        note -> {
          err.println("note: " + note);
          err.flush();
        });
  }

  /**
   * The device that both options ask for.
   *
   * @param backend what the option says, if it is given
   * @param threads the same of the threads
   * @param environment the environment
   */
  static Device device(
      Optional<String> backend, Optional<Integer> threads, Map<String, String> environment) {
    if (threads.isEmpty()) {
      return named(backend, environment);
    }
    String elsewhere = environment.getOrDefault(VARIABLE, "");
    if (backend.isEmpty() && !elsewhere.isEmpty() && !elsewhere.equals(CPU)) {
      throw new IllegalArgumentException(
          "--threads: expected with the backend cpu alone, but the environment variable %s is %s; add --backend cpu, or leave --threads out"
              .formatted(VARIABLE, elsewhere));
    }
    return threaded(threads.get(), backend.orElse(CPU));
  }

  /**
   * The device that an option names, or else the environment, or else the processor.
   *
   * @param option what the option says, if it is given
   * @param environment the environment
   */
  static Device named(Optional<String> option, Map<String, String> environment) {
    String fromEnvironment = environment.getOrDefault(VARIABLE, "");
    return option.isPresent() || fromEnvironment.isEmpty()
        ? named(option.orElse(CPU))
        : Arguments.given("the environment variable " + VARIABLE, () -> Device.of(fromEnvironment));
  }

  /**
   * The device that the option names.
   *
   * @param name its value
   * @throws IllegalArgumentException if there is none of that name
   */
  static Device named(String name) {
    return Arguments.given(BACKEND, () -> Device.of(name));
  }

  /** The cpu with a number of threads; no other backend has them, nor a name that has a number. */
  static Device threaded(int threads, String backend) {
    if (!backend.equals(CPU)) {
      throw new IllegalArgumentException(
          "--threads: expected with --backend cpu alone, got --backend " + backend);
    }
    Arguments.requireAtLeastOne("--threads", threads);
    return Arguments.given("--threads", () -> Device.cpu(threads));
  }
}
