package org.fluxion.tests.faults;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The faults that {@code tests/bin/plant} plants fit the code: whoever changes a rule that one of
 * them spoils learns here, and not from a long run, that it has to be made anew.
 */
class FaultPatchesTest {
  private static final Path FAULTS = Path.of("faults");

  /**
   * A stretch of a file that a fault changes.
   *
   * @param file which file
   * @param before its lines as they are to be now
   * @param after what they become
   */
  private record Hunk(Path file, List<String> before, List<String> after) {}

  static List<Path> patches() throws IOException {
    try (Stream<Path> files = Files.list(FAULTS)) {
      return files.filter(file -> file.toString().endsWith(".patch")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("patches")
  void aFaultFitsTheCode(Path patch) throws IOException {
    List<Hunk> hunks = hunks(Files.readAllLines(patch));
    assertFalse(hunks.isEmpty(), patch + " changes nothing");
    for (Hunk hunk : hunks) {
      assertNotEquals(hunk.before(), hunk.after(), patch::toString);
      List<String> code = Files.readAllLines(hunk.file());
      assertTrue(
          Collections.indexOfSubList(code, hunk.before()) >= 0,
          () ->
              "%s fits %s no more: make it anew. The code has not:%n%s"
                  .formatted(patch, hunk.file(), String.join("\n", hunk.before())));
    }
  }

  private static List<Hunk> hunks(List<String> patch) {
    List<Hunk> hunks = new ArrayList<>();
    Path file = null;
    for (String line : patch) {
      if (line.startsWith("+++ ")) {
        file = Path.of("..").resolve(line.substring("+++ b/".length()));
      } else if (line.startsWith("@@")) {
        hunks.add(new Hunk(file, new ArrayList<>(), new ArrayList<>()));
      } else if (!hunks.isEmpty() && !line.startsWith("--- ") && !line.isEmpty()) {
        String text = line.substring(1);
        switch (line.charAt(0)) {
          case ' ' -> {
            hunks.getLast().before().add(text);
            hunks.getLast().after().add(text);
          }
          case '-' -> hunks.getLast().before().add(text);
          case '+' -> hunks.getLast().after().add(text);
          default -> {
            // The heading of the next file.
          }
        }
      }
    }
    return hunks;
  }
}
