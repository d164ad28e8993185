package org.fluxion.autodiff.laws;

import java.util.Locale;

/**
 * Programs to be put into tests, and reports with seeds that are to be typed again. {@link
 * String#formatted} writes numbers as the reader's language does, in Arabic perhaps ٧ for 7, which
 * is no Java.
 */
final class Text {
  private Text() {}

  /** A pattern with its values, the same in every language. */
  static String of(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
