package org.fluxion.tests.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The rate at which memory is copied, by two threads and by one: the bar of every loop that is
 * bound by memory. The bytes copied count once, though each is read and written.
 */
@State(Scope.Benchmark)
public class CopyBenchmark {
  private static final long BYTES = 64L << 20;

  /** What is reported. */
  static final List<Figure> FIGURES =
      List.of(
          Figure.rate(
              "copy",
              "copy 64 MB on two threads",
              "GB/s",
              "one thread",
              parameters -> BYTES / 1e9,
              parameters -> BYTES / 1e9));

  private Arena arena;
  private Worker worker;
  private MemorySegment from;
  private MemorySegment to;

  /** JMH makes the instance. */
  public CopyBenchmark() {}

  /** Allocates both ends and touches every page. */
  @Setup
  public void allocate() {
    arena = Arena.ofShared();
    worker = new Worker();
    from = arena.allocate(BYTES, 64).fill((byte) 1);
    to = arena.allocate(BYTES, 64).fill((byte) 2);
  }

  /** Frees the memory and ends the second thread. */
  @TearDown
  public void free() {
    worker.close();
    arena.close();
  }

  /**
   * Copies the whole on two threads, each a half, and on one.
   *
   * @param pair the clock
   */
  @Benchmark
  public void copy(Pair pair) {
    pair.run(
        () -> worker.runBoth(() -> copy(0, BYTES / 2), () -> copy(BYTES / 2, BYTES / 2)),
        () -> copy(0, BYTES));
  }

  private void copy(long offset, long bytes) {
    MemorySegment.copy(from, offset, to, offset, bytes);
  }
}
