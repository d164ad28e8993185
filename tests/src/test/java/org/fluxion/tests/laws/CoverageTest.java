package org.fluxion.tests.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a run has not tried yet is told in a line that one can read. */
class CoverageTest {
  private static String pairs(Set<String> seen) {
    return new Coverage(new Coverage.Counts(0, Map.of(), seen, Map.of())).lines().getLast();
  }

  @Test
  void fewPairsAreNamedAndTheOthersAreCounted() {
    List<String> all = new Coverage().missingPairs();
    String line = pairs(Set.of());
    assertTrue(line.contains("; without: " + String.join(", ", all.subList(0, 12))), line);
    assertTrue(line.endsWith(" and %,d more".formatted(all.size() - 12)), line);
    Set<String> seen = new HashSet<>(all.subList(12, all.size()));
    assertTrue(pairs(seen).endsWith("; without: " + String.join(", ", all.subList(0, 12))), line);
    assertEquals(-1, pairs(new HashSet<>(all)).indexOf("without"));
  }
}
