package org.fluxion.meanflow.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import org.fluxion.meanflow.train.RunFolder;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.TensorException;
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

  /**
   * The device for work that was begun before: the one that it was on, unless an option says
   * otherwise. That it goes on elsewhere is told.
   *
   * @param before the device's name, if it is known
   * @return the device
   * @throws IllegalArgumentException if it cannot be had, or threads do not apply to it
   */
  public Device device(Optional<String> before) {
    if (before.isEmpty()) {
      return device();
    }
    Device device = telling(resumed(before.get(), backend, threads), command);
    if (!kept(device.name()).equals(kept(before.get()))) {
      PrintWriter err = command.commandLine().getErr();
      err.println(
          "note: this was on %s before and goes on on %s, where results differ in their last bits"
              .formatted(kept(before.get()), device.name()));
      err.flush();
    }
    return device;
  }

  /** The device that a run was on, for {@link #device(Optional)}. */
  static Optional<String> before(RunFolder folder) {
    return Arguments.given("--resume", folder::device);
  }

  /**
   * The device for work that was begun before.
   *
   * @param before the device's name
   * @param backend what the option says, if it is given
   * @param threads the same of the threads
   */
  static Device resumed(String before, Optional<String> backend, Optional<Integer> threads) {
    String usual = kept(before);
    if (threads.isPresent()) {
      if (backend.isEmpty() && !usual.equals(CPU)) {
        throw new IllegalArgumentException(
            "--threads: expected with the backend cpu alone, but this was on %s before; add --backend cpu to go on there, or leave --threads out"
                .formatted(usual));
      }
      return threaded(threads.get(), backend.orElse(CPU));
    }
    if (backend.isPresent()) {
      return named(backend.get());
    }
    try {
      return Device.of(usual);
    } catch (TensorException missing) {
      throw new IllegalArgumentException(
          "--backend: this was on %s before, which cannot be had now (%s); name another to go on there, such as --backend cpu"
              .formatted(usual, missing.getMessage().replaceFirst("^device: ", "")),
          missing);
    }
  }

  /** No result depends on the number of threads, which is not kept. */
  private static String kept(String name) {
    return name.matches(CPU + ":[0-9]+") ? CPU : name;
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
