package org.fluxion.opencl;

import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;

/**
 * A device in use: its context, and the programs that were built for it, each once. Safe to share
 * between threads; what is enqueued goes through a queue of one's own.
 */
final class Context implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * Gives it back. Runs keep what they use of it: queues, kernels and memory hold on to the
   * driver's context, and only this to the Java object's.
   */
  private record Release(Programs programs, cl_context context) implements Runnable {
    @Override
    public void run() {
      programs.release();
      Failure.ignore(() -> CL.clReleaseContext(context));
    }
  }

  private final OpenClDevice device;
  private final cl_context context;
  private final DeviceMemory memory;
  private final Programs programs;
  private final TuningCache tiles;
  private final Cleaner.Cleanable cleanable;
  private final Set<String> notes = new LinkedHashSet<>();

  Context(OpenClDevice device) {
    this(device, new DeviceMemory.Count());
  }

  /** The same that counts memory beside what contexts before it have taken. */
  Context(OpenClDevice device, DeviceMemory.Count held) {
    this(device, Limits.of(device), CacheFolder.ofProcess(device), CacheFolder.ofProcess(), held);
  }

  /** The same with other limits than the device's own, and nothing kept on disk. */
  Context(OpenClDevice device, Limits limits) {
    this(device, limits, Optional.empty());
  }

  /** The same with other limits than the device's own, and programs kept somewhere, if anywhere. */
  Context(OpenClDevice device, Limits limits, Optional<Path> programs) {
    this(device, limits, programs, Optional.empty());
  }

  /**
   * A device in use.
   *
   * @param device the device
   * @param limits what can be done at once
   * @param programs where built programs are kept, if anywhere
   * @param tiles where is kept how products are cut, if anywhere
   */
  Context(OpenClDevice device, Limits limits, Optional<Path> programs, Optional<Path> tiles) {
    this(device, limits, programs, tiles, new DeviceMemory.Count());
  }

  private Context(
      OpenClDevice device,
      Limits limits,
      Optional<Path> programs,
      Optional<Path> tiles,
      DeviceMemory.Count held) {
    this.device = device;
    this.tiles = new TuningCache(tiles, device.description(), () -> KernelVersion.CURRENT);
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, device.platform());
    cl_device_id[] devices = {device.id()};
    this.context = CL.clCreateContext(properties, 1, devices, null, null, null);
    this.memory = new DeviceMemory(device, context, limits, held);
    this.programs = new Programs(device, context, programs);
    // One that its driver has ended is in use until the last of its runs is closed.
    this.cleanable = CLEANER.register(this, new Release(this.programs, context));
  }

  /** Whoever uses the device next gets another context, if this failure ends this one. */
  void failed(CLException refused) {
    if (Failure.endsContext(refused)) {
      device.abandon(this);
    }
  }

  OpenClDevice device() {
    return device;
  }

  /**
   * A queue, which runs what it is given in order. The call of OpenCL 1.2; 2.0 has another.
   *
   * @param timed whether its events know when what they stand for began and ended
   */
  @SuppressWarnings("deprecation")
  cl_command_queue queue(boolean timed) {
    return CL.clCreateCommandQueue(
        context, device.id(), timed ? CL.CL_QUEUE_PROFILING_ENABLE : 0, null);
  }

  /** The programs that were made for it. */
  Programs programs() {
    return programs;
  }

  /** What was measured of products on it. */
  TuningCache tuned() {
    return tiles;
  }

  /** How products are cut: as was measured, or else as is usual. */
  MatmulTiles matmulTiles(Family family) {
    return new TunedTiles(tiles, family, matmulLimits(), matmulDefaults(family, Integer.MAX_VALUE));
  }

  /** How products are cut where nothing was measured, or in work-groups no larger than so many. */
  MatmulDefaults matmulDefaults(Family family, int largestGroup) {
    return new MatmulDefaults(family, matmulLimits().within(largestGroup));
  }

  private MatmulLimits matmulLimits() {
    return device.matmulLimits().within(memory.limits().group());
  }

  /** Notes what one might not expect of the device. */
  void note(String line) {
    synchronized (notes) {
      notes.add(line);
    }
  }

  /** What was noted, a line each. */
  List<String> notes() {
    synchronized (notes) {
      return List.copyOf(notes);
    }
  }

  /** The device's memory, as far as it is used through this context. */
  DeviceMemory memory() {
    return memory;
  }

  @Override
  public void close() {
    cleanable.clean();
  }
}
