package org.fluxion.tensor.cpu;

import org.fluxion.tensor.Op;

/** Elementary functions over blocks of floats. */
final class FloatElementary {
  private FloatElementary() {}

  static BlockFunction of(Op.Unary op) {
    return ScalarFunctions.floats(op, -1);
  }
}
