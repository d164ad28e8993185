package org.fluxion.tests.oclgrind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.fluxion.tests.conformance.SuiteMain;
import org.fluxion.tests.oclgrind.Oclgrind.Outcome;
import org.fluxion.tests.oclgrind.PlantedFaults.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/**
 * The conformance suite's kernels read nothing that was not written, write nothing outside, and do
 * not race, in either form. {@code tests/bin/oclgrind} runs all of the suite, the build a part.
 */
class OclgrindTest {
  private static final Duration LIMIT = Duration.ofMinutes(60);

  /** What every build tries. */
  private static final List<String> SAMPLE =
      List.of("everyOperationAtEveryDType", "everyDerivative");

  private static Oclgrind oclgrind() {
    return Oclgrind.find()
        .orElseGet(
            () -> {
              String reason = "Oclgrind is not installed; on Debian: apt-get install oclgrind";
              if (System.getenv("FLUXION_REQUIRE_OCLGRIND") != null) {
                return fail(reason);
              }
              System.err.println("SKIPPED: " + reason);
              throw new TestAbortedException(reason);
            });
  }

  static List<Fault> faults() {
    return PlantedFaults.FAULTS;
  }

  /** A gate that lets these through would be none. */
  @ParameterizedTest
  @MethodSource("faults")
  void aPlantedFaultIsFound(Fault fault) throws IOException, InterruptedException {
    Outcome outcome = oclgrind().run(PlantedFaults.class, LIMIT, List.of(fault.name()));
    assertEquals(0, outcome.exitCode(), outcome::description);
    if (fault.finding().isEmpty()) {
      assertEquals(List.of(), outcome.findings());
    } else {
      assertTrue(
          outcome.findings().stream().anyMatch(line -> line.contains(fault.finding())),
          () -> fault + ": " + outcome.description());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"opencl:/processor", "opencl:/card"})
  void theSuitesKernelsAreWithoutFindings(String device) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of(device));
    if (System.getProperty("oclgrind", "").isBlank()) {
      arguments.addAll(SAMPLE);
    }
    Outcome outcome = oclgrind().run(SuiteMain.class, LIMIT, arguments);
    System.out.print(outcome.out());
    assertEquals(List.of(), outcome.findings(), outcome::description);
    assertEquals(0, outcome.exitCode(), outcome::description);
    assertTrue(outcome.out().contains(" on " + device + ": "), outcome::description);
  }
}
