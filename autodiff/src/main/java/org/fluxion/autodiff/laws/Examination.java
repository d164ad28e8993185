package org.fluxion.autodiff.laws;

import java.util.List;
import java.util.Optional;
import org.fluxion.autodiff.RuleException;

/**
 * An example that is held to one law after the other, with the same directions and cotangents: what
 * the laws' derivatives have in common is computed once.
 */
public final class Examination {
  private final Example example;
  private final long seed;
  private Subject subject;

  /**
   * Of an example.
   *
   * @param example the example, such as a {@link RandomProgram}
   * @param seed which directions and cotangents
   */
  public Examination(Example example, long seed) {
    this.example = example;
    this.seed = seed;
  }

  /**
   * Holds it to a law.
   *
   * @param law the law
   * @return how much was compared
   * @throws LawBroken if it breaks the law, or throws; with the smallest example found that does
   */
  public Verdict check(Law law) {
    Verdict verdict;
    try {
      if (subject == null) {
        subject = Subject.of(example, seed);
      }
      verdict = Verdict.of(law, subject);
    } catch (RuntimeException thrown) {
      // Of this one something may be half done.
      subject = null;
      throw thrown(law, thrown);
    }
    if (verdict.violation().isPresent()) {
      Example smallest =
          Shrinker.smallest(example, e -> violation(e, law).isPresent(), Shrinker.TRIES);
      Example along =
          Shrinker.smallest(
              Directed.of(smallest, seed), e -> violation(e, law).isPresent(), Shrinker.TRIES);
      // What a function does by chance it may not do again.
      Verdict.Violation violation = violation(along, law).or(verdict::violation).get();
      throw new LawBroken(
          law.name(),
          smallest,
          Text.of(
              "%s is broken (seed %d): %s%n%s%n%s",
              law, seed, law.sentence(), violation, Broken.printed(smallest, violation.along())),
          null);
    }
    return verdict;
  }

  /** What is thrown where a law asks for numbers: by a rule, or by what uses one. */
  private LawBroken thrown(Law law, RuntimeException first) {
    Example smallest =
        Shrinker.smallest(
            example,
            e -> {
              Thrown.requireSense(e, Optional.of(first));
              return Thrown.areAlike(thrown(e, law), Optional.of(first));
            },
            Shrinker.TRIES);
    RuntimeException last = thrown(smallest, law).orElse(first);
    String outcome =
        last instanceof RuleException
            // No law says what is wrong with it: the first that asks for it finds it.
            ? Text.of("the rule cannot be used (seed %d): ", seed)
            : Text.of("%s cannot be checked (seed %d): ", law, seed);
    return new LawBroken(
        law.name(),
        smallest,
        Text.of("%s%s%n%s", outcome, Thrown.said(last), Broken.printed(smallest, List.of())),
        last);
  }

  private Optional<Verdict.Violation> violation(Example other, Law law) {
    return Verdict.of(law, Subject.of(other, seed)).violation();
  }

  private Optional<RuntimeException> thrown(Example other, Law law) {
    try {
      violation(other, law);
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of(e);
    }
  }
}
