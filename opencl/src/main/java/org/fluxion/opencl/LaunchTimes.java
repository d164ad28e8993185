package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.fluxion.tensor.profile.LaunchListener;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;

/**
 * When the launches on a queue ran, by the device's clock. The queue must have been made for
 * profiling. A driver keeps an event for each launch until its times have been told.
 */
final class LaunchTimes {
  /** So many launches are waited for, lest a run that is never read piles them up. */
  private static final int MOST_PENDING = 8192;

  /**
   * The launches that have not been told of. It does not refer to who is told, so that a cleaner
   * may hold it.
   */
  static final class Pending {
    private record Noted(long run, int kernel, String part, cl_event event) {}

    private final List<Noted> launches = new ArrayList<>();

    Pending() {}

    /** Forgets them, and releases their events even if the driver has failed. */
    void release() {
      launches.forEach(launch -> Failure.ignore(() -> CL.clReleaseEvent(launch.event)));
      launches.clear();
    }
  }

  private final cl_command_queue queue;
  private final LaunchListener listener;
  private final Pending pending;

  /** What the host's clock is ahead of the device's. */
  private final long ahead;

  /**
   * Times of a queue's launches.
   *
   * @param queue the queue, which is empty
   * @param listener who is told
   * @param pending where launches are noted, which the caller releases if nobody is told of them
   */
  LaunchTimes(cl_command_queue queue, LaunchListener listener, Pending pending) {
    this.queue = queue;
    this.listener = listener;
    this.pending = pending;
    cl_event marker = new cl_event();
    CL.clEnqueueMarkerWithWaitList(queue, 0, null, marker);
    try {
      CL.clFinish(queue);
      ahead = System.nanoTime() - nanos(marker, CL.CL_PROFILING_COMMAND_END);
    } finally {
      Failure.ignore(() -> CL.clReleaseEvent(marker));
    }
  }

  /** A time on the device's clock. */
  static long nanos(cl_event event, int which) {
    long[] value = new long[1];
    CL.clGetEventProfilingInfo(event, which, Sizeof.cl_ulong, Pointer.to(value), null);
    return value[0];
  }

  /**
   * Notes a launch.
   *
   * @param run the run's number
   * @param kernel the number of the plan's kernel
   * @param part what it does of the kernel, or empty
   * @param enqueue launches it with the event that it is given
   */
  void launch(long run, int kernel, String part, Consumer<cl_event> enqueue) {
    if (pending.launches.size() >= MOST_PENDING) {
      tell();
    }
    cl_event event = new cl_event();
    enqueue.accept(event);
    pending.launches.add(new Pending.Noted(run, kernel, part, event));
  }

  /** Waits for the launches that were noted, and tells of them, whether or not that succeeds. */
  void tell() {
    if (pending.launches.isEmpty()) {
      return;
    }
    try {
      CL.clFinish(queue);
      for (Pending.Noted launch : pending.launches) {
        long start = nanos(launch.event, CL.CL_PROFILING_COMMAND_START);
        long end = nanos(launch.event, CL.CL_PROFILING_COMMAND_END);
        listener.launched(
            launch.run, launch.kernel, launch.part, start + ahead, Math.max(0, end - start));
      }
    } finally {
      // None is told of twice, if it was the listener that failed.
      pending.release();
    }
  }

  /** Tells of what there still is to tell, if the device is well. */
  void close() {
    try {
      tell();
    } catch (CLException failed) {
      // Whoever ran the launches was told of it.
    }
  }
}
