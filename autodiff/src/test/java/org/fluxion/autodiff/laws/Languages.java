package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** Readers' languages, in which Java writes numbers in other digits, or with other separators. */
final class Languages {
  static final List<String> OTHERS = List.of("ar-EG-u-nu-arab", "fa-IR", "de-DE");

  private Languages() {}

  /** What something gives where the reader's language is another. */
  static <T> T in(String language, Supplier<T> work) {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag(language));
    try {
      assertNotEquals("1,234", "%,d".formatted(1234), "expected other numbers in " + language);
      return work.get();
    } finally {
      Locale.setDefault(before);
    }
  }
}
