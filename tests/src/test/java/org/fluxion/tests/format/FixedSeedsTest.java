package org.fluxion.tests.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a build tries, the next one tries again: every property has a seed, which jqwik reports. */
class FixedSeedsTest {
  private static final Pattern PROPERTY = Pattern.compile("(?m)^ *@Property\\b(\\([^()]*\\))?");

  @Test
  void everyPropertyHasOne() throws Exception {
    List<String> without = new ArrayList<>();
    int properties = 0;
    for (Path source : FormatTest.sources()) {
      Matcher matcher = PROPERTY.matcher(Files.readString(source));
      while (matcher.find()) {
        properties++;
        if (!matcher.group().contains("seed = ")) {
          without.add(source.getFileName() + ": " + matcher.group().strip());
        }
      }
    }
    assertTrue(properties > 100, "only " + properties + " properties");
    assertEquals(List.of(), without, "give them a seed, such as @Property(seed = \"1\")");
  }
}
