package org.fluxion.tensor;

/**
 * A tensor operation was asked for something it cannot do. The message names the operation, what
 * came, what was expected and what to do.
 */
public class TensorException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message operation, what came, what was expected, what to do
   */
  public TensorException(String message) {
    super(message);
  }

  /**
   * Creates the exception, of something that failed underneath.
   *
   * @param message operation, what came, what was expected, what to do
   * @param cause what failed
   */
  public TensorException(String message, Throwable cause) {
    super(message, cause);
  }
}
