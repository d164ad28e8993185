package org.fluxion.nn;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Suggestions for a name that was not found: a few letters off, so that it is likely a slip. */
public final class NearNames {
  private static final int SUGGESTIONS = 3;
  private static final int LISTED = 8;

  private NearNames() {}

  /**
   * The names that may have been meant.
   *
   * @param wanted the name not found
   * @param known the names there are
   * @return up to three, nearest first; empty if none is near
   */
  public static List<String> of(String wanted, Collection<String> known) {
    int limit = Math.max(2, wanted.length() / 4);
    return known.stream()
        .filter(name -> Math.abs(name.length() - wanted.length()) <= limit)
        .filter(name -> distance(wanted, name) <= limit)
        .sorted(Comparator.comparingInt(name -> distance(wanted, name)))
        .limit(SUGGESTIONS)
        .toList();
  }

  /**
   * The end of an error's sentence.
   *
   * @param wanted the name not found
   * @param known the names there are
   * @return what is near it, or what there is
   */
  static String hint(String wanted, Collection<String> known) {
    if (known.isEmpty()) {
      return "there are no parameters at all";
    }
    List<String> near = of(wanted, known);
    if (!near.isEmpty()) {
      return "did you mean " + String.join(", ", near) + "?";
    }
    String some = String.join(", ", known.stream().limit(LISTED).toList());
    return "there are " + known.size() + ": " + some + (known.size() > LISTED ? ", …" : "");
  }

  /** Levenshtein's distance: the least number of letters to insert, delete or change. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    java.util.Arrays.setAll(previous, j -> j);
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(change, Math.min(previous[j], row[j - 1]) + 1);
      }
      previous = row;
    }
    return previous[b.length()];
  }
}
