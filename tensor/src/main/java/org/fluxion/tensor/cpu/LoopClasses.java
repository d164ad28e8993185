package org.fluxion.tensor.cpu;

import java.lang.foreign.Arena;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The generated loops of this JVM by structure. Until the JIT has compiled one it is slower than
 * the block interpreter by far, so it is run on a little memory of its own in the background until
 * it is fast, and only then handed out. Both give the same bits: when that happens changes nothing.
 */
final class LoopClasses {
  /** More than this many distinct loops are not worth their compile time. */
  private static final int MOST = 1_000;

  /** When loops run as generated classes. No result depends on it. */
  enum Mode {
    /** Never. */
    INTERPRETED,
    /** Large ones, as soon as the JIT has compiled them. */
    AUTOMATIC,
    /** All, at once; for tests. */
    GENERATED
  }

  private static final ConcurrentHashMap<String, Entry> ENTRIES = new ConcurrentHashMap<>();

  /** One thread, which ends when there is nothing to do. */
  private static final ThreadPoolExecutor WARMER =
      new ThreadPoolExecutor(
          1,
          1,
          2,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          task -> {
            Thread thread = new Thread(task, "fluxion-cpu-warm-up");
            thread.setDaemon(true);
            thread.setPriority(Thread.MIN_PRIORITY);
            return thread;
          });

  static {
    WARMER.allowCoreThreadTimeOut(true);
  }

  private LoopClasses() {}

  /** The entry of a body, shared by all kernels of its structure; null if there are too many. */
  static Entry of(VectorPhases plan) {
    String structure = plan.body.structure();
    Entry known = ENTRIES.get(structure);
    if (known == null && ENTRIES.size() < MOST) {
      known = ENTRIES.computeIfAbsent(structure, s -> new Entry(plan));
    }
    return known;
  }

  /** A loop that is to be generated, being made fast, or ready. */
  static final class Entry {
    /** Rows and elements of the memory that the loop is warmed up on. */
    private static final int ROWS = 3;

    private static final int COLUMNS = 160;
    private static final int PLANES = 2;

    /** Nanoseconds of a vector operation that only compiled code stays under. */
    private static final double COMPILED_NANOS = 8;

    private static final long MOST_CALLS = 20_000;
    private static final long MOST_NANOS = 20_000_000_000L;

    private final VectorPhases plan;
    private boolean asked;
    private volatile LoopCode ready;

    Entry(VectorPhases plan) {
      this.plan = plan;
    }

    /** The loop if it is fast by now, else null. */
    LoopCode ready() {
      return ready;
    }

    /** Has the loop generated and warmed up. */
    synchronized void ask() {
      if (!asked) {
        asked = true;
        WARMER.execute(this::warmUp);
      }
    }

    private void warmUp() {
      LoopCode code = LoopClass.define(plan);
      if (code == null) {
        return;
      }
      int operands = plan.body.operands();
      long rowBytes = 4L * COLUMNS;
      long operandBytes = PLANES * ROWS * rowBytes;
      long[] arguments = new long[LoopCode.OPERANDS + LoopCode.OPERAND * operands];
      double vectors = (double) PLANES * ROWS * COLUMNS / Species.FLOAT.length();
      double fast = COMPILED_NANOS * vectors * Math.max(4, plan.operations());
      try (Arena memory = Arena.ofConfined()) {
        long scratch = memory.allocate(LoopClass.scratchBytes(plan, rowBytes) + 64, 64).address();
        long base = memory.allocate(operandBytes * operands + 64, 64).address();
        long start = System.nanoTime();
        long best = Long.MAX_VALUE;
        for (long calls = 0; calls < MOST_CALLS; calls++) {
          arguments[0] = PLANES;
          arguments[1] = ROWS;
          arguments[2] = rowBytes;
          arguments[3] = scratch;
          for (int i = 0; i < operands; i++) {
            int at = LoopCode.OPERANDS + LoopCode.OPERAND * i;
            arguments[at] = base + i * operandBytes;
            arguments[at + 1] = rowBytes * ROWS;
            arguments[at + 2] = rowBytes;
          }
          long before = System.nanoTime();
          code.run(arguments);
          long now = System.nanoTime();
          best = Math.min(best, now - before);
          if (best < fast) {
            ready = code;
            return;
          }
          if (now - start > MOST_NANOS) {
            return;
          }
          if (calls > 4_000 && calls % 50 == 0) {
            // The JIT has been asked; leave the processor to it.
            Thread.sleep(5);
          }
        }
      } catch (InterruptedException interruption) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
