package org.fluxion.opencl;

import java.lang.foreign.MemorySegment;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_mem;
import org.jocl.cl_program;

/**
 * A device in use: its context and one queue, which runs what it is given in order. The host waits
 * only when it reads. Belongs to one thread at a time.
 */
final class Context implements AutoCloseable {
  /** The floor; what is beyond it is probed, never assumed. */
  private static final String STANDARD = "-cl-std=CL1.2 ";

  private final OpenClDevice device;
  private final cl_context context;
  private final cl_command_queue queue;

  Context(OpenClDevice device) {
    this.device = device;
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, device.platform());
    cl_device_id[] devices = {device.id()};
    this.context = CL.clCreateContext(properties, 1, devices, null, null, null);
    this.queue = queue();
  }

  /** The call of OpenCL 1.2; its successor is not there before 2.0. */
  @SuppressWarnings("deprecation")
  private cl_command_queue queue() {
    return CL.clCreateCommandQueue(context, device.id(), 0, null);
  }

  OpenClDevice device() {
    return device;
  }

  cl_command_queue commands() {
    return queue;
  }

  /**
   * Compiles a program.
   *
   * @param source OpenCL C
   * @param options the compiler's options, such as "-DLANES=64"
   * @return the program, which the caller closes
   * @throws OpenClException if it does not compile, with what the compiler said
   */
  Program build(String source, String options) {
    cl_program program =
        CL.clCreateProgramWithSource(context, 1, new String[] {source}, null, null);
    try {
      CL.clBuildProgram(
          program, 1, new cl_device_id[] {device.id()}, STANDARD + options, null, null);
      return new Program(this, program);
    } catch (CLException e) {
      String log = Info.buildLog(program, device.id());
      CL.clReleaseProgram(program);
      throw new OpenClException(e.getMessage() + (log.isEmpty() ? "" : ": " + log), e);
    }
  }

  /**
   * Memory on the device.
   *
   * @param bytes its size; at least one byte is taken
   * @return the memory, which the caller releases
   */
  cl_mem allocate(long bytes) {
    return CL.clCreateBuffer(context, CL.CL_MEM_READ_WRITE, Math.max(1, bytes), null, null);
  }

  /** Copies host memory to the device; the host's may be changed again when this returns. */
  void write(cl_mem target, MemorySegment source) {
    if (source.byteSize() > 0) {
      CL.clEnqueueWriteBuffer(
          queue, target, true, 0, source.byteSize(), pointer(source), 0, null, null);
    }
  }

  /** Waits for everything before, and copies the device's memory to the host. */
  void read(cl_mem source, MemorySegment target) {
    if (target.byteSize() > 0) {
      CL.clEnqueueReadBuffer(
          queue, source, true, 0, target.byteSize(), pointer(target), 0, null, null);
    }
  }

  /** JOCL takes native memory and arrays; a slice of an array goes by its offset. */
  private static Pointer pointer(MemorySegment segment) {
    if (segment.isNative()) {
      return Pointer.to(segment.asByteBuffer());
    }
    Object array = segment.heapBase().orElseThrow();
    if (array instanceof long[] longs) {
      return Pointer.to(longs).withByteOffset(offset(segment, longs));
    }
    throw new OpenClException("memory in a " + array.getClass().getSimpleName());
  }

  private static long offset(MemorySegment segment, long[] array) {
    return segment.address() - MemorySegment.ofArray(array).address();
  }

  @Override
  public void close() {
    CL.clReleaseCommandQueue(queue);
    CL.clReleaseContext(context);
  }
}
