package org.fluxion.nn.io;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A safetensors file is damaged, hostile or of a kind that cannot be read. The message names the
 * file, the tensor if it is about one, and the byte.
 */
public final class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1L;

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
}
