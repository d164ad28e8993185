package org.fluxion.opencl;

import java.util.function.Supplier;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Plan;
import org.jocl.CL;
import org.jocl.cl_context;
import org.jocl.cl_mem;

/**
 * Counts the memory of a device that this process holds. A driver may promise more than there is,
 * and fail, or have the system end the process, when it is used: so what is asked for is compared
 * with what is left beforehand. OpenCL cannot say what other processes hold. Safe to share.
 */
final class DeviceMemory {
  /** What is held of a device's memory, through whichever context it was taken. */
  static final class Count {
    private long bytes;
    private int buffers;

    Count() {}
  }

  private final OpenClDevice device;
  private final cl_context context;
  private final Limits limits;
  private final Count held;

  DeviceMemory(OpenClDevice device, cl_context context, Limits limits, Count held) {
    this.device = device;
    this.context = context;
    this.limits = limits;
    this.held = held;
  }

  Limits limits() {
    return limits;
  }

  /** Whether {@link OpenClDevice#watchesMemory somebody watches} each piece. */
  boolean isWatched() {
    return device.watchesMemory();
  }

  /** The bytes that are reserved. */
  long held() {
    synchronized (held) {
      return held.bytes;
    }
  }

  /** How many memory objects there are. */
  int buffers() {
    synchronized (held) {
      return held.buffers;
    }
  }

  /**
   * Counts memory that is about to be allocated, if there is so much left.
   *
   * @param bytes how much
   * @param plan what for
   * @throws TensorException if there is less; nothing is counted then
   */
  void reserve(long bytes, Plan plan) {
    if (!counts(bytes, () -> Explanation.largest(plan))) {
      throw exhausted(bytes, plan, "");
    }
  }

  /**
   * Counts memory that no program needs, if there is so much left.
   *
   * @param bytes how much
   * @param what what for
   * @return whether there is; if not, nothing is counted
   */
  boolean reserves(long bytes, String what) {
    try {
      return counts(bytes, () -> what);
    } catch (TensorException exhausted) {
      return false;
    }
  }

  /** Counts memory, if the device has so much left; the host's is an exception's to tell. */
  private boolean counts(long bytes, Supplier<String> what) {
    synchronized (held) {
      if (bytes > limits.memory() - held.bytes) {
        return false;
      }
      if (device.sharesHostMemory()) {
        HostMemory.reserve(bytes, what);
      }
      held.bytes += bytes;
      return true;
    }
  }

  /** Gives back what was reserved. */
  void free(long bytes) {
    synchronized (held) {
      held.bytes -= bytes;
      if (device.sharesHostMemory()) {
        HostMemory.freed(bytes);
      }
    }
  }

  /**
   * What to throw when a program does not fit.
   *
   * @param bytes what it needs
   * @param plan the program
   * @param refusal what else there is to say, such as the driver's reason; or nothing
   */
  TensorException exhausted(long bytes, Plan plan, String refusal) {
    long taken = held();
    return new TensorException(
        ("opencl:%d: the program needs %,d MiB, and %,d MiB are free (%s has %,d MiB, of which"
             + " other runs of this process hold %,d MiB)%s; the largest of its tensors: %s. Make"
             + " the batch or the model smaller, or close other runs")
            .formatted(
                device.number(),
                mebibytes(bytes),
                Math.max(0, limits.memory() - taken) >> 20,
                device.model(),
                limits.memory() >> 20,
                mebibytes(taken),
                refusal,
                Explanation.largest(plan)));
  }

  /**
   * Refuses what the device does not give in one piece.
   *
   * @param bytes its size
   * @param what what it is
   * @throws TensorException if it is too large
   */
  void requireInOnePiece(long bytes, String what) {
    if (bytes > limits.allocation()) {
      throw new TensorException(
          ("opencl:%d: %s takes %,d MiB, more than the %,d MiB that %s gives in one piece. Make the"
                  + " batch or the model smaller, or use another device")
              .formatted(
                  device.number(),
                  what,
                  mebibytes(bytes),
                  limits.allocation() >> 20,
                  device.model()));
    }
  }

  private static long mebibytes(long bytes) {
    return Math.ceilDiv(bytes, 1L << 20);
  }

  /**
   * Memory on the device, of what is reserved.
   *
   * @param bytes its size, at least 1
   * @return the memory, for {@link #release}
   */
  cl_mem allocate(long bytes) {
    synchronized (held) {
      cl_mem memory = CL.clCreateBuffer(context, CL.CL_MEM_READ_WRITE, bytes, null, null);
      held.buffers++;
      return memory;
    }
  }

  /** Gives a piece of memory back; once. */
  void release(cl_mem memory) {
    synchronized (held) {
      held.buffers--;
      if (!isWatched()) {
        CL.clReleaseMemObject(memory);
      }
    }
  }
}
