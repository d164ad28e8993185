package org.fluxion.opencl;

/**
 * What a device sets the tiles of a product.
 *
 * @param localBytes the local memory of a work-group
 * @param largestGroup the most work-items in a group
 * @param width floats in a vector register; 1 where there are none
 */
record MatmulLimits(long localBytes, int largestGroup, int width) {
  /** The least that OpenCL 1.2 promises. */
  static final MatmulLimits LEAST = new MatmulLimits(32 << 10, 256, 8);

  /** The same with no more than so many work-items in a group. */
  MatmulLimits within(int group) {
    return new MatmulLimits(localBytes, Math.min(largestGroup, group), width);
  }
}
