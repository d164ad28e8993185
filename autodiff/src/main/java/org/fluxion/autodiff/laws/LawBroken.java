package org.fluxion.autodiff.laws;

/** A function breaks a law: what every test engine reports as a failure. */
public final class LawBroken extends AssertionError {
  private static final long serialVersionUID = 1;

  LawBroken(String message, Throwable cause) {
    super(message, cause);
  }
}
