package org.fluxion.tensor.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Temporary buffers that are a part of a larger one's memory, which may itself be a part. */
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
    parts.put(buffer, part);
  }

  /** A buffer and all it is a part of, outwards: what is written when a kernel writes it. */
  List<Buffer> containing(Buffer buffer) {
    List<Buffer> result = new ArrayList<>(List.of(buffer));
    for (Part part = parts.get(buffer); part != null; part = parts.get(part.whole)) {
      result.add(part.whole);
    }
    return result;
  }

  /** The buffer whose memory a buffer lies in: itself, unless it is a part. */
  Buffer whole(Buffer buffer) {
    return containing(buffer).getLast();
  }

  /** The first element of a buffer in the memory that it lies in. */
  long offset(Buffer buffer) {
    long offset = 0;
    for (Part part = parts.get(buffer); part != null; part = parts.get(part.whole)) {
      offset += part.offset;
    }
    return offset;
  }

  /** Every buffer that is a part. */
  Iterable<Buffer> all() {
    return parts.keySet();
  }
}
