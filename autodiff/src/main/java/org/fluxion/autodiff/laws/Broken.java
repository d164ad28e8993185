package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What laws of devices have in common: what breaks one is made small, and reported. */
final class Broken {
  /**
   * What of an example breaks a law.
   *
   * @param what the result that is wrong, and how
   * @param along the directions and cotangents that it was computed from, a line of Java each
   * @param thrown what was thrown instead of a result, if something was
   */
  record Finding(String what, List<String> along, Optional<RuntimeException> thrown) {
    Finding {
      along = List.copyOf(along);
    }

    Finding(String what, List<String> along) {
      this(what, along, Optional.empty());
    }
  }

  private Broken() {}

  /**
   * Holds an example to a law.
   *
   * @param law the law's name
   * @param sentence what is wrong where it is broken
   * @param example the example
   * @param seed which directions and cotangents
   * @param found what of an example breaks the law, if something does; it may throw, which breaks
   *     it too
   * @throws LawBroken if the example breaks it; with the smallest found that does
   */
  static void check(
      String law,
      String sentence,
      Example example,
      long seed,
      Function<Example, Optional<Finding>> found) {
    Optional<Finding> first = outcome(example, found);
    if (first.isEmpty()) {
      return;
    }
    Example smallest = smallest(example, found, first.get().thrown());
    Finding finding = outcome(smallest, found).orElse(first.get());
    if (!finding.along().isEmpty()) {
      Example plainest = smallest(Directed.of(smallest, seed), found, finding.thrown());
      // What threads do by chance they may not do again.
      finding = outcome(plainest, found).orElse(finding);
    }
    throw new LawBroken(
        law,
        smallest,
        Text.of(
            "%s (seed %d)%n%s%n%s",
            sentence, seed, finding.what(), printed(smallest, finding.along())),
        null);
  }

  /**
   * An example, and what a law used beside it.
   *
   * @param example the example
   * @param along directions and cotangents, a line of Java each
   * @return lines, after the word that leads to them
   */
  static String printed(Example example, List<String> along) {
    String directions = along.isEmpty() ? "" : Text.of("%nalong%n%s", String.join("\n", along));
    return Text.of("at%n%s%s", example.print(), directions);
  }

  private static Example smallest(
      Example example,
      Function<Example, Optional<Finding>> found,
      Optional<RuntimeException> thrown) {
    return Shrinker.smallest(
        example,
        e -> {
          Thrown.requireSense(e, thrown);
          return outcome(e, found).filter(f -> Thrown.areAlike(f.thrown(), thrown)).isPresent();
        },
        Shrinker.TRIES);
  }

  private static Optional<Finding> outcome(
      Example example, Function<Example, Optional<Finding>> found) {
    try {
      return found.apply(example);
    } catch (RuntimeException thrown) {
      return Optional.of(
          new Finding("it throws: " + Thrown.said(thrown), List.of(), Optional.of(thrown)));
    }
  }
}
