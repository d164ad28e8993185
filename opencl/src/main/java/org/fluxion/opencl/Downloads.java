package org.fluxion.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.plan.Buffer;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;

/**
 * Reads from a device which the host does not wait for until it looks at what was read. The device
 * writes to memory of the reader's own, for each output some pieces in turn; a value that nobody
 * has looked at when its piece is wanted again is waited for, and set aside. So the host is never
 * further ahead of the device than there are pieces.
 *
 * <p>Not for more than one thread, but for what was read, at which any may look.
 */
final class Downloads {
  /** How a device is waited for, and who is told if that fails. */
  private record Waiting(
      OpenClDevice device, Consumer<cl_event> await, Consumer<CLException> failed) {}

  /** A value that is on its way, or has come. */
  private static final class Download {
    private final Waiting waiting;
    private final String what;
    private MemorySegment memory;
    private cl_event reading;
    private CLException refused;

    Download(Waiting waiting, String what, MemorySegment memory, cl_event reading) {
      this.waiting = waiting;
      this.what = what;
      this.memory = memory;
      this.reading = reading;
    }

    private void await() {
      if (reading != null) {
        try {
          waiting.await.accept(reading);
        } catch (CLException failure) {
          refused = failure;
          waiting.failed.accept(failure);
        } finally {
          reading = null;
        }
      }
    }

    synchronized void deliver(MemorySegment target) {
      await();
      if (refused != null) {
        throw Failure.of(waiting.device, "reading " + what, refused);
      }
      target.copyFrom(memory);
    }

    /** Gives the memory back. */
    synchronized void setAside() {
      await();
      memory = MemorySegment.ofArray(memory.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** Pieces of memory in turn, and what was read to each. */
  private static final class Ring {
    private final MemorySegment[] memory = new MemorySegment[PIECES];
    private final Download[] downloads = new Download[PIECES];
    private int next;

    Ring(Arena arena, long bytes) {
      for (int i = 0; i < PIECES; i++) {
        memory[i] = arena.allocate(bytes, 64);
      }
    }
  }

  /** As many as runs may be ahead: more would never be in use. */
  private static final int PIECES = RunsAhead.MOST;

  /** More than that is read at once: it is no loss that a training goes on without. */
  static final long MOST_BYTES = 1L << 16;

  private final Waiting waiting;
  private final Arena arena = Arena.ofShared();
  private final Map<ProgramMemory.Place, Ring> rings = new HashMap<>();

  /**
   * Reads of a device.
   *
   * @param device the device
   * @param failed told of what the driver refuses when a value is waited for: a kernel that it has
   *     stopped shows there first
   */
  Downloads(OpenClDevice device, Consumer<CLException> failed) {
    this(device, Transfers::await, failed);
  }

  /** The same, waited for in another way. */
  Downloads(OpenClDevice device, Consumer<cl_event> await, Consumer<CLException> failed) {
    this.waiting = new Waiting(device, await, failed);
  }

  /**
   * Enqueues a read.
   *
   * @param queue the queue, which runs in order
   * @param place where from
   * @param buffer what, at least one byte and at most {@link #MOST_BYTES}
   * @return the value, which waits for the device when it is looked at
   */
  HostData read(cl_command_queue queue, ProgramMemory.Place place, Buffer buffer) {
    Ring ring = rings.computeIfAbsent(place, p -> new Ring(arena, buffer.bytes()));
    int turn = ring.next;
    ring.next = (turn + 1) % PIECES;
    if (ring.downloads[turn] != null) {
      ring.downloads[turn].setAside();
      ring.downloads[turn] = null;
    }
    MemorySegment memory = ring.memory[turn];
    cl_event event = new cl_event();
    Transfers.read(queue, place, HostPointer.whole(memory), event);
    Download download = new Download(waiting, buffer.describe(), memory, event);
    ring.downloads[turn] = download;
    return HostData.arriving(buffer.dtype(), buffer.elements(), download::deliver);
  }

  /** Sets everything aside and frees the memory, the first time. The queue must be empty. */
  void close() {
    for (Ring ring : rings.values()) {
      for (Download download : ring.downloads) {
        if (download != null) {
          Failure.ignore(download::setAside);
        }
      }
    }
    rings.clear();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
