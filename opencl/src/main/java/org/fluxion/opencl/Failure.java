package org.fluxion.opencl;

import java.util.Optional;
import org.fluxion.tensor.TensorException;
import org.jocl.CL;
import org.jocl.CLException;

/** What a driver refused, in words: what was asked, of which device, and what to do. */
final class Failure {
  private static final String TAKEN =
      "Another process may have the device for itself: try again, or use another device (fluxion"
          + " devices lists them)";

  /** NVIDIA's, of a kernel that has reached outside its memory. */
  private static final int ILLEGAL_ACCESS = -9999;

  private Failure() {}

  /**
   * Whether a context is good for nothing after this: the driver has stopped one of its kernels, as
   * a watchdog or a lack of memory makes it, has lost the device, or says so.
   */
  static boolean endsContext(CLException refused) {
    return switch (refused.getStatus()) {
      case CL.CL_OUT_OF_RESOURCES,
          CL.CL_DEVICE_NOT_AVAILABLE,
          CL.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
          CL.CL_INVALID_CONTEXT,
          CL.CL_INVALID_COMMAND_QUEUE,
          ILLEGAL_ACCESS ->
          true;
      default -> false;
    };
  }

  /** Whether it is memory that is missing, or may be. */
  static boolean isOfMemory(CLException refused) {
    return switch (refused.getStatus()) {
      case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
          CL.CL_OUT_OF_RESOURCES,
          CL.CL_OUT_OF_HOST_MEMORY,
          CL.CL_INVALID_BUFFER_SIZE ->
          true;
      default -> false;
    };
  }

  /**
   * The error for people.
   *
   * @param device the device
   * @param doing what was asked of it, such as "reading x"
   * @param refused what the driver said
   */
  static TensorException of(OpenClDevice device, String doing, CLException refused) {
    String advice =
        switch (refused.getStatus()) {
          case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE, CL.CL_OUT_OF_HOST_MEMORY ->
              "There is too little memory: make the batch or the model smaller, or close what else"
                  + " uses the device";
          case CL.CL_OUT_OF_RESOURCES, CL.CL_INVALID_COMMAND_QUEUE ->
              "The driver has stopped a kernel, for lack of memory or because it took too long:"
                  + " make the batch or the model smaller, or use another device (fluxion devices"
                  + " lists them)";
          case CL.CL_DEVICE_NOT_AVAILABLE -> TAKEN;
          case CL.CL_INVALID_CONTEXT,
              CL.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
              ILLEGAL_ACCESS ->
              "The driver has given up all that ran on the device: start the run again, which"
                  + " begins anew there; if that fails too, start the process again";
          default -> "Use another device (fluxion devices lists them), or another driver";
        };
    return new TensorException(
        "opencl:%d: %s failed on %s: %s. %s"
            .formatted(device.number(), doing, device.model(), refused.getMessage(), advice),
        refused);
  }

  /**
   * Why a device cannot be used now, though it may be later: somebody else has it, or its memory.
   *
   * @param refused what the driver said before anything was computed
   * @return one line, or empty if waiting does not help
   */
  static Optional<String> passing(CLException refused) {
    if (refused.getStatus() == CL.CL_DEVICE_NOT_AVAILABLE) {
      return Optional.of(Text.of("%s. %s", refused.getMessage(), TAKEN));
    }
    return isOfMemory(refused)
        ? Optional.of(
            Text.of(
                "%s. There is too little memory: close what else uses the device",
                refused.getMessage()))
        : Optional.empty();
  }

  /**
   * The error for people, of a kernel that the driver's compiler does not take.
   *
   * @param device the device
   * @param kernel what it computes
   * @param refused what the compiler said
   */
  static TensorException of(OpenClDevice device, String kernel, OpenClException refused) {
    return new TensorException(
        ("opencl:%d: the compiler of %s fails to build %s: %s. Use another device (fluxion devices"
                + " lists them), or another driver")
            .formatted(device.number(), device.model(), kernel, firstLine(refused.getMessage())),
        refused);
  }

  /** The first line that tells of an error, or the first. */
  static String firstLine(String log) {
    return log.lines()
        .filter(line -> line.contains("error"))
        .findFirst()
        .or(() -> log.lines().findFirst())
        .orElse("")
        .strip();
  }

  /** Does what a failed driver may refuse, where nothing is left to be done about it. */
  static void ignore(Runnable release) {
    try {
      release.run();
    } catch (CLException refused) {
      System.getLogger(Failure.class.getName())
          .log(System.Logger.Level.DEBUG, "the driver did not take something back", refused);
    }
  }
}
