package org.fluxion.tests.conformance;

import java.util.List;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.Op;
import org.junit.jupiter.api.Assertions;
import org.opentest4j.TestAbortedException;

/** What tests need to know of OpenCL: whether there is a device, and what the standard promises. */
final class OpenCl {
  /** Set where a device must be there, as in the project's own continuous integration. */
  private static final String REQUIRED = "FLUXION_REQUIRE_OPENCL";

  private OpenCl() {}

  /** Skips a test where there is no OpenCL device, and says so where nobody can miss it. */
  static void require() {
    List<Backend> found = Backend.all().stream().filter(b -> b.name().equals("opencl")).toList();
    Backend.Survey survey = found.get(0).survey();
    if (survey.devices().stream().map(DeviceInfo::obstacle).noneMatch(o -> o.isEmpty())) {
      String reason = "SKIPPED, because OpenCL has no device here: " + survey;
      if (System.getenv(REQUIRED) != null) {
        Assertions.fail(reason);
      }
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
