package org.fluxion.tests.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Arithmetic;
import org.opentest4j.TestAbortedException;

/**
 * The devices that the conformance suite runs on. A new backend is listed here, and nowhere else.
 * {@code -Dconformance=NAME,…} names others, such as {@code opencl:1} or {@code cpu:4}.
 */
public final class Devices {
  /**
   * Of OpenCL the best device that is there, by kernels as for processors and as for cards: most
   * machines have one of the two alone.
   */
  private static final List<String> LISTED =
      List.of("reference", "cpu:2", "opencl:/processor", "opencl:/card");

  private static final Map<String, Arithmetic> ARITHMETIC = new ConcurrentHashMap<>();

  private Devices() {}

  /**
   * The names, by which tests are named; a device may be missing.
   *
   * @return as {@link Device#of} takes them
   */
  public static List<String> names() {
    return listed() ? LISTED : List.of(asked().split(","));
  }

  /**
   * Whether these are the devices that every build tries, where time is dear.
   *
   * @return false if others were asked for
   */
  public static boolean listed() {
    return asked().isBlank();
  }

  private static String asked() {
    return System.getProperty("conformance", "");
  }

  /**
   * The device of a name. If it is missing, the test is {@linkplain Missing skipped, or fails}.
   *
   * @param name one of {@link #names}
   * @return the device
   */
  public static Device open(String name) {
    try {
      return Device.of(name);
    } catch (TensorException missing) {
      String backend = name.replaceAll(":.*", "").toUpperCase(Locale.ROOT);
      return Missing.skipOrFail(backend, name + ": " + missing.getMessage());
    }
  }

  /**
   * The names of those that are there; of the others each is reported as by {@link #open}.
   *
   * @return names that can be opened
   */
  public static List<String> present() {
    List<String> present = new ArrayList<>();
    for (String name : names()) {
      try {
        open(name);
        present.add(name);
      } catch (TestAbortedException skipped) {
        continue;
      }
    }
    return present;
  }

  /**
   * How exactly a device computes, which is found out once.
   *
   * @param device the device
   * @return its arithmetic
   */
  public static Arithmetic arithmetic(Device device) {
    return ARITHMETIC.computeIfAbsent(device.name(), name -> Arithmetic.of(device));
  }

  /**
   * Whether each kernel takes a compiler's time, about a second. There each operation is tried at
   * one dtype, the next operation at the next; {@code -Dconformance=NAME} tries all.
   *
   * @param device its name
   * @return true if it is and was not asked for
   */
  public static boolean isDear(String device) {
    return device.startsWith("opencl") && listed();
  }

  /**
   * One of what an operation takes, another at each turn.
   *
   * @param taken the dtypes that it takes
   * @param turn a number that grows
   * @return one of them, or none where there is none
   */
  public static List<DType> one(List<DType> taken, int turn) {
    return taken.isEmpty() ? taken : List.of(taken.get(turn % taken.size()));
  }

  /**
   * The dtypes that a device computes with; a line says which is missing, and why.
   *
   * @param device its name
   * @return those that it has
   */
  public static List<DType> dtypes(String device) {
    Arithmetic arithmetic = arithmetic(open(device));
    arithmetic
        .withoutDoubles()
        .ifPresent(why -> System.err.println("SKIPPED float64 on " + device + ": " + why));
    List<DType> dtypes = new ArrayList<>(List.of(DType.values()));
    dtypes.removeIf(dtype -> !arithmetic.has(dtype));
    return dtypes;
  }
}
