package org.fluxion.opencl;

import org.fluxion.tensor.profile.Peak;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/**
 * Measures what a device can do at best: a copy of memory too large for caches, and multiply-adds
 * in registers. The fastest of several launches counts, since whatever else happens on the device
 * only makes them slower.
 */
final class PeakKernels {
  private static final String SOURCE =
      """
      kernel __attribute__((reqd_work_group_size(%1$d, 1, 1)))
      void copy(const global float *from, global float *to, long each) {
        for (long i = get_local_id(0); i < each; i += %1$d) {
          const long at = get_group_id(0) * each + i;
          vstore%2$d(vload%2$d(at, from), at, to);
        }
      }
      kernel __attribute__((reqd_work_group_size(%1$d, 1, 1)))
      void chains(global float *out, float factor, int steps) {
        const %3$s f = factor, g = 1 - factor;
        %3$s a = f, b = f, c = f, d = f, e = f, h = f, i = f, j = f;
        for (int step = 0; step < steps; step++) {
          a = a * f + g; b = b * f + g; c = c * f + g; d = d * f + g;
          e = e * f + g; h = h * f + g; i = i * f + g; j = j * f + g;
        }
        vstore%2$d(a + b + c + d + e + h + i + j, get_global_id(0), out);
      }
      """;

  /** Independent ones, which hide the instruction's latency. */
  private static final int CHAINS = 8;

  private static final long MEBIBYTE = 1L << 20;

  /** A launch this long is worth timing; a desktop's watchdog is far away. */
  private static final long WORTH_NANOS = 4_000_000;

  private static final long SETTLED_NANOS = 150_000_000;

  private final Context context;
  private final OpenClDevice device;
  private final int lanes;

  /** Elements of a work-item's vector. */
  private final int width;

  private final int groups;

  private PeakKernels(Context context) {
    this.context = context;
    this.device = context.device();
    boolean processor = device.family().lanes() == 1;
    this.lanes = processor ? 1 : 256;
    this.width = processor ? Integer.highestOneBit(Math.clamp(nativeWidth(), 2, 16)) : 4;
    this.groups = (processor ? 4 : 32) * device.computeUnits();
  }

  private int nativeWidth() {
    return Info.integer(device.id(), CL.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  }

  /** Measures a device, which takes some tenths of a second. */
  static Peak measure(Context context) {
    return new PeakKernels(context).measure();
  }

  private Peak measure() {
    try {
      cl_command_queue queue = context.queue(true);
      try {
        return new Peak(copyRate(queue), flopRate(queue));
      } finally {
        Failure.ignore(() -> CL.clFinish(queue));
        Failure.ignore(() -> CL.clReleaseCommandQueue(queue));
      }
    } catch (CLException refused) {
      throw Failure.of(device, "measuring what it can do at best", refused);
    }
  }

  private cl_kernel kernel(String name) {
    return context.programs().kernel(SOURCE.formatted(lanes, width, "float" + width), name);
  }

  private double copyRate(cl_command_queue queue) {
    long wanted = (lanes == 1 ? 64 : 256) * MEBIBYTE;
    long most = Math.min(device.largestAllocation(), device.memoryBytes() / 8);
    long unit = (long) groups * lanes * width * Float.BYTES;
    long each = Math.max(1, Math.min(wanted, most) / unit);
    long bytes = each * unit;
    cl_kernel kernel = kernel("copy");
    cl_mem from = context.memory().allocate(bytes);
    cl_mem to = context.memory().allocate(bytes);
    try {
      CL.clSetKernelArg(kernel, 0, Sizeof.cl_mem, Pointer.to(from));
      CL.clSetKernelArg(kernel, 1, Sizeof.cl_mem, Pointer.to(to));
      CL.clSetKernelArg(kernel, 2, Sizeof.cl_long, Pointer.to(new long[] {each * lanes}));
      return 2.0 * bytes / fastest(queue, kernel) * 1e9;
    } finally {
      Failure.ignore(() -> CL.clFinish(queue));
      context.memory().release(from);
      context.memory().release(to);
      CL.clReleaseKernel(kernel);
    }
  }

  private double flopRate(cl_command_queue queue) {
    cl_kernel kernel = kernel("chains");
    cl_mem out = context.memory().allocate((long) groups * lanes * width * Float.BYTES);
    try {
      CL.clSetKernelArg(kernel, 0, Sizeof.cl_mem, Pointer.to(out));
      CL.clSetKernelArg(kernel, 1, Sizeof.cl_float, Pointer.to(new float[] {0.999f}));
      int steps = 1 << 8;
      setSteps(kernel, steps);
      // The first launch may compile.
      nanos(queue, kernel);
      while (steps < 1 << 24 && nanos(queue, kernel) < WORTH_NANOS) {
        steps *= 2;
        setSteps(kernel, steps);
      }
      double flops = 2.0 * CHAINS * steps * width * groups * lanes;
      return flops / fastest(queue, kernel) * 1e9;
    } finally {
      Failure.ignore(() -> CL.clFinish(queue));
      context.memory().release(out);
      CL.clReleaseKernel(kernel);
    }
  }

  private static void setSteps(cl_kernel kernel, int steps) {
    CL.clSetKernelArg(kernel, 2, Sizeof.cl_int, Pointer.to(new int[] {steps}));
  }

  /** The shortest time of a launch, until none has been shorter for a while. */
  private double fastest(cl_command_queue queue, cl_kernel kernel) {
    double best = Double.MAX_VALUE;
    long improved = System.nanoTime();
    for (int launch = 0; launch < 4 || System.nanoTime() - improved < SETTLED_NANOS; launch++) {
      double nanos = Math.max(1, nanos(queue, kernel));
      if (nanos < 0.98 * best) {
        improved = System.nanoTime();
      }
      best = Math.min(best, nanos);
    }
    return best;
  }

  private long nanos(cl_command_queue queue, cl_kernel kernel) {
    cl_event event = new cl_event();
    CL.clEnqueueNDRangeKernel(
        queue,
        kernel,
        1,
        null,
        new long[] {(long) groups * lanes},
        new long[] {lanes},
        0,
        null,
        event);
    CL.clWaitForEvents(1, new cl_event[] {event});
    long taken =
        LaunchTimes.nanos(event, CL.CL_PROFILING_COMMAND_END)
            - LaunchTimes.nanos(event, CL.CL_PROFILING_COMMAND_START);
    CL.clReleaseEvent(event);
    return taken;
  }
}
