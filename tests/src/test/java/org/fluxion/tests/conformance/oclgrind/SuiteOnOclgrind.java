package org.fluxion.tests.conformance.oclgrind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.fluxion.tests.conformance.SuiteMain;
import org.fluxion.tests.conformance.oclgrind.Oclgrind.Outcome;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The conformance suite's kernels read nothing that was not written, write nothing outside, and do
 * not race. {@code tests/bin/oclgrind} runs these tests alone, {@code -Doclgrind=METHOD,…} some
 * methods of the suite. The two forms of kernels have a class each, and so run at the same time.
 */
abstract class SuiteOnOclgrind {
  private final String device;
  private final int most;

  /**
   * A form of kernels.
   *
   * @param device its name
   * @param most elements of what is so long that it is split
   */
  SuiteOnOclgrind(String device, int most) {
    this.device = device;
    this.most = most;
  }

  static List<String> methods() {
    String asked = System.getProperty("oclgrind", "");
    return asked.isBlank() ? SuiteMain.names() : List.of(asked.split(","));
  }

  /** Each in a process of its own: the memory that one has used is watched to the end. */
  @ParameterizedTest
  @MethodSource("methods")
  void theSuitesKernelsAreWithoutFindings(String method) throws IOException, InterruptedException {
    Outcome outcome =
        Oclgrind.required()
            .run(SuiteMain.class, List.of("-Dconformance.long=" + most), List.of(device, method));
    System.out.print(outcome.out());
    assertEquals(List.of(), outcome.findings(), outcome::description);
    assertEquals(0, outcome.exitCode(), outcome::description);
    assertTrue(outcome.out().contains(method + " on " + device + ": "), outcome::description);
  }
}
