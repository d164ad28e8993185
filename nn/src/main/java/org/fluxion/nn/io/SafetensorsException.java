package org.fluxion.nn.io;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A safetensors file is damaged, hostile or of a kind that cannot be read. The message names the
 * file, the tensor if it is about one, and the byte. Its cause is an {@link InternalError} if bytes
 * could not be read at all, as on a failing disk: that says nothing of the file ({@link
 * #isOfContents}).
 */
public final class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final String UNREADABLE =
      "it cannot be read; the file was cut short while it was open, or its disk is failing";

  /**
   * An error about the file as a whole.
   *
   * @param file the file
   * @param offset the byte, from the file's start, where the trouble is
   * @param problem what was expected, what came, what to do
   */
  public SafetensorsException(Path file, long offset, String problem) {
    super("%s: at byte %d: %s".formatted(file, offset, problem));
  }

  /**
   * An error about one tensor.
   *
   * @param file the file
   * @param tensor the tensor's name
   * @param offset the byte, from the file's start, where the trouble is
   * @param problem what was expected, what came, what to do
   */
  public SafetensorsException(Path file, String tensor, long offset, String problem) {
    super("%s: tensor \"%s\": at byte %d: %s".formatted(file, tensor, offset, problem));
  }

  /** A page of the mapped file is not there: an {@link InternalError} is how the JVM says so. */
  SafetensorsException(Path file, long offset, InternalError unreadable) {
    this(file, offset, UNREADABLE);
    initCause(unreadable);
  }

  /** The same of a tensor's bytes. */
  SafetensorsException(Path file, String tensor, long offset, InternalError unreadable) {
    this(file, tensor, offset, UNREADABLE);
    initCause(unreadable);
  }

  /**
   * Whether what the file holds is wrong.
   *
   * @return false if bytes of it could not be read: another time they may be
   */
  public boolean isOfContents() {
    return !(getCause() instanceof InternalError);
  }
}
