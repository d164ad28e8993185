package org.fluxion.opencl;

import java.util.HashMap;
import java.util.Map;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/**
 * A device in use: its context, and the programs that were built for it, each once. Safe to share
 * between threads; what is enqueued goes through a queue of one's own.
 */
final class Context implements AutoCloseable {
  /** The floor; what is beyond it is probed, never assumed. */
  private static final String STANDARD = "-cl-std=CL1.2";

  private final OpenClDevice device;
  private final cl_context context;
  private final DeviceMemory memory;
  private final Map<String, cl_program> programs = new HashMap<>();

  Context(OpenClDevice device) {
    this(device, Limits.of(device));
  }

  /** The same with other limits than the device's own. */
  Context(OpenClDevice device, Limits limits) {
    this.device = device;
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, device.platform());
    cl_device_id[] devices = {device.id()};
    this.context = CL.clCreateContext(properties, 1, devices, null, null, null);
    this.memory = new DeviceMemory(device, context, limits);
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

  /**
   * A kernel of a program, which is built if it has not been.
   *
   * @param source OpenCL C
   * @param name the kernel
   * @return a kernel with arguments of its own, which the caller releases
   * @throws OpenClException if it does not compile, with what the compiler said
   */
  synchronized cl_kernel kernel(String source, String name) {
    cl_program program = programs.get(source);
    if (program == null) {
      program = build(source);
      programs.put(source, program);
    }
    return CL.clCreateKernel(program, name, null);
  }

  /** How many programs have been built. */
  synchronized int programs() {
    return programs.size();
  }

  private cl_program build(String source) {
    cl_program program =
        CL.clCreateProgramWithSource(context, 1, new String[] {source}, null, null);
    try {
      CL.clBuildProgram(program, 1, new cl_device_id[] {device.id()}, STANDARD, null, null);
      return program;
    } catch (CLException e) {
      String log = Info.buildLog(program, device.id());
      CL.clReleaseProgram(program);
      throw new OpenClException(e.getMessage() + (log.isEmpty() ? "" : ": " + log), e);
    }
  }

  /** The device's memory, as far as it is used through this context. */
  DeviceMemory memory() {
    return memory;
  }

  @Override
  public synchronized void close() {
    programs.values().forEach(CL::clReleaseProgram);
    programs.clear();
    CL.clReleaseContext(context);
  }
}
