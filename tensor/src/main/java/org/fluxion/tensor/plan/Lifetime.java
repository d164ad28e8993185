package org.fluxion.tensor.plan;

import java.util.Map;

/**
 * When the memory of a temporary buffer is in use.
 *
 * @param buffer the buffer
 * @param first the number of the first kernel that uses it; the number of kernels stands for what
 *     happens between two runs
 * @param last the number of the last one
 * @param parts the buffers that are parts of it, and the byte of it at which each begins
 */
public record Lifetime(Buffer buffer, int first, int last, Map<Buffer, Long> parts) {
  /** Copies the map. */
  public Lifetime {
    parts = Map.copyOf(parts);
  }

  /** Whether both are in use at some time. */
  boolean meets(Lifetime other) {
    return other.first <= last && first <= other.last;
  }

  /** The bytes that it takes, so that the next one begins at a multiple of the alignment. */
  long size() {
    long bytes = Math.max(1, buffer.bytes());
    return Math.ceilDiv(bytes, Arena.ALIGNMENT) * Arena.ALIGNMENT;
  }
}
