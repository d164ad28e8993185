package org.fluxion.opencl;

import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;

/**
 * A kernel whose arguments are set, but for the first work-group: it is launched at once or in
 * pieces.
 *
 * @param kernel the kernel
 * @param number the plan's kernel that it is of
 * @param part what it does of that, if several launches share it; else empty
 * @param lanes work-items of a work-group
 * @param argument which argument is the first work-group's number
 * @param pieces where each piece begins, and last the number of work-groups
 */
record ReadyLaunch(
    cl_kernel kernel, int number, String part, int lanes, int argument, List<Long> pieces) {
  /**
   * Launches it.
   *
   * @param queue where
   * @param run the number of the run
   * @param times what notes when it ran, if anything does
   * @param gate what it has to pass, if anything
   */
  void enqueue(
      cl_command_queue queue, long run, Optional<LaunchTimes> times, Optional<LaunchGate> gate) {
    for (int piece = 0; piece + 1 < pieces.size(); piece++) {
      long first = pieces.get(piece);
      long groups = pieces.get(piece + 1) - first;
      if (pieces.size() > 2) {
        begin(first);
      }
      times.ifPresentOrElse(
          t -> t.launch(run, number, part, event -> launch(queue, groups, event, gate)),
          () -> launch(queue, groups, null, gate));
      if (pieces.size() > 2) {
        // Some drivers hand several launches to the card as one, and the watchdog takes them so.
        CL.clFlush(queue);
      }
    }
  }

  /** Has the next launch begin at a work-group; at first that is 0. */
  void begin(long first) {
    CL.clSetKernelArg(kernel, argument, Sizeof.cl_long, Pointer.to(new long[] {first}));
  }

  private void launch(
      cl_command_queue queue, long groups, cl_event event, Optional<LaunchGate> gate) {
    gate.ifPresentOrElse(
        g -> g.pass(() -> launch(queue, groups, event)), () -> launch(queue, groups, event));
  }

  private void launch(cl_command_queue queue, long groups, cl_event event) {
    CL.clEnqueueNDRangeKernel(
        queue, kernel, 1, null, new long[] {groups * lanes}, new long[] {lanes}, 0, null, event);
  }
}
