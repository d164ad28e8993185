package org.fluxion.opencl;

/**
 * How kernels are cut for a kind of device.
 *
 * @param lanes work-items of a work-group, a power of two: 1 on processors, where a work-item walks
 *     over many elements by vectors; 64 or so on cards, whose neighbouring work-items read
 *     neighbouring elements
 * @param width elements of a vector; 1 on cards
 * @param groups work-groups that keep the device busy
 * @param register floats of a vector register: 8 of AVX2's 16, 16 of AVX-512's 32
 * @param fuses whether a fused multiply-add is an instruction; elsewhere it is a function of some
 *     hundred
 */
record Family(int lanes, int width, int groups, int register, boolean fuses) {
  /** With registers as most processors have them. */
  Family(int lanes, int width, int groups) {
    this(lanes, width, groups, Math.min(width, 8), true);
  }

  /** Fewer work-items side by side are no card's way to work. */
  static final int FEWEST_LANES = 16;

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
    return processor(computeUnits, 8);
  }

  /** For such a device whose vector registers hold so many floats. */
  static Family processor(int computeUnits, int register) {
    return new Family(1, 16, 8 * computeUnits, Math.clamp(register, 4, 16), true);
  }

  /**
   * The same where a work-group has no more than so many work-items: fewer lanes, or, where those
   * would be too few for tiles and rows to be shared by, a processor's one.
   */
  Family within(int largestGroup) {
    if (lanes <= largestGroup) {
      return this;
    }
    int fewer = Integer.highestOneBit(largestGroup);
    return fewer < FEWEST_LANES
        ? new Family(1, 16, groups, 8, fuses)
        : new Family(fewer, 1, groups, register, fuses);
  }

  /** The same where a fused multiply-add is an instruction, or where it is none. */
  Family withFusing(boolean isInstruction) {
    return new Family(lanes, width, groups, register, isInstruction);
  }

  /** For a device with many small ones. */
  static Family card(int computeUnits) {
    return new Family(64, 1, 16 * computeUnits);
  }
}
