package org.fluxion.opencl;

import java.nio.charset.StandardCharsets;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;

/** OpenCL's answers to questions about its objects, as Java values. */
final class Info {
  private Info() {}

  /** OpenCL's own shape of such a question. */
  private interface Question {
    int ask(long size, Pointer value, long[] sizeOut);
  }

  private static String text(Question question) {
    long[] size = new long[1];
    question.ask(0, null, size);
    byte[] bytes = new byte[Math.toIntExact(size[0])];
    question.ask(bytes.length, Pointer.to(bytes), null);
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
  }

  static String text(cl_platform_id platform, int name) {
    return text((size, value, out) -> CL.clGetPlatformInfo(platform, name, size, value, out));
  }

  static String text(cl_device_id device, int name) {
    return text((size, value, out) -> CL.clGetDeviceInfo(device, name, size, value, out));
  }

  static String buildLog(cl_program program, cl_device_id device) {
    return text(
        (size, value, out) ->
            CL.clGetProgramBuildInfo(program, device, CL.CL_PROGRAM_BUILD_LOG, size, value, out));
  }

  /** A program as its driver has it, of a program for one device. */
  static byte[] binary(cl_program program) {
    long[] size = new long[1];
    CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null);
    byte[] binary = new byte[Math.toIntExact(size[0])];
    if (binary.length > 0) {
      CL.clGetProgramInfo(
          program, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, Pointer.to(Pointer.to(binary)), null);
    }
    return binary;
  }

  /** An integer of 32 bits, or a truth value. */
  static int integer(cl_device_id device, int name) {
    int[] value = new int[1];
    CL.clGetDeviceInfo(device, name, Sizeof.cl_uint, Pointer.to(value), null);
    return value[0];
  }

  /** The most work-items of a group along the first of its dimensions. */
  static long largestFirst(cl_device_id device) {
    int dimensions = integer(device, CL.CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS);
    long[] sizes = new long[dimensions];
    CL.clGetDeviceInfo(
        device,
        CL.CL_DEVICE_MAX_WORK_ITEM_SIZES,
        (long) Sizeof.size_t * dimensions,
        Pointer.to(sizes),
        null);
    return Sizeof.size_t == Long.BYTES ? sizes[0] : sizes[0] & 0xffffffffL;
  }

  /** The most work-items of a group that a kernel's compiler leaves it. */
  static int largestGroup(cl_kernel kernel, cl_device_id device) {
    long[] value = new long[1];
    CL.clGetKernelWorkGroupInfo(
        kernel, device, CL.CL_KERNEL_WORK_GROUP_SIZE, Sizeof.size_t, Pointer.to(value), null);
    return (int) Math.min(value[0], Integer.MAX_VALUE);
  }

  /** An integer of 64 bits, or a size, or a set of flags. */
  static long wide(cl_device_id device, int name) {
    long[] value = new long[1];
    CL.clGetDeviceInfo(device, name, Sizeof.cl_ulong, Pointer.to(value), null);
    return value[0];
  }
}
