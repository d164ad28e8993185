package org.fluxion.opencl;

import java.util.Locale;

/**
 * Text that compilers and files take: kernels, and what is looked up by its letters. {@link
 * String#formatted} writes numbers as the reader's language does, whose digits need not be those of
 * C: in Persian, a 7 is a ۷. What people read, such as errors, may be in their digits.
 */
final class Text {
  private Text() {}

  /** A pattern with its values, the same in every language. */
  static String of(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
