package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jocl.Pointer;

/** The host's memory as JOCL takes it: native, or an array and an offset. */
final class HostPointer {
  private HostPointer() {}

  static Pointer of(MemorySegment segment) {
    if (segment.isNative()) {
      // JOCL ignores a buffer's position; a segment's own buffer begins at 0.
      ByteBuffer buffer = segment.asByteBuffer();
      return Pointer.to(buffer);
    }
    Object array = segment.heapBase().orElseThrow();
    if (array instanceof long[] longs) {
      long offset = segment.address() - MemorySegment.ofArray(longs).address();
      return Pointer.to(longs).withByteOffset(offset);
    }
    throw new OpenClException("memory in a " + array.getClass().getSimpleName());
  }
}
