package org.fluxion.autodiff;

import org.fluxion.tensor.TensorException;

/**
 * The rule that a {@linkplain CustomFunction custom function} brings for its derivative is none: it
 * throws, it is not linear, it does not fit the result, or a transpose is that of another function.
 */
public final class RuleException extends TensorException {
  private static final long serialVersionUID = 1L;

  private final String function;

  RuleException(String function, String message, Throwable cause) {
    super(message, cause);
    this.function = function;
  }

  /** Of a rule that throws, however deep in it: the innermost function's is the one to mend. */
  static RuleException of(String function, String rule, Throwable thrown) {
    return thrown instanceof RuleException inner
        ? inner
        : new RuleException(
            function, "custom function '" + function + "': " + rule + " throws " + thrown, thrown);
  }

  /**
   * Whose rule it is.
   *
   * @return the custom function's name
   */
  public String function() {
    return function;
  }
}
