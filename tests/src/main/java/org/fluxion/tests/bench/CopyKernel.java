package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The fastest of some hand-written kernels that copy floats, the bar of every kernel that is bound
 * by memory: by one, four, eight and sixteen floats a work-item at a time, with groups of one
 * work-item that walks over a piece, and of many that stand side by side.
 */
final class CopyKernel {
  private static final int TRIALS = 12;

  /** Floats that a work-item walks over where it is alone in its group. */
  private static final int PIECE = 16_384;

  /** A kernel and how it is started. */
  private record Candidate(MemorySegment kernel, MemorySegment sizes) {}

  private final NativeOpenCl device;
  private final Candidate best;

  /**
   * Tries every kernel.
   *
   * @param device where to copy
   * @param floats how many floats; a multiple of {@link #PIECE}
   */
  CopyKernel(NativeOpenCl device, long floats) {
    this.device = device;
    MemorySegment contents = Arena.global().allocate(4 * floats, 64).fill((byte) 1);
    MemorySegment from = device.buffer(contents);
    MemorySegment to = device.buffer(contents);
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
      candidates.add(candidate(walking, floats / PIECE, 1, from, to));
      for (int lanes : new int[] {16, 64, 256}) {
        String standing =
            """
            kernel __attribute__((reqd_work_group_size(%2$d, 1, 1)))
            void copy(const global %1$s *from, global %1$s *to) {
              to[get_global_id(0)] = from[get_global_id(0)];
            }
            """
                .formatted(type, lanes);
        candidates.add(candidate(standing, floats / width, lanes, from, to));
      }
    }
    this.best = fastest(candidates);
  }

  private Candidate candidate(
      String source, long items, long lanes, MemorySegment from, MemorySegment to) {
    return new Candidate(
        device.kernel(source, "copy", from, to),
        Arena.global().allocateFrom(JAVA_LONG, items, lanes));
  }

  private Candidate fastest(List<Candidate> candidates) {
    Candidate found = null;
    long least = Long.MAX_VALUE;
    for (Candidate candidate : candidates) {
      for (int trial = 0; trial < TRIALS; trial++) {
        long start = System.nanoTime();
        run(candidate);
        long nanos = System.nanoTime() - start;
        if (nanos < least) {
          least = nanos;
          found = candidate;
        }
      }
    }
    return found;
  }

  private void run(Candidate candidate) {
    device.enqueue(candidate.kernel, candidate.sizes);
    device.finish();
  }

  /** Copies all some times, and waits for the last. */
  void run(int times) {
    for (int i = 0; i < times; i++) {
      device.enqueue(best.kernel, best.sizes);
    }
    device.finish();
  }
}
