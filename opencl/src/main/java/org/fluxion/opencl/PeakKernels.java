package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
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
  static final String SOURCE =
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
  static final int CHAINS = 8;

  private static final long MEBIBYTE = 1L << 20;

  /** A launch this long is worth timing; a desktop's watchdog is far away. */
  private static final long WORTH_NANOS = 4_000_000;

  private static final long SETTLED_NANOS = 150_000_000;

  /** At the least. */
  static final int LAUNCHES = 4;

  private final Context context;
  private final OpenClDevice device;
  private final String source;
  private final LongFunction<cl_mem> memory;
  private final int lanes;

  /** Elements of a work-item's vector. */
  private final int width;

  private final int groups;

  /**
   * Kernels of a device.
   *
   * @param context the device in use
   * @param source the kernels, as {@link #SOURCE} is written
   * @param memory allocates so many bytes, which are reserved
   */
  PeakKernels(Context context, String source, LongFunction<cl_mem> memory) {
    this.context = context;
    this.device = context.device();
    this.source = source;
    this.memory = memory;
    boolean processor = device.family().lanes() == 1;
    this.lanes = processor ? 1 : Integer.highestOneBit(Math.min(256, device.largestGroup()));
    this.width = processor ? Integer.highestOneBit(Math.clamp(nativeWidth(), 2, 16)) : 4;
    this.groups = (processor ? 4 : 32) * device.computeUnits();
  }

  private int nativeWidth() {
    return Info.integer(device.id(), CL.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  }

  /**
   * Measures a device, which takes some tenths of a second.
   *
   * @param context the device in use
   * @return its rates; or nothing if there is too little memory, or its driver refuses it, the
   *     kernels or a launch, which is a note of the context
   */
  static Optional<Peak> measure(Context context) {
    return new PeakKernels(context, SOURCE, context.memory()::allocate).measure();
  }

  /** Measures the device; what it takes is released, whether or not the driver refuses anything. */
  Optional<Peak> measure() {
    try {
      cl_command_queue queue = context.queue(true);
      try {
        return Optional.of(new Peak(copyRate(queue), flopRate(queue)));
      } finally {
        Failure.ignore(() -> CL.clReleaseCommandQueue(queue));
      }
    } catch (CLException | OpenClException refused) {
      if (refused instanceof CLException driver) {
        context.failed(driver);
      }
      context.note(
          "opencl:%d: the peak of %s cannot be measured, so that no share of it is known: %s"
              .formatted(device.number(), device.model(), Failure.firstLine(refused.getMessage())));
      return Optional.empty();
    }
  }

  /** The kernels for so many work-items of a group, and elements of a vector. */
  static String text(String source, int lanes, int width) {
    return Text.of(source, lanes, width, "float" + width);
  }

  private cl_kernel kernel(String name) {
    return context.programs().kernel(text(source, lanes, width), name);
  }

  private double copyRate(cl_command_queue queue) {
    long wanted = (lanes == 1 ? 64 : 256) * MEBIBYTE;
    long most = Math.min(device.largestAllocation(), device.memoryBytes() / 8);
    long unit = (long) groups * lanes * width * Float.BYTES;
    long each = Math.max(1, Math.min(wanted, most) / unit);
    long bytes = each * unit;
    return with(
        "copy",
        List.of(bytes, bytes),
        kernel -> {
          CL.clSetKernelArg(kernel, 2, Sizeof.cl_long, Pointer.to(new long[] {each * lanes}));
          return rate(2.0 * bytes, () -> nanos(queue, kernel));
        },
        queue);
  }

  private double flopRate(cl_command_queue queue) {
    return with(
        "chains",
        List.of((long) groups * lanes * width * Float.BYTES),
        kernel -> {
          CL.clSetKernelArg(kernel, 1, Sizeof.cl_float, Pointer.to(new float[] {0.999f}));
          int steps = 1 << 8;
          setSteps(kernel, steps);
          // The first launch may compile.
          nanos(queue, kernel);
          while (steps < 1 << 24 && nanos(queue, kernel) < WORTH_NANOS) {
            steps *= 2;
            setSteps(kernel, steps);
          }
          return rate(flops(steps, width, (long) groups * lanes), () -> nanos(queue, kernel));
        },
        queue);
  }

  /**
   * Measures with a kernel, whose first arguments are pieces of memory. It is counted beside what
   * programs hold: what a driver promises beyond it may fail them.
   */
  private double with(
      String name, List<Long> sizes, ToDoubleFunction<cl_kernel> measure, cl_command_queue queue) {
    long all = sizes.stream().mapToLong(Long::longValue).sum();
    if (!context.memory().reserves(all, "what a peak is measured with")) {
      throw new OpenClException(
          "%,d MiB of its memory are not free".formatted(Math.ceilDiv(all, MEBIBYTE)));
    }
    try {
      cl_kernel kernel = kernel(name);
      List<cl_mem> pieces = new ArrayList<>();
      try {
        for (int i = 0; i < sizes.size(); i++) {
          pieces.add(memory.apply(sizes.get(i)));
          CL.clSetKernelArg(kernel, i, Sizeof.cl_mem, Pointer.to(pieces.get(i)));
        }
        return measure.applyAsDouble(kernel);
      } finally {
        release(queue, kernel, pieces);
      }
    } finally {
      context.memory().free(all);
    }
  }

  /** The operations of a launch of the chains, a multiply-add being two. */
  static double flops(int steps, int width, long workItems) {
    return 2.0 * CHAINS * steps * width * workItems;
  }

  private void release(cl_command_queue queue, cl_kernel kernel, List<cl_mem> pieces) {
    Failure.ignore(() -> CL.clFinish(queue));
    pieces.forEach(piece -> Failure.ignore(() -> context.memory().release(piece)));
    Failure.ignore(() -> CL.clReleaseKernel(kernel));
  }

  private static void setSteps(cl_kernel kernel, int steps) {
    CL.clSetKernelArg(kernel, 2, Sizeof.cl_int, Pointer.to(new int[] {steps}));
  }

  /**
   * How much of some work is done in a second by the fastest launch, when none has been faster for
   * a while.
   *
   * @param amount what a launch does
   * @param launch does it, and tells its nanoseconds
   */
  static double rate(double amount, LongSupplier launch) {
    double best = Double.MAX_VALUE;
    long improved = System.nanoTime();
    for (int i = 0; i < LAUNCHES || System.nanoTime() - improved < SETTLED_NANOS; i++) {
      double nanos = Math.max(1, launch.getAsLong());
      if (nanos < 0.98 * best) {
        improved = System.nanoTime();
      }
      best = Math.min(best, nanos);
    }
    return amount / best * 1e9;
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
    try {
      CL.clWaitForEvents(1, new cl_event[] {event});
      return LaunchTimes.nanos(event, CL.CL_PROFILING_COMMAND_END)
          - LaunchTimes.nanos(event, CL.CL_PROFILING_COMMAND_START);
    } finally {
      Failure.ignore(() -> CL.clReleaseEvent(event));
    }
  }
}
