package org.fluxion.meanflow.report;

import java.util.Base64;
import java.util.Locale;

/** Text and numbers as HTML. */
final class Html {
  private static final String NARROW_SPACE = "\u202f";

  private Html() {}

  /** A pattern with its values; the page is in one language, and so are its numbers. */
  static String of(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Text in which nothing is read as markup, also within an attribute. */
  static String text(String plain) {
    return plain
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** A PNG as the address of an image, so that the page needs no other file. */
  static String png(byte[] content) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(content);
  }

  /** A number with three digits that count. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "–";
    }
    double size = Math.abs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
    return of("%." + decimals + "f", value).replace("-", "−");
  }

  /** A share, 0 to 1, in per cent. */
  static String percent(double share) {
    return Double.isFinite(share) ? of("%.1f", share * 100) + NARROW_SPACE + "%" : "–";
  }

  /** A duration in the units that people say. */
  static String duration(double seconds) {
    if (seconds < 10) {
      return of("%.1f", seconds) + NARROW_SPACE + "s";
    }
    long whole = Math.round(seconds);
    if (whole < 120) {
      return whole + NARROW_SPACE + "s";
    }
    long minutes = Math.round(seconds / 60);
    return minutes < 120
        ? whole / 60 + NARROW_SPACE + "min " + whole % 60 + NARROW_SPACE + "s"
        : minutes / 60 + NARROW_SPACE + "h " + minutes % 60 + NARROW_SPACE + "min";
  }
}
