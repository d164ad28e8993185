package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The fastest of some hand-written kernels that copy floats, the bar of every kernel that is bound
 * by memory: by one, four, eight and sixteen floats a work-item at a time, with groups of one
 * work-item that walks over a piece, and of many that stand side by side. It copies in several
 * places, since how fast memory is depends on where buffers happen to lie.
 */
final class CopyKernel {
  private static final int TRIALS = 12;

  /** Floats that a work-item walks over where it is alone in its group. */
  private static final int PIECE = 16_384;

  /** A kernel's text and how it is started. */
  private record Candidate(String source, MemorySegment sizes) {}

  private final NativeOpenCl device;
  private final long floats;
  private final Candidate best;

  /** The fastest kernel, once for each place. */
  private final List<MemorySegment> kernels = new ArrayList<>();

  /**
   * Tries every kernel in a first place.
   *
   * @param device where to copy
   * @param floats how many floats; a multiple of {@link #PIECE}
   */
  CopyKernel(NativeOpenCl device, long floats) {
    this.device = device;
    this.floats = floats;
    MemorySegment from = buffer();
    MemorySegment to = buffer();
    this.best = fastest(candidates(), from, to);
    kernels.add(kernel(best, from, to));
  }

  /** Copies elsewhere as well from now on. */
  void addPlace() {
    kernels.add(kernel(best, buffer(), buffer()));
  }

  private MemorySegment buffer() {
    try (Arena arena = Arena.ofConfined()) {
      return device.buffer(arena.allocate(4 * floats, 64).fill((byte) 1));
    }
  }

  private List<Candidate> candidates() {
    List<Candidate> candidates = new ArrayList<>();
    for (int width : new int[] {1, 4, 8, 16}) {
      String type = width == 1 ? "float" : "float" + width;
      String walking =
          """
          kernel __attribute__((reqd_work_group_size(1, 1, 1)))
          void copy(const global %1$s *from, global %1$s *to) {
            const long first = get_group_id(0) * %2$dL;
            for (long i = first; i < first + %2$d; i++) to[i] = from[i];
          }
          """
              .formatted(type, PIECE / width);
      candidates.add(candidate(walking, floats / PIECE, 1));
      for (int lanes : new int[] {16, 64, 256}) {
        String standing =
            """
            kernel __attribute__((reqd_work_group_size(%2$d, 1, 1)))
            void copy(const global %1$s *from, global %1$s *to) {
              to[get_global_id(0)] = from[get_global_id(0)];
            }
            """
                .formatted(type, lanes);
        candidates.add(candidate(standing, floats / width, lanes));
      }
    }
    return candidates;
  }

  private static Candidate candidate(String source, long items, long lanes) {
    return new Candidate(source, Arena.global().allocateFrom(JAVA_LONG, items, lanes));
  }

  private MemorySegment kernel(Candidate candidate, MemorySegment from, MemorySegment to) {
    return device.kernel(candidate.source, "copy", from, to);
  }

  private Candidate fastest(List<Candidate> candidates, MemorySegment from, MemorySegment to) {
    Candidate found = null;
    long least = Long.MAX_VALUE;
    for (Candidate candidate : candidates) {
      MemorySegment kernel = kernel(candidate, from, to);
      for (int trial = 0; trial < TRIALS; trial++) {
        long start = System.nanoTime();
        device.enqueue(kernel, candidate.sizes);
        device.finish();
        long nanos = System.nanoTime() - start;
        if (nanos < least) {
          least = nanos;
          found = candidate;
        }
      }
    }
    return found;
  }

  /** Copies all in each place, and waits for the last. */
  void run() {
    kernels.forEach(kernel -> device.enqueue(kernel, best.sizes));
    device.finish();
  }
}
