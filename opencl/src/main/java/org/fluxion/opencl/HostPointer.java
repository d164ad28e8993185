package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jocl.Pointer;

/** The host's memory as JOCL takes it: native, or an array and an offset. */
final class HostPointer {
  /**
   * A part of the host's memory.
   *
   * @param pointer where it begins
   * @param offset the byte of the whole at which it begins
   * @param bytes its size
   */
  record Piece(Pointer pointer, long offset, long bytes) {}

  private HostPointer() {}

  /**
   * Memory in parts, since Java's buffers of bytes are of a limited size.
   *
   * @param segment the memory
   * @param largest the most bytes of a part
   */
  static List<Piece> pieces(MemorySegment segment, long largest) {
    List<Piece> pieces = new ArrayList<>();
    for (long offset = 0; offset < segment.byteSize(); offset += largest) {
      long bytes = Math.min(largest, segment.byteSize() - offset);
      pieces.add(new Piece(of(segment.asSlice(offset, bytes)), offset, bytes));
    }
    return pieces;
  }

  /** Memory in one part, which must not be larger than Java's buffers of bytes can be. */
  static Piece whole(MemorySegment segment) {
    return new Piece(of(segment), 0, segment.byteSize());
  }

  private static Pointer of(MemorySegment segment) {
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
