package org.fluxion.opencl;

import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_program;

/** A program built for one device. */
final class Program implements AutoCloseable {
  private final Context context;
  private final cl_program program;

  Program(Context context, cl_program program) {
    this.context = context;
    this.program = program;
  }

  /**
   * Enqueues a kernel.
   *
   * @param name the kernel
   * @param groups how many work-groups
   * @param lanes the work-items of each
   * @param arguments its arguments, all of them memory
   */
  void launch(String name, long groups, int lanes, cl_mem... arguments) {
    cl_kernel kernel = CL.clCreateKernel(program, name, null);
    try {
      for (int i = 0; i < arguments.length; i++) {
        CL.clSetKernelArg(kernel, i, Sizeof.cl_mem, Pointer.to(arguments[i]));
      }
      CL.clEnqueueNDRangeKernel(
          context.commands(),
          kernel,
          1,
          null,
          new long[] {groups * lanes},
          new long[] {lanes},
          0,
          null,
          null);
    } finally {
      CL.clReleaseKernel(kernel);
    }
  }

  @Override
  public void close() {
    CL.clReleaseProgram(program);
  }
}
