package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Buffer;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
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

  /** Where a buffer lies: a piece of device memory, and the element of it at which it begins. */
  private record Place(cl_mem memory, long firstByte) {}

  /** A kernel that is ready, of the plan's kernel of a number. */
  private record Ready(cl_kernel kernel, long[] globalSize, long[] localSize, int number) {}

  /** What is to be released; it does not refer to the executable, so that a cleaner may hold it. */
  private static final class Held implements Runnable {
    private final List<cl_mem> memory = new ArrayList<>();
    private final List<cl_kernel> kernels = new ArrayList<>();
    private cl_command_queue queue;

    @Override
    public synchronized void run() {
      if (queue != null) {
        CL.clFinish(queue);
        CL.clReleaseCommandQueue(queue);
        queue = null;
      }
      kernels.forEach(CL::clReleaseKernel);
      kernels.clear();
      memory.forEach(CL::clReleaseMemObject);
      memory.clear();
    }
  }

  private final Plan plan;
  private final Context context;
  private final Held held = new Held();
  private final Cleaner.Cleanable cleanable;
  private final Map<Buffer, Place> places = new HashMap<>();
  private final List<Ready> launches = new ArrayList<>();
  private final long[] nanos;
  private long bytes;
  private boolean closed;
  private long runs;

  /**
   * Prepares a plan, with products cut as they do well on most devices.
   *
   * @param plan the plan
   * @param context the device
   * @param family how kernels are cut for it
   * @throws TensorException if the device lacks memory or a dtype that the plan needs
   */
  OpenClExecutable(Plan plan, Context context, Family family) {
    this(plan, context, family, new MatmulDefaults(family, context.device().matmulLimits()));
  }

  /**
   * Prepares a plan.
   *
   * @param plan the plan
   * @param context the device
   * @param family how kernels are cut for it
   * @param tiles how products are cut
   * @throws TensorException if the device lacks memory or a dtype that the plan needs
   */
  OpenClExecutable(Plan plan, Context context, Family family, MatmulTiles tiles) {
    this.plan = plan;
    this.context = context;
    this.nanos = new long[plan.kernels().size()];
    requireDoubles();
    boolean ready = false;
    try {
      held.queue = context.queue();
      prepare(family, tiles);
      ready = true;
    } catch (CLException refused) {
      throw failed(refused);
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

  private TensorException failed(CLException refused) {
    return switch (refused.getStatus()) {
      case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
          CL.CL_OUT_OF_RESOURCES,
          CL.CL_OUT_OF_HOST_MEMORY,
          CL.CL_INVALID_BUFFER_SIZE ->
          new TensorException(
              ("opencl:%d: the program needs %,d MiB, more than %s gives of its %,d MiB; the"
                      + " largest of its tensors: %s. Make the batch or the model smaller, or close"
                      + " other runs")
                  .formatted(
                      context.device().number(),
                      Math.ceilDiv(Explanation.plannedBytes(plan), 1L << 20),
                      context.device().model(),
                      context.device().memoryBytes() >> 20,
                      Explanation.largest(plan)));
      default ->
          new TensorException(
              "opencl:%d: %s failed: %s"
                  .formatted(
                      context.device().number(), context.device().model(), refused.getMessage()));
    };
  }

  private void prepare(Family family, MatmulTiles tiles) {
    plan.inputs().forEach(this::allocate);
    plan.donated().forEach((output, input) -> places.put(output, places.get(input)));
    plan.outputs().forEach(this::allocate);
    plan.constants()
        .forEach(
            (buffer, data) -> {
              allocate(buffer);
              write(places.get(buffer), data.segment());
            });
    arena();
    List<List<Launch>> all = new ArrayList<>();
    long scratchBytes = 0;
    for (Kernel kernel : plan.kernels()) {
      List<Launch> made =
          switch (kernel) {
            case Kernel.LoopKernel loops -> LoopSource.launches(loops, family);
            case Kernel.MatmulKernel matmul -> MatmulSource.of(matmul, family, tiles.of(matmul));
            case Kernel.AttentionKernel attention -> AttentionSource.of(attention, family);
            case Kernel.OperationKernel operation -> OperationSource.of(operation, family);
          };
      for (Launch launch : made) {
        scratchBytes = Math.max(scratchBytes, launch.scratchBytes());
      }
      all.add(made);
    }
    cl_mem scratch = scratchBytes > 0 ? memory(scratchBytes) : null;
    for (int k = 0; k < all.size(); k++) {
      for (Launch launch : all.get(k)) {
        if (launch.groups() > 0) {
          launches.add(ready(launch, scratch, k));
        }
      }
    }
  }

  /**
   * Temporary values: in one piece of memory as the plan has them, or, where the device does not
   * give so large a one, each in its own.
   */
  private void arena() {
    if (plan.arena().bytes() <= context.device().largestAllocation()) {
      if (plan.arena().bytes() > 0) {
        cl_mem arena = memory(plan.arena().bytes());
        plan.arena().offsets().forEach((b, offset) -> places.put(b, new Place(arena, offset)));
      }
    } else {
      plan.arena().offsets().keySet().forEach(this::allocate);
    }
  }

  private void allocate(Buffer buffer) {
    if (!places.containsKey(buffer)) {
      places.put(buffer, new Place(memory(buffer.bytes()), 0));
    }
  }

  private cl_mem memory(long size) {
    cl_mem memory = context.allocate(size);
    held.memory.add(memory);
    bytes += size;
    return memory;
  }

  private Ready ready(Launch launch, cl_mem scratch, int number) {
    cl_kernel kernel = context.kernel(launch.source(), launch.name());
    held.kernels.add(kernel);
    int argument = 0;
    long[] sizes = new long[launch.buffers().size() + launch.numbers().size()];
    for (Buffer buffer : launch.buffers()) {
      Place place = places.get(buffer);
      sizes[argument] = place.firstByte / buffer.dtype().bytes();
      CL.clSetKernelArg(kernel, argument++, Sizeof.cl_mem, Pointer.to(place.memory));
    }
    if (launch.scratchBytes() > 0) {
      CL.clSetKernelArg(kernel, argument++, Sizeof.cl_mem, Pointer.to(scratch));
    }
    for (int i = 0; i < launch.numbers().size(); i++) {
      sizes[launch.buffers().size() + i] = launch.numbers().get(i);
    }
    cl_mem numbers = memory(8L * sizes.length);
    CL.clEnqueueWriteBuffer(
        held.queue, numbers, true, 0, 8L * sizes.length, Pointer.to(sizes), 0, null, null);
    CL.clSetKernelArg(kernel, argument, Sizeof.cl_mem, Pointer.to(numbers));
    return new Ready(
        kernel, new long[] {launch.groups() * launch.lanes()}, new long[] {launch.lanes()}, number);
  }

  private void write(Place place, MemorySegment source) {
    if (source.byteSize() > 0) {
      CL.clEnqueueWriteBuffer(
          held.queue,
          place.memory,
          true,
          place.firstByte,
          source.byteSize(),
          HostPointer.of(source),
          0,
          null,
          null);
    }
  }

  private void read(Buffer buffer, HostData data) {
    check();
    Place place = places.get(buffer);
    if (buffer.bytes() > 0) {
      CL.clEnqueueReadBuffer(
          held.queue,
          place.memory,
          true,
          place.firstByte,
          buffer.bytes(),
          HostPointer.of(data.segment()),
          0,
          null,
          null);
    }
    Reference.reachabilityFence(this);
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
    write(places.get(plan.inputs().get(input)), data.segment());
    Reference.reachabilityFence(this);
  }

  @Override
  public void run() {
    check();
    for (Ready launch : launches) {
      CL.clEnqueueNDRangeKernel(
          held.queue, launch.kernel, 1, null, launch.globalSize, launch.localSize, 0, null, null);
    }
    CL.clFlush(held.queue);
    runs++;
    Reference.reachabilityFence(this);
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
    // An input handed on to another one may itself be overwritten: inputs can trade places.
    Map<Integer, cl_mem> staged = new HashMap<>();
    for (int pass = 0; pass < 2; pass++) {
      for (int output = 0; output < plan.carries().size(); output++) {
        int input = plan.carries().get(output);
        if (input < 0) {
          continue;
        }
        Buffer from = plan.outputs().get(output);
        Place source = places.get(from);
        Place target = places.get(plan.inputs().get(input));
        if (source.equals(target) || from.bytes() == 0) {
          continue;
        }
        if (from.kind() != Buffer.Kind.INPUT) {
          if (pass == 1) {
            copy(source, target, from.bytes());
          }
        } else if (pass == 0) {
          cl_mem copy = context.allocate(from.bytes());
          copy(source, new Place(copy, 0), from.bytes());
          staged.put(output, copy);
        } else {
          copy(new Place(staged.get(output), 0), target, from.bytes());
        }
      }
    }
    // Released once the queue is done with it.
    staged.values().forEach(CL::clReleaseMemObject);
    Reference.reachabilityFence(this);
  }

  private void copy(Place from, Place to, long size) {
    CL.clEnqueueCopyBuffer(
        held.queue, from.memory, to.memory, from.firstByte, to.firstByte, size, 0, null, null);
  }

  @Override
  public long[] nanos() {
    return nanos.clone();
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
