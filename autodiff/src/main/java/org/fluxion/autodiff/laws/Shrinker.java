package org.fluxion.autodiff.laws;

import java.util.Iterator;
import java.util.function.Predicate;

/** Looks for the simplest example that still fails. */
public final class Shrinker {
  private Shrinker() {}

  /**
   * Goes from a failing example to a simpler one that fails as well, as long as there is one.
   *
   * @param failing an example that fails
   * @param fails whether an example fails; one that it throws for does not count
   * @param tries how many examples are tried at most
   * @return the simplest that was found
   */
  public static Example smallest(Example failing, Predicate<Example> fails, int tries) {
    Example smallest = failing;
    int left = tries;
    boolean found = true;
    while (found && left > 0) {
      found = false;
      Iterator<Example> candidates = smallest.simpler().iterator();
      while (!found && left-- > 0 && candidates.hasNext()) {
        Example candidate = candidates.next();
        if (holds(fails, candidate)) {
          smallest = candidate;
          found = true;
        }
      }
    }
    return smallest;
  }

  private static boolean holds(Predicate<Example> fails, Example candidate) {
    try {
      return fails.test(candidate);
    } catch (RuntimeException makesNoSense) {
      return false;
    }
  }
}
