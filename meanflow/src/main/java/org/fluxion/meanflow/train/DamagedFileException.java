package org.fluxion.meanflow.train;

import java.io.IOException;
import org.fluxion.nn.io.SafetensorsException;

/** A checkpoint or a model was read, and is not what was written. */
final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedFileException(String message) {
    super(message);
  }

  DamagedFileException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Whether a file was read and is wrong, and not only could not be read. */
  static boolean isOfContents(IOException unusable) {
    return switch (unusable) {
      case DamagedFileException _ -> true;
      case SafetensorsException wrong -> wrong.isOfContents();
      default -> false;
    };
  }
}
