package org.fluxion.tensor;

import java.util.Locale;

/** What operations are called. Every node that is built asks, so each name is derived once. */
final class OpLabels {
  private static final ClassValue<String> LABELS =
      new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> type) {
          return type.getSimpleName()
              .replaceAll("([a-z0-9])([A-Z])", "$1_$2")
              .toLowerCase(Locale.ROOT);
        }
      };

  private OpLabels() {}

  /** The name of a record's operation, such as {@code reduce_max}. */
  static String of(Class<? extends Op> type) {
    return LABELS.get(type);
  }
}
