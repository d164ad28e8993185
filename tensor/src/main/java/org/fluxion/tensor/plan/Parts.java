package org.fluxion.tensor.plan;

import java.util.HashMap;
import java.util.Map;

/** Temporary buffers that are a part of a larger one's memory. */
final class Parts {
  /**
   * Where a part lies.
   *
   * @param whole the larger buffer
   * @param offset the part's first element there
   */
  record Part(Buffer whole, long offset) {}

  private final Map<Buffer, Part> parts = new HashMap<>();

  void put(Buffer buffer, Part part) {
    Part outer = parts.get(part.whole);
    parts.put(buffer, outer == null ? part : new Part(outer.whole, outer.offset + part.offset));
  }

  /** The buffer whose memory a buffer lies in: itself, unless it is a part. */
  Buffer whole(Buffer buffer) {
    Part part = parts.get(buffer);
    return part == null ? buffer : part.whole;
  }

  boolean isPart(Buffer buffer) {
    return parts.containsKey(buffer);
  }

  Map<Buffer, Part> asMap() {
    return parts;
  }
}
