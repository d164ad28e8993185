package org.fluxion.tests.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The first OpenCL device, driven without the backend that is measured: what hand-written kernels
 * and other libraries run on. For the life of the process; what it allocates is never freed.
 */
final class NativeOpenCl {
  private static final int SUCCESS = 0;
  private static final long ANY_DEVICE = 0xFFFFFFFFL;
  private static final long READ_WRITE = 1;

  private final Linker linker = Linker.nativeLinker();
  private final SymbolLookup library;
  private final Arena arena = Arena.global();
  private final MemorySegment device;
  private final MemorySegment context;
  private final MemorySegment queue;
  private final MethodHandle setArgument;
  private final MethodHandle enqueue;
  private final MethodHandle finish;

  private NativeOpenCl(SymbolLookup library) {
    this.library = library;
    MemorySegment found = arena.allocate(ADDRESS);
    check(
        "clGetPlatformIDs",
        invoke(function("clGetPlatformIDs", JAVA_INT, ADDRESS, ADDRESS), 1, found, null));
    MemorySegment platform = found.get(ADDRESS, 0);
    check(
        "clGetDeviceIDs",
        invoke(
            function("clGetDeviceIDs", ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS),
            platform,
            ANY_DEVICE,
            1,
            found,
            null));
    device = found.get(ADDRESS, 0);
    context =
        made(
            "clCreateContext",
            new MemoryLayout[] {ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS},
            null,
            1,
            found,
            null,
            null);
    queue =
        made(
            "clCreateCommandQueue",
            new MemoryLayout[] {ADDRESS, ADDRESS, JAVA_LONG},
            context,
            device,
            0L);
    setArgument = function("clSetKernelArg", ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS);
    enqueue =
        function(
            "clEnqueueNDRangeKernel",
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS);
    finish = function("clFinish", ADDRESS);
  }

  /**
   * The first device of the first driver.
   *
   * @throws IllegalStateException if there is none
   */
  static NativeOpenCl open() {
    try {
      return new NativeOpenCl(SymbolLookup.libraryLookup("libOpenCL.so.1", Arena.global()));
    } catch (IllegalArgumentException absent) {
      throw new IllegalStateException(
          "OpenCL is not installed; on Debian: apt-get install pocl-opencl-icd", absent);
    }
  }

  private MethodHandle function(String name, MemoryLayout... arguments) {
    return linker.downcallHandle(
        library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
  }

  /** Calls a function that returns what it makes and takes the place of an error code last. */
  private MemorySegment made(String name, MemoryLayout[] layouts, Object... arguments) {
    MemoryLayout[] all = java.util.Arrays.copyOf(layouts, layouts.length + 1);
    all[layouts.length] = ADDRESS;
    MemorySegment code = arena.allocate(JAVA_INT);
    Object[] with = java.util.Arrays.copyOf(arguments, arguments.length + 1);
    with[arguments.length] = code;
    MethodHandle handle =
        linker.downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(ADDRESS, all));
    MemorySegment result = (MemorySegment) invoke(handle, with);
    check(name, code.get(JAVA_INT, 0));
    return result;
  }

  private static Object invoke(MethodHandle handle, Object... arguments) {
    Object[] given = arguments.clone();
    for (int i = 0; i < given.length; i++) {
      given[i] = given[i] == null ? MemorySegment.NULL : given[i];
    }
    try {
      return handle.invokeWithArguments(given);
    } catch (Throwable failure) {
      throw new IllegalStateException("a function of OpenCL cannot be called", failure);
    }
  }

  private static void check(String name, Object code) {
    if (!code.equals(SUCCESS)) {
      throw new IllegalStateException(name + " failed with " + code);
    }
  }

  /** The queue, for libraries that take one. */
  MemorySegment queue() {
    return queue;
  }

  /** Memory on the device, filled with what a segment holds. */
  MemorySegment buffer(MemorySegment contents) {
    MemorySegment buffer =
        made(
            "clCreateBuffer",
            new MemoryLayout[] {ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS},
            context,
            READ_WRITE,
            contents.byteSize(),
            null);
    transfer("clEnqueueWriteBuffer", buffer, contents);
    return buffer;
  }

  /** Copies what memory on the device holds. */
  void read(MemorySegment buffer, MemorySegment to) {
    transfer("clEnqueueReadBuffer", buffer, to);
  }

  private void transfer(String name, MemorySegment buffer, MemorySegment host) {
    MethodHandle handle =
        function(
            name, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_INT, ADDRESS,
            ADDRESS);
    check(name, invoke(handle, queue, buffer, 1, 0L, host.byteSize(), host, 0, null, null));
  }

  /** Builds a program and takes a kernel of it, with buffers as its arguments. */
  MemorySegment kernel(String source, String name, MemorySegment... buffers) {
    MemorySegment text = arena.allocateFrom(ADDRESS, arena.allocateFrom(source));
    MemorySegment program =
        made(
            "clCreateProgramWithSource",
            new MemoryLayout[] {ADDRESS, JAVA_INT, ADDRESS, ADDRESS},
            context,
            1,
            text,
            null);
    MethodHandle build =
        function("clBuildProgram", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    check("clBuildProgram", invoke(build, program, 0, null, null, null, null));
    MemorySegment kernel =
        made(
            "clCreateKernel",
            new MemoryLayout[] {ADDRESS, ADDRESS},
            program,
            arena.allocateFrom(name));
    for (int i = 0; i < buffers.length; i++) {
      MemorySegment place = arena.allocateFrom(ADDRESS, buffers[i]);
      check("clSetKernelArg", invoke(setArgument, kernel, i, ADDRESS.byteSize(), place));
    }
    return kernel;
  }

  /**
   * Starts a kernel.
   *
   * @param kernel the kernel
   * @param sizes a segment of two numbers of 64 bits: all work-items, and those of a group
   */
  void enqueue(MemorySegment kernel, MemorySegment sizes) {
    try {
      int code =
          (int)
              enqueue.invokeExact(
                  queue,
                  kernel,
                  1,
                  MemorySegment.NULL,
                  sizes,
                  sizes.asSlice(8),
                  0,
                  MemorySegment.NULL,
                  MemorySegment.NULL);
      check("clEnqueueNDRangeKernel", code);
    } catch (RuntimeException failed) {
      throw failed;
    } catch (Throwable failure) {
      throw new IllegalStateException("a kernel cannot be started", failure);
    }
  }

  /** Waits until everything that was started is done. */
  void finish() {
    try {
      check("clFinish", (int) finish.invokeExact(queue));
    } catch (RuntimeException failed) {
      throw failed;
    } catch (Throwable failure) {
      throw new IllegalStateException("the device cannot be waited for", failure);
    }
  }
}
