package org.fluxion.tests.conformance.oclgrind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.fluxion.tests.conformance.oclgrind.Oclgrind.Outcome;
import org.fluxion.tests.conformance.oclgrind.PlantedFaults.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The faults that Oclgrind is to find are found. */
class PlantedFaultsTest {
  static List<Fault> faults() {
    return PlantedFaults.FAULTS;
  }

  /** A gate that lets these through would be none. */
  @ParameterizedTest
  @MethodSource("faults")
  void aPlantedFaultIsFound(Fault fault) throws IOException, InterruptedException {
    Outcome outcome =
        Oclgrind.required().run(PlantedFaults.class, List.of(), List.of(fault.name()));
    assertEquals(0, outcome.exitCode(), outcome::description);
    if (fault.finding().isEmpty()) {
      assertEquals(List.of(), outcome.findings());
    } else {
      assertTrue(
          outcome.findings().stream().anyMatch(line -> line.contains(fault.finding())),
          () -> fault + ": " + outcome.description());
    }
  }
}
