package org.fluxion.tests.conformance;

import org.junit.jupiter.api.Assertions;
import org.opentest4j.TestAbortedException;

/** What a test needs and this machine lacks. */
public final class Missing {
  private Missing() {}

  /**
   * Ends the test: it is skipped, which nobody can miss; with {@code FLUXION_REQUIRE_NAME} in the
   * environment, such as {@code FLUXION_REQUIRE_OPENCL}, as in the project's own continuous
   * integration, it fails.
   *
   * @param name the variable's, in upper case
   * @param reason what is missing, and perhaps what to do
   * @param <T> whatever the test wanted
   * @return never
   */
  public static <T> T skipOrFail(String name, String reason) {
    String variable = "FLUXION_REQUIRE_" + name;
    if (System.getenv(variable) != null) {
      return Assertions.fail(reason + "; " + variable + " says that it has to be here");
    }
    System.err.println("SKIPPED: " + reason);
    throw new TestAbortedException(reason);
  }
}
