package org.fluxion.autodiff.laws;

/** A function breaks a law: what every test engine reports as a failure. */
public final class LawBroken extends AssertionError {
  private static final long serialVersionUID = 1;

  private final String law;
  private final transient Example smallest;

  LawBroken(String law, Example smallest, String message, Throwable cause) {
    super(message, cause);
    this.law = law;
    this.smallest = smallest;
  }

  /**
   * Which law, or under which one something was thrown.
   *
   * @return its name
   */
  public String law() {
    return law;
  }

  /**
   * The smallest example found that breaks it.
   *
   * @return the example
   */
  public Example smallest() {
    return smallest;
  }
}
