package org.fluxion.tensor.cpu;

/**
 * A kernel ready to run: phases one after the other, each of tasks that may run at the same time,
 * on any thread, in any order. Phases and tasks are a function of shapes alone, so that no bit of a
 * result depends on how many threads there are.
 */
interface CpuKernel {
  /** How many phases, at least one. */
  int phases();

  /** How many tasks a phase has. */
  int tasks(int phase);

  /** Bytes of memory that all tasks share from phase to phase. */
  long sharedBytes();

  /** Bytes of memory that each running task needs for itself. */
  long scratchBytes();

  /** Called before each run of the kernel, by one thread. */
  default void begin() {}

  /**
   * Runs a task.
   *
   * @param phase its phase
   * @param task its number
   * @param addresses where each buffer lies, by the buffer's number
   * @param shared the address of the shared memory
   * @param frame the running thread's own state
   */
  void run(int phase, int task, long[] addresses, long shared, Frame frame);

  /** What a thread needs while it runs tasks; made once for each thread of a program. */
  final class Frame {
    /** The address of scratch memory that fits every kernel of the program. */
    final long scratch;

    /** Addresses of the values of the loop body that is running. */
    final long[] values;

    /** Accumulators of a matrix product. */
    final GemmTiles.Tile tile = new GemmTiles.Tile(true, true);

    /** Loop indices. */
    final long[] indices;

    /** Arguments of a generated loop. */
    final long[] arguments;

    Frame(long scratch, int values, int loops, int arguments) {
      this.scratch = scratch;
      this.arguments = new long[arguments];
      this.values = new long[values];
      this.indices = new long[loops];
    }
  }
}
