package org.fluxion.opencl;

import java.util.OptionalInt;

/**
 * What can be done at once; tests set less, so that small programs meet what otherwise large ones
 * do.
 *
 * @param memory the bytes that a device has in all
 * @param allocation the most bytes that it gives in one piece
 * @param transfer the most bytes that are read or written in one call
 * @param watchdog how long a launch may take
 * @param group the most work-items of a work-group
 * @param kernelGroup the most that a kernel's compiler leaves it, if not what it says of each
 */
record Limits(
    long memory,
    long allocation,
    long transfer,
    Watchdog watchdog,
    int group,
    OptionalInt kernelGroup) {
  /** Java's buffers of bytes end at 2³¹ − 1; this is a multiple of every element's size. */
  private static final long TRANSFER = 1L << 30;

  /** The same without a watchdog. */
  Limits(long memory, long allocation, long transfer) {
    this(memory, allocation, transfer, Watchdog.NONE);
  }

  /** The same with work-groups as large as kernels are written for. */
  Limits(long memory, long allocation, long transfer, Watchdog watchdog) {
    this(memory, allocation, transfer, watchdog, Integer.MAX_VALUE, OptionalInt.empty());
  }

  /** The same with other work-groups. */
  Limits withGroups(int largest, OptionalInt largestOfKernels) {
    return new Limits(memory, allocation, transfer, watchdog, largest, largestOfKernels);
  }

  /** What a device's driver says. */
  static Limits of(OpenClDevice device) {
    return new Limits(
        device.memoryBytes(),
        device.largestAllocation(),
        TRANSFER,
        Watchdog.of(device),
        device.largestGroup(),
        OptionalInt.empty());
  }
}
