package org.fluxion.opencl;

import org.jocl.CL;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;

/**
 * Bounds how far the host gets ahead of the device where nothing else has it wait: a driver may
 * hold as many launches as memory takes, and an error would be told of long after its cause.
 *
 * <p>Not for more than one thread.
 */
final class RunsAhead {
  /** Two would be enough for the device never to wait. */
  static final int MOST = 4;

  private final cl_event[] ends = new cl_event[MOST];
  private int next;

  RunsAhead() {}

  /** Waits, before a run is enqueued, until fewer than {@link #MOST} are unfinished. */
  void await() {
    cl_event end = ends[next];
    if (end != null) {
      ends[next] = null;
      Transfers.await(end);
    }
  }

  /** Notes that a run has been enqueued, the queue being in order. */
  void enqueued(cl_command_queue queue) {
    cl_event end = new cl_event();
    CL.clEnqueueMarkerWithWaitList(queue, 0, null, end);
    ends[next] = end;
    next = (next + 1) % MOST;
  }

  /** Releases what was noted. */
  void close() {
    for (int i = 0; i < MOST; i++) {
      cl_event end = ends[i];
      ends[i] = null;
      if (end != null) {
        Failure.ignore(() -> CL.clReleaseEvent(end));
      }
    }
  }
}
