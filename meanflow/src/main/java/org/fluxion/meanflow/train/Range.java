package org.fluxion.meanflow.train;

/** The checks of values that configurations share; every error names the key with its path. */
final class Range {
  private Range() {}

  static void atLeast(String key, long least, long value) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: expected a whole number of at least %d, got %d".formatted(key, least, value));
    }
  }

  static void between(String key, long least, long most, long value) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s: expected a whole number from %d to %d, got %d".formatted(key, least, most, value));
    }
  }

  static void notNegative(String key, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s: expected a number of at least 0, got %s".formatted(key, value));
    }
  }

  static void positive(String key, double value) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s: expected a number above 0, got %s".formatted(key, value));
    }
  }

  static void finite(String key, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "%s: expected a finite number, got %s".formatted(key, value));
    }
  }

  /** From 0 to 1, both included. */
  static void share(String key, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: expected a number from 0 to 1, got %s".formatted(key, value));
    }
  }

  /** From 0 (included) to 1 (excluded). */
  static void fraction(String key, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          "%s: expected a number from 0 to below 1, got %s".formatted(key, value));
    }
  }
}
