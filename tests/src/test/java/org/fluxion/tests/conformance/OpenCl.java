package org.fluxion.tests.conformance;

import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Op;
import org.junit.jupiter.api.Assertions;
import org.opentest4j.TestAbortedException;

/** What tests need to know of OpenCL: whether there is a device, and what the standard promises. */
public final class OpenCl {
  /** Set where a device must be there, as in the project's own continuous integration. */
  private static final String REQUIRED = "FLUXION_REQUIRE_OPENCL";

  private OpenCl() {}

  private static Backend.Survey survey() {
    return Backend.all().stream()
        .filter(backend -> backend.name().equals("opencl"))
        .findFirst()
        .orElseThrow()
        .survey();
  }

  /** Whether there is a device that can be used; a failure if there must be one. */
  public static boolean isThere() {
    boolean there = survey().devices().stream().anyMatch(d -> d.obstacle().isEmpty());
    if (!there && System.getenv(REQUIRED) != null) {
      Assertions.fail("OpenCL has no device here: " + survey());
    }
    return there;
  }

  /** Whether every device computes in float64. */
  public static boolean hasDoubles() {
    return survey().devices().stream().allMatch(d -> d.features().contains("fp64"));
  }

  /** Skips a test where there is no OpenCL device, and says so where nobody can miss it. */
  public static void require() {
    if (!isThere()) {
      String reason = "SKIPPED, because OpenCL has no device here: " + survey();
      System.err.println(reason);
      throw new TestAbortedException(reason);
    }
  }

  /**
   * The units in the last place that a result may be off: on OpenCL devices what its standard
   * grants single precision (OpenCL 1.2, table 7.4.1), elsewhere what is asked of every backend.
   */
  static double units(Op op, Device device, double elsewhere) {
    if (!device.name().startsWith("opencl")) {
      return elsewhere;
    }
    return switch (op) {
      case Op.Div o -> 2.5;
      case Op.Log1p o -> 2;
      case Op.Sqrt o -> 3;
      case Op.Exp o -> 3;
      case Op.Expm1 o -> 3;
      case Op.Log o -> 3;
      case Op.Sin o -> 4;
      case Op.Cos o -> 4;
      case Op.Tanh o -> 5;
      case Op.Erf o -> 16;
      case Op.Pow o -> 16;
      default -> elsewhere;
    };
  }
}
