package org.fluxion.opencl;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hash by which what is kept on disk is named and known to be whole. */
final class Sha256 {
  private Sha256() {}

  /** A fresh digest. */
  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException missing) {
      // Every Java has it.
      throw new IllegalStateException(missing);
    }
  }
}
