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
      find(new Installed(), devices, notes);
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

  /** What is asked of OpenCL. */
  interface Drivers {
    /** The drivers. */
    List<cl_platform_id> all();

    /** What one calls itself. */
    String name(cl_platform_id driver);

    /** Its devices. */
    List<cl_device_id> devices(cl_platform_id driver);

    /** One of them, with what its driver says of it. */
    OpenClDevice device(int number, cl_platform_id driver, cl_device_id id);
  }

  /** Those that are installed. */
  static final class Installed implements Drivers {
    @Override
    public List<cl_platform_id> all() {
      int[] count = new int[1];
      CL.clGetPlatformIDs(0, null, count);
      cl_platform_id[] drivers = new cl_platform_id[count[0]];
      CL.clGetPlatformIDs(drivers.length, drivers, null);
      return List.of(drivers);
    }

    @Override
    public String name(cl_platform_id driver) {
      return Info.text(driver, CL.CL_PLATFORM_NAME);
    }

    @Override
    public List<cl_device_id> devices(cl_platform_id driver) {
      int[] count = new int[1];
      CL.clGetDeviceIDs(driver, CL.CL_DEVICE_TYPE_ALL, 0, null, count);
      cl_device_id[] ids = new cl_device_id[count[0]];
      CL.clGetDeviceIDs(driver, CL.CL_DEVICE_TYPE_ALL, ids.length, ids, null);
      return List.of(ids);
    }

    @Override
    public OpenClDevice device(int number, cl_platform_id driver, cl_device_id id) {
      return new OpenClDevice(number, driver, id);
    }
  }

  /**
   * Asks each driver for its devices, whatever another one refuses.
   *
   * @param drivers what is asked
   * @param devices where the devices go that say what they are
   * @param notes where a line goes for each driver and device that does not
   */
  static void find(Drivers drivers, List<OpenClDevice> devices, List<String> notes) {
    List<cl_platform_id> all = drivers.all();
    if (all.isEmpty()) {
      throw new CLException("no platform", PLATFORM_NOT_FOUND);
    }
    for (int i = 0; i < all.size(); i++) {
      cl_platform_id driver = all.get(i);
      // A number will do for a name.
      String name = "" + i;
      try {
        name = drivers.name(driver);
      } catch (CLException e) {
        notes.add(
            Text.of("the OpenCL driver '%s' does not say its name: %s", name, e.getMessage()));
      }
      try {
        List<cl_device_id> ids = drivers.devices(driver);
        for (int d = 0; d < ids.size(); d++) {
          try {
            devices.add(drivers.device(devices.size(), driver, ids.get(d)));
          } catch (CLException e) {
            notes.add(
                Text.of(
                    "the OpenCL driver '%s' does not say what its device %d is: %s",
                    name, d, e.getMessage()));
          }
        }
      } catch (CLException e) {
        notes.add(
            e.getStatus() == CL.CL_DEVICE_NOT_FOUND
                ? Text.of(
                    "the OpenCL driver '%s' has no device: it sees no card that it knows, or may"
                        + " not use it (on Linux rights come with the groups render and video)",
                    name)
                : Text.of(
                    "the OpenCL driver '%s' does not list its devices: %s", name, e.getMessage()));
      }
    }
  }
}
