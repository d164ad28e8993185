package org.fluxion.tests.oclgrind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.fluxion.tests.conformance.Missing;
import org.fluxion.tests.conformance.SuiteMain;
import org.fluxion.tests.oclgrind.Oclgrind.Outcome;
import org.fluxion.tests.oclgrind.PlantedFaults.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The conformance suite's kernels read nothing that was not written, write nothing outside, and do
 * not race, in either form. {@code tests/bin/oclgrind} runs this test alone, {@code
 * -Doclgrind=METHOD,…} some methods of the suite.
 */
class OclgrindTest {
  /** Each takes less than one; on a machine that does much else, a few. */
  private static final Duration LIMIT = Duration.ofMinutes(15);

  /**
   * Elements of what is so long that it is split. A vector's work-groups have thousands each; of
   * lanes a few hundred elements already keep several busy, and those are slow to interpret.
   */
  private static final int LONG_FOR_VECTORS = 6_011;

  private static final int LONG_FOR_LANES = 307;

  private static Oclgrind oclgrind() {
    return Oclgrind.find()
        .orElseGet(
            () ->
                Missing.skipOrFail(
                    "OCLGRIND", "Oclgrind is not installed; on Debian: apt-get install oclgrind"));
  }

  static List<Fault> faults() {
    return PlantedFaults.FAULTS;
  }

  /** A gate that lets these through would be none. */
  @ParameterizedTest
  @MethodSource("faults")
  void aPlantedFaultIsFound(Fault fault) throws IOException, InterruptedException {
    Outcome outcome = oclgrind().run(PlantedFaults.class, LIMIT, List.of(), List.of(fault.name()));
    assertEquals(0, outcome.exitCode(), outcome::description);
    if (fault.finding().isEmpty()) {
      assertEquals(List.of(), outcome.findings());
    } else {
      assertTrue(
          outcome.findings().stream().anyMatch(line -> line.contains(fault.finding())),
          () -> fault + ": " + outcome.description());
    }
  }

  static List<Arguments> methodsAndDevices() {
    String asked = System.getProperty("oclgrind", "");
    List<String> methods = asked.isBlank() ? SuiteMain.names() : List.of(asked.split(","));
    return methods.stream()
        .flatMap(
            method ->
                Stream.of(
                    Arguments.of(method, "opencl:/processor"),
                    Arguments.of(method, "opencl:/card")))
        .toList();
  }

  /** Each in a process of its own: the memory that one has used is watched to the end. */
  @ParameterizedTest
  @MethodSource("methodsAndDevices")
  void theSuitesKernelsAreWithoutFindings(String method, String device)
      throws IOException, InterruptedException {
    int most = device.endsWith("card") ? LONG_FOR_LANES : LONG_FOR_VECTORS;
    Outcome outcome =
        oclgrind()
            .run(
                SuiteMain.class,
                LIMIT,
                List.of("-Dconformance.long=" + most),
                List.of(device, method));
    System.out.print(outcome.out());
    assertEquals(List.of(), outcome.findings(), outcome::description);
    assertEquals(0, outcome.exitCode(), outcome::description);
    assertTrue(outcome.out().contains(method + " on " + device + ": "), outcome::description);
  }
}
