package org.fluxion.tensor.cpu;

/**
 * How wide the vectors are, decided once: the system property {@code fluxion.vectorBits} (64 means
 * scalar code, and 128, 256 or 512 that many bits), or else what the processor prefers. This class
 * does not touch the Vector API, so that it can be asked whether that module is there at all.
 */
final class Width {
  /** Asked-for bits, or 0 for what the processor prefers. */
  static final int BITS = Integer.getInteger("fluxion.vectorBits", 0);

  /** Whether scalar code is what was asked for. */
  static final boolean ASKED_FOR_SCALARS = BITS == 64;

  /** Whether the classes that use the Vector API may be loaded. */
  static final boolean VECTORS =
      !ASKED_FOR_SCALARS && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

  static {
    if (BITS != 0 && BITS != 64 && BITS != 128 && BITS != 256 && BITS != 512) {
      throw new IllegalStateException(
          "fluxion.vectorBits: expected 64, 128, 256 or 512, got "
              + BITS
              + "; leave it out for the processor's own width");
    }
  }

  private Width() {}
}
