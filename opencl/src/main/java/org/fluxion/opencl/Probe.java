package org.fluxion.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/**
 * Looks once for OpenCL, its drivers and their devices. Whatever is missing becomes a note that
 * says what to install; nothing is thrown, and nothing is looked for again in this process.
 */
final class Probe {
  /** What an ICD loader says when it finds no driver. */
  private static final int PLATFORM_NOT_FOUND = -1001;

  /** The outcome, computed when it is first asked for, by one thread. */
  private static final class Holder {
    static final Probe PROBE = new Probe();

    private Holder() {}
  }

  private final List<OpenClDevice> devices = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** As they were before a driver was called. */
  private final SignalHandlers signalHandlers = SignalHandlers.current();

  private Probe() {
    String library = library();
    if (!isThere(library)) {
      // Asked before JOCL is touched, which would print two lines of its own.
      notes.add(
          "no OpenCL library (%s) that can be loaded: install the driver of your card, or, for %s"
                  .formatted(library, "OpenCL on the processor, PoCL")
              + " (Debian: apt-get install ocl-icd-libopencl1 pocl-opencl-icd)");
      return;
    }
    try {
      CL.setExceptionsEnabled(true);
      find();
    } catch (CLException e) {
      notes.add(
          e.getStatus() == PLATFORM_NOT_FOUND
              ? "no OpenCL driver: install that of your card, or, for OpenCL on the processor,"
                  + " PoCL (Debian: apt-get install pocl-opencl-icd)"
              : "OpenCL failed while it was asked for devices: " + e.getMessage());
    } catch (LinkageError e) {
      notes.add("JOCL cannot be loaded: " + e.getMessage());
    } finally {
      signalHandlers.restore();
    }
  }

  /**
   * The devices of all drivers.
   *
   * @return in the order of their numbers
   */
  static List<OpenClDevice> devices() {
    return List.copyOf(Holder.PROBE.devices);
  }

  /**
   * What stood in the way.
   *
   * @return a line each
   */
  static List<String> notes() {
    return List.copyOf(Holder.PROBE.notes);
  }

  /** Takes back from the drivers the signals that Java needs, after a call that may lose them. */
  static void restoreSignalHandlers() {
    Holder.PROBE.signalHandlers.restore();
  }

  /** The name by which JOCL opens OpenCL's library. */
  private static String library() {
    String system = System.getProperty("os.name");
    if (system.startsWith("Windows")) {
      return "OpenCL.dll";
    }
    return system.startsWith("Mac")
        ? "/System/Library/Frameworks/OpenCL.framework/OpenCL"
        : "libOpenCL.so.1";
  }

  private static boolean isThere(String library) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
      return true;
    } catch (IllegalArgumentException missing) {
      return false;
    }
  }

  private void find() {
    int[] count = new int[1];
    CL.clGetPlatformIDs(0, null, count);
    cl_platform_id[] platforms = new cl_platform_id[count[0]];
    CL.clGetPlatformIDs(platforms.length, platforms, null);
    if (platforms.length == 0) {
      throw new CLException("no platform", PLATFORM_NOT_FOUND);
    }
    for (cl_platform_id platform : platforms) {
      String driver = Info.text(platform, CL.CL_PLATFORM_NAME);
      try {
        CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count);
        cl_device_id[] ids = new cl_device_id[count[0]];
        CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, ids.length, ids, null);
        for (cl_device_id id : ids) {
          devices.add(new OpenClDevice(devices.size(), platform, id));
        }
      } catch (CLException e) {
        notes.add(
            e.getStatus() == CL.CL_DEVICE_NOT_FOUND
                ? ("the OpenCL driver '%s' has no device: it sees no card that it knows, or may not"
                        + " use it (on Linux rights come with the groups render and video)")
                    .formatted(driver)
                : "the OpenCL driver '%s' does not list its devices: %s"
                    .formatted(driver, e.getMessage()));
      }
    }
  }
}
