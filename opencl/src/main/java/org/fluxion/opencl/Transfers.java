package org.fluxion.opencl;

import org.jocl.CL;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;

/** Transfers between the host's memory and a place on a device, whether or not the host waits. */
final class Transfers {
  private Transfers() {}

  /**
   * Writes to a place.
   *
   * @param queue the queue, which runs in order
   * @param place where to
   * @param piece what, and how far from the place's beginning
   * @param event will know when the device has taken it; null if the host waits for that
   */
  static void write(
      cl_command_queue queue, ProgramMemory.Place place, HostPointer.Piece piece, cl_event event) {
    CL.clEnqueueWriteBuffer(
        queue,
        place.memory(),
        event == null,
        place.firstByte() + piece.offset(),
        piece.bytes(),
        piece.pointer(),
        0,
        null,
        event);
  }

  /**
   * Reads from a place.
   *
   * @param queue the queue, which runs in order
   * @param place where from
   * @param piece where to, and how far from the place's beginning
   * @param event will know when it has come; null if the host waits for that
   */
  static void read(
      cl_command_queue queue, ProgramMemory.Place place, HostPointer.Piece piece, cl_event event) {
    CL.clEnqueueReadBuffer(
        queue,
        place.memory(),
        event == null,
        place.firstByte() + piece.offset(),
        piece.bytes(),
        piece.pointer(),
        0,
        null,
        event);
  }

  /** Waits for a transfer, and releases its event even if it has failed. */
  static void await(cl_event event) {
    try {
      CL.clWaitForEvents(1, new cl_event[] {event});
    } finally {
      CL.clReleaseEvent(event);
    }
  }
}
