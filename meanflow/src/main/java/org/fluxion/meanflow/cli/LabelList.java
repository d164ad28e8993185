package org.fluxion.meanflow.cli;

import java.util.ArrayList;
import java.util.List;

/** Classes as people list them: single ones and ranges, such as {@code 3,3,7} or {@code 0-4,9}. */
final class LabelList {
  private LabelList() {}

  /**
   * Reads a list.
   *
   * @param text numbers and ranges, separated by commas
   * @param classes how many classes there are
   * @return the classes in order, at least one
   * @throws IllegalArgumentException if it is no such list, or a class does not exist
   */
  static List<Integer> parse(String text, int classes) {
    List<Integer> labels = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String[] ends = part.strip().split("-", -1);
      int first = label(ends[0], text, classes);
      int last = ends.length == 1 ? first : label(ends[1], text, classes);
      if (ends.length > 2 || first > last) {
        throw wrong(text, classes);
      }
      for (int label = first; label <= last; label++) {
        labels.add(label);
      }
    }
    return labels;
  }

  private static int label(String word, String text, int classes) {
    if (!word.matches("[0-9]{1,9}") || Integer.parseInt(word) >= classes) {
      throw wrong(text, classes);
    }
    return Integer.parseInt(word);
  }

  private static IllegalArgumentException wrong(String text, int classes) {
    return new IllegalArgumentException(
        "--labels: expected classes from 0 to %d such as 0-%d or 3,3,7, got '%s'"
            .formatted(classes - 1, classes - 1, text));
  }
}
