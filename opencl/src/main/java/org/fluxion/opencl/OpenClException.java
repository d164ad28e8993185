package org.fluxion.opencl;

/** OpenCL was asked for something that it, or this backend, cannot do. */
final class OpenClException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OpenClException(String message) {
    super(message);
  }

  OpenClException(String message, Throwable cause) {
    super(message, cause);
  }
}
