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

  private record Pending(long run, int kernel, String part, cl_event event) {}

  private final cl_command_queue queue;
  private final LaunchListener listener;
  private final List<Pending> pending = new ArrayList<>();

  /** What the host's clock is ahead of the device's. */
  private final long ahead;

  LaunchTimes(cl_command_queue queue, LaunchListener listener) {
    this.queue = queue;
    this.listener = listener;
    cl_event marker = new cl_event();
    CL.clEnqueueMarkerWithWaitList(queue, 0, null, marker);
    CL.clFinish(queue);
    ahead = System.nanoTime() - nanos(marker, CL.CL_PROFILING_COMMAND_END);
    CL.clReleaseEvent(marker);
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
    if (pending.size() >= MOST_PENDING) {
      tell();
    }
    cl_event event = new cl_event();
    enqueue.accept(event);
    pending.add(new Pending(run, kernel, part, event));
  }

  /** Waits for the launches that were noted, and tells of them. */
  void tell() {
    if (pending.isEmpty()) {
      return;
    }
    CL.clFinish(queue);
    for (Pending launch : pending) {
      long start = nanos(launch.event, CL.CL_PROFILING_COMMAND_START);
      long end = nanos(launch.event, CL.CL_PROFILING_COMMAND_END);
      listener.launched(
          launch.run, launch.kernel, launch.part, start + ahead, Math.max(0, end - start));
    }
    release();
  }

  private void release() {
    pending.forEach(launch -> CL.clReleaseEvent(launch.event));
    pending.clear();
  }

  /** Tells of what there still is to tell, if the device is well. */
  void close() {
    try {
      tell();
    } catch (CLException failed) {
      // Whoever ran the launches was told of it.
      release();
    }
  }
}
