package org.fluxion.opencl;

/**
 * How kernels are cut for a kind of device.
 *
 * @param lanes work-items of a work-group, a power of two: 1 on processors, where a work-item walks
 *     over many elements by vectors; 64 or so on cards, whose neighbouring work-items read
 *     neighbouring elements
 * @param width elements of a vector; 1 on cards
 * @param groups work-groups that keep the device busy
 */
record Family(int lanes, int width, int groups) {
  Family {
    if (lanes < 1 || Integer.bitCount(lanes) != 1) {
      throw new OpenClException("expected a power of two of lanes, got " + lanes);
    }
    if (lanes > 1 && width > 1) {
      throw new OpenClException("expected lanes or vectors, got both");
    }
  }

  /** For a device with a few large cores. */
  static Family processor(int computeUnits) {
    return new Family(1, 16, 8 * computeUnits);
  }

  /** For a device with many small ones. */
  static Family card(int computeUnits) {
    return new Family(64, 1, 16 * computeUnits);
  }
}
