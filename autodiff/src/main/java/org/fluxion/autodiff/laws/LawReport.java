package org.fluxion.autodiff.laws;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * What became of laws over many examples.
 *
 * @param examples how many examples were tried
 * @param certified how many elements of each law were compared within a tolerance that tells
 *     something
 * @param excused how many tell nothing, since no tolerance can be given, or only a wide one
 * @param devices what was compared on each device, by the name that it was asked for
 */
public record LawReport(
    int examples, Map<Law, Long> certified, Map<Law, Long> excused, Map<String, OnDevice> devices) {
  /**
   * What was compared with the reference on a device: values, tangents, gradients and the gradients
   * of tangents.
   *
   * @param examples how many examples were run there, in dtypes that it has
   * @param certified how many elements were compared within a tolerance that tells something
   * @param excused how many have none, since nothing is known of them
   */
  public record OnDevice(int examples, long certified, long excused) {
    static final OnDevice NOTHING = new OnDevice(0, 0, 0);

    OnDevice plus(OnDevice other) {
      return new OnDevice(
          examples + other.examples, certified + other.certified, excused + other.excused);
    }
  }

  /** Copies the maps. */
  public LawReport {
    certified = Map.copyOf(certified);
    excused = Map.copyOf(excused);
    // In the order in which they were asked for.
    devices = Collections.unmodifiableMap(new LinkedHashMap<>(devices));
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
            line(
                law.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                certified.get(law),
                excused.get(law),
                law.sentence()));
      }
    }
    devices.forEach(
        (name, on) ->
            lines.add(
                line(
                    "on " + name,
                    on.certified(),
                    on.excused(),
                    Text.of(
                        "Programs of %d examples give what the reference says", on.examples()))));
    return lines.toString();
  }

  private static String line(String name, long certified, long excused, String sentence) {
    return Text.of("  %-14s %,9d %,7d  %s", name, certified, excused, sentence);
  }

  /** Adds up verdicts. */
  static final class Tally {
    private final Map<Law, Long> certified = new EnumMap<>(Law.class);
    private final Map<Law, Long> excused = new EnumMap<>(Law.class);
    private final Map<String, OnDevice> devices = new LinkedHashMap<>();
    private int examples;

    void example() {
      examples++;
    }

    void add(Verdict verdict) {
      certified.merge(verdict.law(), (long) verdict.certified(), Long::sum);
      excused.merge(verdict.law(), (long) verdict.excused(), Long::sum);
    }

    /** Of a law that says nothing of an example. */
    void nothing(Law law) {
      certified.merge(law, 0L, Long::sum);
      excused.merge(law, 0L, Long::sum);
    }

    void add(String device, OnDevice seen) {
      devices.merge(device, seen, OnDevice::plus);
    }

    LawReport report() {
      return new LawReport(examples, certified, excused, devices);
    }
  }
}
