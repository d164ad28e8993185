package org.fluxion.tests.conformance.oclgrind;

import java.util.List;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;

/** Runs a kernel with a fault, or without one: {@code PlantedFaults NAME}. */
final class PlantedFaults {
  /** Elements of the buffer, and work-items. */
  private static final int COUNT = 16;

  /**
   * A kernel and what Oclgrind says of it.
   *
   * @param name by which it is asked for
   * @param body what each work-item does with {@code x}, of {@link #COUNT} floats of which the
   *     first half has been written, and {@code i}, its number
   * @param finding a part of what is said; empty if there is nothing to say
   */
  record Fault(String name, String body, String finding) {}

  static final List<Fault> FAULTS =
      List.of(
          new Fault("none", "if (i < 8) x[i] = x[i] + 1;", ""),
          new Fault("outside", "x[i + 1] = i;", "Invalid write"),
          new Fault("unwritten", "if (x[i] > 0) x[i] = 1;", "uninitialized"),
          new Fault("race", "x[0] = i;", "data race"),
          new Fault("local race", "local float t[16]; t[i] = i; x[i] = t[15 - i];", "data race"));

  private PlantedFaults() {}

  /** Runs one of them. */
  public static void main(String[] arguments) {
    Fault fault =
        FAULTS.stream().filter(f -> f.name().equals(arguments[0])).findFirst().orElseThrow();
    CL.setExceptionsEnabled(true);
    cl_platform_id[] platforms = new cl_platform_id[1];
    CL.clGetPlatformIDs(1, platforms, null);
    cl_device_id[] devices = new cl_device_id[1];
    CL.clGetDeviceIDs(platforms[0], CL.CL_DEVICE_TYPE_ALL, 1, devices, null);
    cl_context context = CL.clCreateContext(null, 1, devices, null, null, null);
    @SuppressWarnings("deprecation")
    cl_command_queue queue = CL.clCreateCommandQueue(context, devices[0], 0, null);
    String source = "kernel void fault(global float *x) { int i = get_global_id(0); %s }";
    cl_program program =
        CL.clCreateProgramWithSource(
            context, 1, new String[] {source.formatted(fault.body())}, null, null);
    CL.clBuildProgram(program, 1, devices, "-cl-std=CL1.2", null, null);
    cl_kernel kernel = CL.clCreateKernel(program, "fault", null);
    cl_mem memory = CL.clCreateBuffer(context, CL.CL_MEM_READ_WRITE, 4L * COUNT, null, null);
    Pointer half = Pointer.to(new float[COUNT / 2]);
    CL.clEnqueueWriteBuffer(queue, memory, true, 0, 2L * COUNT, half, 0, null, null);
    CL.clSetKernelArg(kernel, 0, Sizeof.cl_mem, Pointer.to(memory));
    CL.clEnqueueNDRangeKernel(
        queue, kernel, 1, null, new long[] {COUNT}, new long[] {COUNT}, 0, null, null);
    CL.clFinish(queue);
    CL.clReleaseMemObject(memory);
    CL.clReleaseKernel(kernel);
    CL.clReleaseProgram(program);
    CL.clReleaseCommandQueue(queue);
    CL.clReleaseContext(context);
  }
}
