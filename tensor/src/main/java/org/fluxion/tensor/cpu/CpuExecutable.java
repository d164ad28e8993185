package org.fluxion.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.HostMemory;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Move;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.LaunchListener;

/**
 * A plan on the host's processor: off-heap memory, and every kernel split over the threads. One
 * that is dropped without being closed gives both back once it is collected; whatever touches the
 * memory keeps the executable reachable until it is done.
 */
public final class CpuExecutable implements Executable {
  private static final long POISON = 0x7ff7_a5a5_7ff7_a5a5L;
  private static final Cleaner CLEANER = Cleaner.create();

  /** Nobody listens. */
  private static final LaunchListener UNHEARD = (run, kernel, part, start, nanos) -> {};

  /**
   * What has to be given back, by closing or when nobody can reach the executable any more: so it
   * must not refer to it.
   */
  private static final class Resources implements Runnable {
    private final Arena memory = Arena.ofShared();
    private long reserved;
    private Workers workers;

    @Override
    public void run() {
      if (workers != null) {
        workers.close();
      }
      memory.close();
      HostMemory.freed(reserved);
    }
  }

  private final Plan plan;
  private final LaunchListener listener;
  private final Resources resources = new Resources();
  private final Cleaner.Cleanable cleanable;
  private final CpuKernel[] kernels;
  private final long[] nanos;
  private final long[] addresses;
  private final long shared;
  private final CpuKernel.Frame[] frames;
  private final Workers workers;
  private final Workers.Work work = this::task;
  private final long bytes;
  private final long arena;
  private boolean closed;
  private long runs;
  private CpuKernel current;
  private int phase;

  /**
   * Prepares a plan: lowers its kernels and allocates everything that runs will use.
   *
   * @param plan the plan
   * @param threads how many threads run it
   */
  public CpuExecutable(Plan plan, int threads) {
    this(plan, threads, UNHEARD);
  }

  /** The same with a choice of how loops run. */
  CpuExecutable(Plan plan, int threads, LoopClasses.Mode mode) {
    this(plan, threads, mode, UNHEARD);
  }

  /** The same with somebody who is told when kernels have run. */
  CpuExecutable(Plan plan, int threads, LaunchListener listener) {
    this(plan, threads, LoopClasses.Mode.AUTOMATIC, listener);
  }

  private CpuExecutable(Plan plan, int threads, LoopClasses.Mode mode, LaunchListener listener) {
    this.plan = plan;
    this.listener = listener;
    cleanable = CLEANER.register(this, resources);
    try {
      Set<Buffer> inPlace = new HashSet<>(plan.donated().keySet());
      long sharedBytes = 0;
      long scratchBytes = 0;
      int values = 1;
      int loops = 1;
      int arguments = 0;
      kernels = new CpuKernel[plan.kernels().size()];
      nanos = new long[kernels.length];
      for (int i = 0; i < kernels.length; i++) {
        kernels[i] = lower(plan.kernels().get(i), inPlace, mode);
        sharedBytes = Math.max(sharedBytes, kernels[i].sharedBytes());
        scratchBytes = Math.max(scratchBytes, kernels[i].scratchBytes());
        if (kernels[i] instanceof LoopRunner runner) {
          values = Math.max(values, runner.valueCount());
          loops = Math.max(loops, runner.loopCount());
          arguments = Math.max(arguments, runner.argumentCount());
        }
      }
      bytes = Explanation.plannedBytes(plan) + sharedBytes + threads * scratchBytes;
      HostMemory.reserve(bytes, () -> Explanation.largest(plan));
      resources.reserved = bytes;
      Map<Buffer, Long> places = new HashMap<>();
      for (Buffer buffer : plan.inputs()) {
        allocate(buffer, places);
      }
      plan.donated().forEach((output, input) -> places.put(output, places.get(input)));
      for (Buffer buffer : plan.outputs()) {
        allocate(buffer, places);
      }
      for (Map.Entry<Buffer, HostData> constant : plan.constants().entrySet()) {
        allocate(constant.getKey(), places);
        MemorySegment.copy(
            constant.getValue().segment(),
            0,
            Memory.ALL,
            places.get(constant.getKey()),
            constant.getKey().bytes());
      }
      arena = allocate(plan.arena().bytes());
      plan.arena().offsets().forEach((buffer, offset) -> places.put(buffer, arena + offset));
      int most = places.keySet().stream().mapToInt(Buffer::id).max().orElse(0);
      addresses = new long[most + 1];
      places.forEach((buffer, address) -> addresses[buffer.id()] = address);
      shared = allocate(sharedBytes);
      frames = new CpuKernel.Frame[threads];
      for (int i = 0; i < threads; i++) {
        long scratch = allocate(scratchBytes);
        frames[i] = new CpuKernel.Frame(scratch, values, loops, arguments);
      }
      workers = new Workers(threads);
      resources.workers = workers;
    } catch (Throwable thrown) {
      cleanable.clean();
      throw thrown;
    }
  }

  private CpuKernel lower(Kernel kernel, Set<Buffer> inPlace, LoopClasses.Mode mode) {
    return switch (kernel) {
      case Kernel.LoopKernel loops -> new LoopRunner(loops, inPlace, mode, resources.memory);
      case Kernel.MatmulKernel matmul -> new MatmulRunner(matmul);
      case Kernel.OperationKernel operation -> new OperationRunner(operation);
      case Kernel.AttentionKernel attention ->
          throw new IllegalStateException(
              "the plan is for a backend with kernels for attention: " + attention.name());
    };
  }

  private void allocate(Buffer buffer, Map<Buffer, Long> places) {
    if (!places.containsKey(buffer)) {
      places.put(buffer, allocate(buffer.bytes()));
    }
  }

  private long allocate(long size) {
    try {
      return resources.memory.allocate(Math.max(64, size), 64).address();
    } catch (OutOfMemoryError refused) {
      // The system has less than the limit allows.
      cleanable.clean();
      throw HostMemory.exhausted(bytes, 0, Explanation.largest(plan));
    }
  }

  @Override
  public Plan plan() {
    return plan;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void write(int input, HostData data) {
    check();
    Buffer buffer = plan.inputs().get(input);
    MemorySegment.copy(data.segment(), 0, Memory.ALL, addresses[buffer.id()], buffer.bytes());
    Reference.reachabilityFence(this);
  }

  @Override
  public void run() {
    check();
    for (int k = 0; k < kernels.length; k++) {
      long start = System.nanoTime();
      current = kernels[k];
      current.begin();
      for (phase = 0; phase < current.phases(); phase++) {
        workers.run(current.tasks(phase), work);
      }
      long taken = System.nanoTime() - start;
      nanos[k] += taken;
      listener.launched(runs, k, "", start, taken);
    }
    runs++;
    Reference.reachabilityFence(this);
  }

  /** How many kernels are loops, and how many of them run as generated classes by now. */
  int[] loops() {
    int[] counts = new int[2];
    for (CpuKernel kernel : kernels) {
      if (kernel instanceof LoopRunner runner) {
        counts[0]++;
        counts[1] += runner.isGenerated() ? 1 : 0;
      }
    }
    return counts;
  }

  private void task(int task, int thread) {
    current.run(phase, task, addresses, shared, frames[thread]);
  }

  @Override
  public void read(int output, HostData data) {
    read(plan.outputs().get(output), data);
  }

  @Override
  public void readInput(int input, HostData data) {
    read(plan.inputs().get(input), data);
  }

  private void read(Buffer buffer, HostData data) {
    check();
    MemorySegment.copy(Memory.ALL, addresses[buffer.id()], data.segment(), 0, buffer.bytes());
    Reference.reachabilityFence(this);
  }

  @Override
  public void carry() {
    check();
    for (Move move : plan.moves()) {
      Memory.copy(addresses[move.to().id()], addresses[move.from().id()], move.to().bytes());
    }
    Reference.reachabilityFence(this);
  }

  /**
   * Fills the memory of temporary values with a pattern, so that a test sees what reads a value
   * before it is written: every float of the pattern is NaN.
   */
  public void poison() {
    check();
    for (long i = 0; i < plan.arena().bytes(); i += Long.BYTES) {
      Memory.putLong(arena + i, POISON);
    }
    Reference.reachabilityFence(this);
  }

  /**
   * How much of the memory of temporary values has been written since it was poisoned.
   *
   * @return the bytes up to the last one that was, in steps of eight
   */
  public long touched() {
    check();
    long end = plan.arena().bytes();
    while (end > 0 && Memory.getLong(arena + end - Long.BYTES) == POISON) {
      end -= Long.BYTES;
    }
    Reference.reachabilityFence(this);
    return end;
  }

  @Override
  public Optional<long[]> nanos() {
    return Optional.of(nanos.clone());
  }

  @Override
  public long runs() {
    return runs;
  }

  private void check() {
    if (closed) {
      throw new IllegalStateException("the run is closed; start another from its program");
    }
  }

  @Override
  public void close() {
    closed = true;
    cleanable.clean();
  }
}
