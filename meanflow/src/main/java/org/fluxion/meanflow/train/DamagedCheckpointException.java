package org.fluxion.meanflow.train;

import java.io.IOException;

/** A checkpoint was read, and is not what was written. */
final class DamagedCheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedCheckpointException(String message) {
    super(message);
  }
}
