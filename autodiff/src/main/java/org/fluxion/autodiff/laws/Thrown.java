package org.fluxion.autodiff.laws;

import java.util.Optional;
import org.fluxion.autodiff.RuleException;
import org.fluxion.tensor.TensorException;

/** What examples throw where a law asks for numbers. */
final class Thrown {
  private Thrown() {}

  /**
   * Demands that an example is a function at all, which what is cut short need not be.
   *
   * @param example the example
   * @param thrown what is looked for in simpler examples, if something thrown is
   * @throws RuntimeException if the function itself throws, without any derivative
   */
  static void requireSense(Example example, Optional<RuntimeException> thrown) {
    // A function that is built already tries its derivative's rule: that says nothing of its sense.
    if (thrown.filter(RuleException.class::isInstance).isEmpty()) {
      example.apply(example.values());
    }
  }

  /** Whether both threw for the same reason, as far as can be told, or neither did. */
  static boolean areAlike(Optional<RuntimeException> one, Optional<RuntimeException> other) {
    return one.map(Thrown::reason).equals(other.map(Thrown::reason));
  }

  private static String reason(RuntimeException thrown) {
    String kind = thrown.getClass().getName();
    return thrown instanceof RuleException rule
        ? kind + " " + rule.function() + " " + rule.getCause().getClass().getName()
        : kind;
  }

  /**
   * What it says; and what it is, unless it is an error of the project's own, which says it all.
   */
  static String said(RuntimeException thrown) {
    return thrown instanceof TensorException ? thrown.getMessage() : thrown.toString();
  }
}
