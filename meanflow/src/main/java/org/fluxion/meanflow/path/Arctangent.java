package org.fluxion.meanflow.path;

import org.fluxion.tensor.Tensor;

/**
 * The arctangent from primitives. Times are drawn, never differentiated, so accuracy is all that
 * matters: the argument is halved three times by atan x = 2·atan(x / (1 + √(1 + x²))), which leaves
 * at most tan(π/16) &lt; 0.2, where the series to the 23rd power is exact to double precision.
 */
final class Arctangent {
  private static final int HALVINGS = 3;
  private static final int LAST_POWER = 23;

  private Arctangent() {}

  static Tensor of(Tensor x) {
    Tensor reduced = x;
    for (int i = 0; i < HALVINGS; i++) {
      reduced = reduced.div(reduced.square().add(1).sqrt().add(1));
    }
    Tensor square = reduced.square();
    Tensor sum = square.zerosLike();
    for (int power = LAST_POWER; power >= 1; power -= 2) {
      sum = sum.mul(square).add((power / 2 % 2 == 0 ? 1.0 : -1.0) / power);
    }
    return sum.mul(reduced).mul(1 << HALVINGS);
  }
}
