package org.fluxion.autodiff.laws;

import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;

/**
 * What became of laws over many examples.
 *
 * @param examples how many examples were tried
 * @param certified how many elements of each law were compared within a tolerance that tells
 *     something
 * @param excused how many tell nothing, since no tolerance can be given, or only a wide one
 */
public record LawReport(int examples, Map<Law, Long> certified, Map<Law, Long> excused) {
  /** Copies the maps. */
  public LawReport {
    certified = Map.copyOf(certified);
    excused = Map.copyOf(excused);
  }

  /**
   * How much of what a law was tried on it could tell something about.
   *
   * @param law the law
   * @return certified elements by all; 0 if there are none
   */
  public double share(Law law) {
    long told = certified.getOrDefault(law, 0L);
    long all = told + excused.getOrDefault(law, 0L);
    return all == 0 ? 0 : (double) told / all;
  }

  @Override
  public String toString() {
    StringJoiner lines = new StringJoiner("\n");
    lines.add(Text.of("%d examples; elements certified and excused:", examples));
    for (Law law : Law.values()) {
      if (certified.containsKey(law)) {
        lines.add(
            Text.of(
                "  %-14s %,9d %,7d  %s",
                law.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
                certified.get(law),
                excused.get(law),
                law.sentence()));
      }
    }
    return lines.toString();
  }

  /** Adds up verdicts. */
  static final class Tally {
    private final Map<Law, Long> certified = new EnumMap<>(Law.class);
    private final Map<Law, Long> excused = new EnumMap<>(Law.class);
    private int examples;

    void example() {
      examples++;
    }

    void add(Verdict verdict) {
      certified.merge(verdict.law(), (long) verdict.certified(), Long::sum);
      excused.merge(verdict.law(), (long) verdict.excused(), Long::sum);
    }

    LawReport report() {
      return new LawReport(examples, certified, excused);
    }
  }
}
