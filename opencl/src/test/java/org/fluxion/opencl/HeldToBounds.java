package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.Trial;

/** Holds what kernels compute to what rounding allows them. */
final class HeldToBounds {
  private HeldToBounds() {}

  /** Runs a trial, and looks at each of its results. */
  static void run(OpenClExecutable run, Trial trial, List<Bounded> bounds) {
    for (int i = 0; i < trial.values().size(); i++) {
      run.write(i, trial.values().get(i).value());
    }
    run.run();
    for (int o = 0; o < bounds.size(); o++) {
      result(bounds.get(o), run.result(o), trial.graph().outputs().get(o).op().label());
    }
  }

  /** Looks at one result. */
  static void result(Bounded bound, HostData result, String what) {
    assertEquals(
        "",
        bound.worst(result).filter(worst -> worst.severity() > 1).map(Object::toString).orElse(""),
        what);
  }
}
