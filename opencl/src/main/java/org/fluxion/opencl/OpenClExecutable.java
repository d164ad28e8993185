package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Move;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.LaunchListener;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/**
 * A plan on an OpenCL device. Everything is made when it is prepared: memory, kernels and their
 * arguments; a run only enqueues them. The queue runs in order, and the host waits when it reads.
 */
final class OpenClExecutable implements Executable {
  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * What is to be released, whatever of it was made, and whether or not the driver still works. It
   * does not refer to the executable, so that a cleaner may hold it.
   */
  private static final class Held implements Runnable {
    private final List<cl_kernel> kernels = new ArrayList<>();
    private final ProgramMemory memory;
    private final Uploads uploads = new Uploads();
    private final Downloads downloads;
    private final LaunchTimes.Pending untold = new LaunchTimes.Pending();
    private final RunsAhead ahead = new RunsAhead();
    private final LaunchGate gate;
    private cl_command_queue queue;

    Held(ProgramMemory memory, Context context) {
      this.memory = memory;
      this.downloads = new Downloads(context.device(), context::failed);
      this.gate = context.programs().gate();
    }

    @Override
    public synchronized void run() {
      if (queue != null) {
        Failure.ignore(() -> CL.clFinish(queue));
        // Not before it is empty, nor after it is gone.
        gate.leave(queue);
        untold.release();
        ahead.close();
        Failure.ignore(() -> CL.clReleaseCommandQueue(queue));
        queue = null;
      }
      uploads.close();
      downloads.close();
      releaseKernels();
      memory.release();
    }

    void releaseKernels() {
      kernels.forEach(kernel -> Failure.ignore(() -> CL.clReleaseKernel(kernel)));
      kernels.clear();
    }
  }

  private final Plan plan;
  private final Context context;
  private final ProgramMemory memory;
  private final Held held;
  private final Cleaner.Cleanable cleanable;
  private final List<ReadyLaunch> launches = new ArrayList<>();

  /** The sources of programs that are not kept yet. */
  private final Set<String> unkept = new LinkedHashSet<>();

  /** Where inputs have been written. */
  private final Set<ProgramMemory.Place> written = new HashSet<>();

  private final Lowering lowering;
  private Optional<LaunchTimes> times = Optional.empty();
  private boolean closed;
  private boolean failed;
  private long runs;

  /** Prepares a plan whose kernels nobody times. */
  OpenClExecutable(Plan plan, Context context, Family family) {
    this(plan, context, family, Optional.empty());
  }

  /** Prepares a plan, with products cut as the device has them. */
  OpenClExecutable(Plan plan, Context context, Family family, Optional<LaunchListener> listener) {
    this(
        plan,
        context,
        family,
        context.matmulTiles(family.within(context.memory().limits().group())),
        listener);
  }

  /**
   * Prepares a plan.
   *
   * @param plan the plan
   * @param context the device
   * @param family how kernels are cut for it
   * @param tiles how products are cut
   * @param listener who is told when kernels ran, if anybody
   * @throws TensorException if the device lacks memory or a dtype that the plan needs
   */
  OpenClExecutable(
      Plan plan,
      Context context,
      Family family,
      MatmulTiles tiles,
      Optional<LaunchListener> listener) {
    this.plan = plan;
    this.context = context;
    this.lowering = new Lowering(plan, context, family, tiles);
    requireDoubles();
    this.memory = new ProgramMemory(context.memory());
    this.held = new Held(memory, context);
    boolean ready = false;
    try {
      held.queue = context.queue(listener.isPresent());
      held.gate.join(held.queue);
      times = listener.map(told -> new LaunchTimes(held.queue, told, held.untold));
      prepare();
      ready = true;
    } catch (CLException refused) {
      context.failed(refused);
      throw Failure.of(context.device(), "preparing a program", refused);
    } finally {
      if (!ready) {
        held.run();
      }
    }
    this.cleanable = CLEANER.register(this, held);
  }

  private void requireDoubles() {
    if (context.device().has("cl_khr_fp64")) {
      return;
    }
    for (Kernel kernel : plan.kernels()) {
      List<Buffer> buffers = new ArrayList<>(kernel.reads());
      buffers.addAll(kernel.writes());
      boolean doubles = buffers.stream().anyMatch(b -> b.dtype() == DType.FLOAT64);
      if (kernel instanceof Kernel.LoopKernel loops) {
        doubles |= loops.body().stream().anyMatch(i -> i.dtype() == DType.FLOAT64);
      }
      if (doubles) {
        throw new TensorException(
            "opencl:%d: %s computes in float64, which %s lacks; cast to float32, or use cpu"
                .formatted(context.device().number(), kernel.name(), context.device().model()));
      }
    }
  }

  private void prepare() {
    List<Lowering.Part> parts = build();
    while (lowering.shrink(parts, held.kernels)) {
      held.releaseKernels();
      memory.release();
      parts = build();
    }
    plan.constants().forEach((buffer, data) -> write(memory.place(buffer), data.segment()));
    for (int i = 0; i < parts.size(); i++) {
      launches.add(ready(parts.get(i), held.kernels.get(i), memory.numbers(i)));
    }
  }

  /** Takes memory first, which is soon known to be there or not, then the compiler's time. */
  private List<Lowering.Part> build() {
    List<Lowering.Part> parts = lowering.parts();
    memory.allocate(plan, parts.stream().map(Lowering.Part::launch).toList());
    unkept.clear();
    parts.forEach(part -> unkept.add(part.launch().source()));
    context.programs().prepare(unkept);
    parts.forEach(part -> held.kernels.add(kernel(part.launch(), part.number())));
    return parts;
  }

  private ReadyLaunch ready(Lowering.Part part, cl_kernel kernel, cl_mem numbers) {
    Launch launch = part.launch();
    int argument = 0;
    long[] sizes = new long[launch.buffers().size() + launch.numbers().size()];
    for (Buffer buffer : launch.buffers()) {
      ProgramMemory.Place place = memory.place(buffer);
      sizes[argument] = place.firstByte() / buffer.dtype().bytes();
      CL.clSetKernelArg(kernel, argument++, Sizeof.cl_mem, Pointer.to(place.memory()));
    }
    if (launch.scratchBytes() > 0) {
      CL.clSetKernelArg(kernel, argument++, Sizeof.cl_mem, Pointer.to(memory.scratch()));
    }
    for (int i = 0; i < launch.numbers().size(); i++) {
      sizes[launch.buffers().size() + i] = launch.numbers().get(i);
    }
    CL.clEnqueueWriteBuffer(
        held.queue, numbers, true, 0, 8L * sizes.length, Pointer.to(sizes), 0, null, null);
    CL.clSetKernelArg(kernel, argument, Sizeof.cl_mem, Pointer.to(numbers));
    Watchdog watchdog = context.memory().limits().watchdog();
    List<Long> pieces = watchdog.pieces(plan.kernels().get(part.number()), launch.groups());
    ReadyLaunch ready =
        new ReadyLaunch(kernel, part.number(), part.name(), launch.lanes(), argument + 1, pieces);
    ready.begin(0);
    return ready;
  }

  private cl_kernel kernel(Launch launch, int number) {
    try {
      return context.programs().kernel(launch.source(), launch.name());
    } catch (OpenClException refused) {
      if (refused.getCause() instanceof CLException driver) {
        context.failed(driver);
      }
      throw Failure.of(context.device(), lowering.described(number), refused);
    }
  }

  private void write(ProgramMemory.Place place, MemorySegment source) {
    for (HostPointer.Piece piece : pieces(source)) {
      Transfers.write(held.queue, place, piece, null);
    }
  }

  /** Whether the host can go on while so much is transferred, of which there may be so much. */
  private boolean canGoOn(long bytes, long most) {
    return bytes > 0
        && bytes <= Math.min(most, context.memory().limits().transfer())
        && !context.device().runsWhereItIsWaitedFor();
  }

  private List<HostPointer.Piece> pieces(MemorySegment segment) {
    return HostPointer.pieces(segment, context.memory().limits().transfer());
  }

  private void read(Buffer buffer, HostData data) {
    check();
    ProgramMemory.Place place = memory.place(buffer);
    List<HostPointer.Piece> pieces = pieces(data.segment());
    try {
      for (HostPointer.Piece piece : pieces) {
        Transfers.read(held.queue, place, piece, null);
      }
      times.ifPresent(LaunchTimes::tell);
    } catch (CLException refused) {
      throw failed("reading " + buffer.describe(), refused);
    }
    // Of an output without elements nothing is read, and nobody has waited for the kernels. PoCL
    // ends the process when it is asked for a program of which one is running.
    if (!pieces.isEmpty()) {
      keep();
    }
    Reference.reachabilityFence(this);
  }

  /**
   * Small results are not waited for, but at first: when a program has run, and the host waited,
   * its programs are kept, and somebody who takes the times has them told.
   */
  @Override
  public HostData result(int output) {
    Buffer buffer = plan.outputs().get(output);
    boolean waits = times.isPresent() || !unkept.isEmpty();
    if (waits || !canGoOn(buffer.bytes(), Downloads.MOST_BYTES)) {
      return Executable.super.result(output);
    }
    check();
    try {
      HostData data = held.downloads.read(held.queue, memory.place(buffer), buffer);
      CL.clFlush(held.queue);
      return data;
    } catch (CLException refused) {
      throw failed("reading " + buffer.describe(), refused);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Keeps the programs when all of them have run for the first time, and the host has waited. */
  private void keep() {
    if (runs > 0 && !unkept.isEmpty()) {
      context.programs().keep(unkept);
      unkept.clear();
      held.gate.leave(held.queue);
    }
  }

  /** After a driver has refused something, what is in its memory is nobody's guess. */
  private TensorException failed(String doing, CLException refused) {
    failed = true;
    context.failed(refused);
    return Failure.of(context.device(), doing, refused);
  }

  @Override
  public Plan plan() {
    return plan;
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public void write(int input, HostData data) {
    check();
    Buffer buffer = plan.inputs().get(input);
    ProgramMemory.Place place = memory.place(buffer);
    try {
      // What is written once, such as parameters, needs no copy that the host could go on from.
      boolean again = !written.add(place);
      if (again && canGoOn(data.segment().byteSize(), Uploads.MOST_BYTES)) {
        held.uploads.write(held.queue, place, data.segment());
      } else {
        write(place, data.segment());
      }
    } catch (CLException refused) {
      throw failed("writing " + buffer.describe(), refused);
    }
    Reference.reachabilityFence(this);
  }

  @Override
  public void run() {
    check();
    try {
      held.ahead.await();
    } catch (CLException refused) {
      throw failed("running an earlier step", refused);
    }
    int number = 0;
    Optional<LaunchGate> gate = unkept.isEmpty() ? Optional.empty() : Optional.of(held.gate);
    try {
      for (ReadyLaunch launch : launches) {
        number = launch.number();
        // Some drivers compile a kernel when it runs for the first time, on a thread of their own:
        // whoever launched all of them at once could not stop it before the last is compiled.
        if (runs == 0) {
          requireWanted();
        }
        launch.enqueue(held.queue, runs, times, gate);
        if (runs == 0) {
          CL.clFinish(held.queue);
        }
      }
      held.ahead.enqueued(held.queue);
      CL.clFlush(held.queue);
    } catch (CLException refused) {
      throw failed("running " + lowering.described(number), refused);
    }
    runs++;
    Reference.reachabilityFence(this);
  }

  /** Of a step that is given up some kernels have run, and others have not. */
  private void requireWanted() {
    try {
      Programs.requireWanted();
    } catch (CancellationException interrupted) {
      failed = true;
      throw interrupted;
    }
  }

  @Override
  public void read(int output, HostData data) {
    read(plan.outputs().get(output), data);
  }

  @Override
  public void readInput(int input, HostData data) {
    read(plan.inputs().get(input), data);
  }

  @Override
  public void carry() {
    check();
    for (Move move : plan.moves()) {
      try {
        copy(memory.place(move.from()), memory.place(move.to()), move.to().bytes());
      } catch (CLException refused) {
        throw failed("carrying over " + move.to().describe(), refused);
      }
    }
    Reference.reachabilityFence(this);
  }

  private void copy(ProgramMemory.Place from, ProgramMemory.Place to, long size) {
    CL.clEnqueueCopyBuffer(
        held.queue,
        from.memory(),
        to.memory(),
        from.firstByte(),
        to.firstByte(),
        size,
        0,
        null,
        null);
  }

  /** Not measured: the host does not wait for kernels. */
  @Override
  public Optional<long[]> nanos() {
    return Optional.empty();
  }

  @Override
  public String variant(int kernel) {
    return lowering.variant(kernel);
  }

  @Override
  public List<String> notes() {
    List<String> notes = new ArrayList<>(context.tuned().notes());
    notes.addAll(context.notes());
    notes.addAll(context.programs().notes());
    context
        .programs()
        .obstacle()
        .map("OpenCL programs are compiled at every start: %s"::formatted)
        .ifPresent(notes::add);
    notes.addAll(lowering.notes());
    return notes;
  }

  @Override
  public long runs() {
    return runs;
  }

  /** The work-items of the largest of its work-groups. */
  int largestGroup() {
    return launches.stream().mapToInt(ReadyLaunch::lanes).max().orElse(1);
  }

  private void check() {
    if (closed) {
      throw new IllegalStateException("the run is closed; start another from its program");
    }
    if (failed) {
      throw new IllegalStateException("the run has failed; start another from its program");
    }
  }

  @Override
  public void close() {
    try {
      if (!closed) {
        closed = true;
        times.ifPresent(LaunchTimes::close);
      }
    } finally {
      // Whatever the one who is told of the times throws.
      cleanable.clean();
    }
  }
}
