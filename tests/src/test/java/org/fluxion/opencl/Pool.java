package org.fluxion.opencl;

import java.util.stream.Stream;

/** What the programs of this process hold of the OpenCL devices: the backend tells nobody else. */
public final class Pool {
  private Pool() {}

  private static Stream<DeviceMemory> memories() {
    return Probe.devices().stream()
        .filter(device -> device.obstacle().isEmpty())
        .map(device -> device.context().memory());
  }

  /**
   * The memory objects that are not released.
   *
   * @return their number, 0 without a device
   */
  public static int buffers() {
    return memories().mapToInt(DeviceMemory::buffers).sum();
  }

  /**
   * The bytes that are reserved.
   *
   * @return their number, 0 without a device
   */
  public static long bytes() {
    return memories().mapToLong(DeviceMemory::held).sum();
  }
}
