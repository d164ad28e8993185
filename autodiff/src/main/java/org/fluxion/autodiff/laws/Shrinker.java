package org.fluxion.autodiff.laws;

import java.util.Iterator;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Looks for the simplest example that still fails. What was tried in vain seldom succeeds a step
 * later, so the search goes on behind the last step that succeeded, and returns to the others when
 * there is nothing behind it; it ends when none succeeds.
 */
public final class Shrinker {
  /**
   * How many examples the laws try. Half as many left some programs, drawn with twenty operations,
   * larger than they had to be; a failure takes seconds, of large programs half a minute.
   */
  static final int TRIES = 2000;

  private final Predicate<Example> fails;
  private Example smallest;
  private int left;

  /** How many candidates come before the one that succeeded last. */
  private int place;

  private Shrinker(Example failing, Predicate<Example> fails, int tries) {
    this.smallest = failing;
    this.fails = fails;
    this.left = tries;
  }

  /**
   * Goes from a failing example to a simpler one that fails as well, as long as there is one.
   *
   * @param failing an example that fails
   * @param fails whether an example fails; one that it throws for does not count
   * @param tries how many examples are tried at most
   * @return the simplest that was found
   */
  public static Example smallest(Example failing, Predicate<Example> fails, int tries) {
    Shrinker shrinker = new Shrinker(failing, fails, tries);
    boolean found = true;
    while (found) {
      int start = shrinker.place;
      Example current = shrinker.smallest;
      found =
          shrinker.found(current.simpler().skip(start), start)
              || shrinker.found(current.simpler().limit(start), 0);
    }
    return shrinker.smallest;
  }

  /** Whether one of some candidates fails; it is the smallest then. */
  private boolean found(Stream<Example> candidates, int start) {
    Iterator<Example> remaining = candidates.iterator();
    for (int i = start; left > 0 && remaining.hasNext(); i++) {
      left--;
      Example candidate = remaining.next();
      if (holds(candidate)) {
        smallest = candidate;
        place = i;
        return true;
      }
    }
    return false;
  }

  private boolean holds(Example candidate) {
    try {
      return fails.test(candidate);
    } catch (RuntimeException makesNoSense) {
      return false;
    }
  }
}
