package org.fluxion.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;

/**
 * Writes to a device which the host does not wait for. What is to be written is copied first, so
 * that its owner may change it at once, and the device takes the copy when the launches before it
 * are done. Each destination has two copies in turn: the host prepares the next batch while the
 * device still computes with the last one, and waits only if it is two ahead.
 *
 * <p>Not for more than one thread.
 */
final class Uploads {
  /** The memory of one copy, and the write that may still be reading it. */
  private static final class Copy {
    private final MemorySegment memory;
    private cl_event writing;

    Copy(MemorySegment memory) {
      this.memory = memory;
    }

    void await() {
      if (writing != null) {
        cl_event waited = writing;
        writing = null;
        Transfers.await(waited);
      }
    }
  }

  /** Two copies in turn. */
  private static final class Pair {
    private final Copy[] copies;
    private int next;

    Pair(Arena arena, long bytes) {
      copies =
          new Copy[] {new Copy(arena.allocate(bytes, 64)), new Copy(arena.allocate(bytes, 64))};
    }

    Copy next() {
      next = 1 - next;
      return copies[next];
    }
  }

  /**
   * More than that is written at once, without a copy: it would cost the host as much memory again,
   * and is written once, when a run starts.
   */
  static final long MOST_BYTES = 16L << 20;

  private final Arena arena = Arena.ofShared();
  private final Map<ProgramMemory.Place, Pair> pairs = new HashMap<>();

  Uploads() {}

  /**
   * Enqueues a write.
   *
   * @param queue the queue, which runs in order
   * @param place where to
   * @param source what, at least one byte and at most {@link #MOST_BYTES}
   */
  void write(cl_command_queue queue, ProgramMemory.Place place, MemorySegment source) {
    Copy copy = pairs.computeIfAbsent(place, p -> new Pair(arena, source.byteSize())).next();
    copy.await();
    copy.memory.copyFrom(source);
    cl_event event = new cl_event();
    Transfers.write(queue, place, HostPointer.whole(copy.memory), event);
    copy.writing = event;
  }

  /** Frees the copies, the first time. The queue must be empty, or be past use. */
  void close() {
    for (Pair pair : pairs.values()) {
      for (Copy copy : pair.copies) {
        Failure.ignore(copy::await);
      }
    }
    pairs.clear();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
