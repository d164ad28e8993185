package org.fluxion.autodiff.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;

/** The published page is what the table of operations gives. */
class OperationsPageTest {
  /** Tests run in their module's folder. */
  private static final Path PAGE = Path.of("docs", "operations.md");

  @Test
  void thePageIsWhatTheTableGives() throws IOException {
    String text = OperationsPage.text();
    if (Boolean.getBoolean("operations.write")) {
      Path unfinished = Files.createTempFile(PAGE.getParent(), "operations", ".md");
      Files.writeString(unfinished, text);
      Files.move(unfinished, PAGE, StandardCopyOption.REPLACE_EXISTING);
    }
    String page = Files.exists(PAGE) ? Files.readString(PAGE) : "";
    assertEquals(
        text, page, "autodiff/docs/operations.md is out of date; tests/bin/operations writes it");
  }
}
