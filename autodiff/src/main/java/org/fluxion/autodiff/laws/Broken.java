package org.fluxion.autodiff.laws;

import java.util.Optional;
import java.util.function.Function;

/** What laws of devices have in common: what breaks one is made small, and reported. */
final class Broken {
  private static final int SHRINKING = 1000;

  private Broken() {}

  /**
   * Holds an example to a law.
   *
   * @param law the law's name
   * @param sentence what is wrong where it is broken
   * @param example the example
   * @param seed what it came from
   * @param found what of an example breaks the law, if something does; it may throw, which breaks
   *     it too
   * @throws LawBroken if the example breaks it; with the smallest found that does
   */
  static void check(
      String law,
      String sentence,
      Example example,
      long seed,
      Function<Example, Optional<String>> found) {
    Optional<String> what = outcome(example, found);
    if (what.isEmpty()) {
      return;
    }
    boolean thrown = isThrown(what.get());
    Example smallest =
        Shrinker.smallest(
            example,
            e -> {
              // What makes no sense throws by itself.
              e.apply(e.values());
              return outcome(e, found).filter(w -> isThrown(w) == thrown).isPresent();
            },
            SHRINKING);
    throw new LawBroken(
        law,
        smallest,
        "%s (seed %d)%n%s%nat%n%s"
            .formatted(
                sentence, seed, outcome(smallest, found).orElse(what.get()), smallest.print()),
        null);
  }

  private static Optional<String> outcome(
      Example example, Function<Example, Optional<String>> found) {
    try {
      return found.apply(example);
    } catch (RuntimeException thrown) {
      return Optional.of(THROWS + thrown.getMessage());
    }
  }

  private static final String THROWS = "it throws: ";

  private static boolean isThrown(String what) {
    return what.startsWith(THROWS);
  }
}
