package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.Subject.each;
import static org.fluxion.autodiff.laws.Subject.plus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;

/**
 * Central differences, extrapolated from the steps h, h/2 and h/4 (Richardson 1911): two
 * extrapolations, of which the better one is off by a fraction of what they differ by, unless there
 * is a kink. What rounding makes of them follows from their operations, as it does everywhere; it
 * is divided by h. Where the larger step leads out of the function's domain, or over a kink, a
 * smaller one may still tell.
 */
final class Differences {
  /** Powers of two: steps that round nothing. */
  private static final double[] STEPS = {0x1p-8, 0x1p-14};

  /**
   * How often the difference of both extrapolations is forgiven. Of a smooth function the better
   * one is off by a 15th of it; of a jump between the points by twice as much.
   */
  private static final double DOUBT = 3;

  private Differences() {}

  static List<Claim> claims(Subject s) {
    Tensors tangent = Autodiff.jvp(s.f(), s.x(), s.v(0)).tangent();
    List<Claim> claims = new ArrayList<>();
    for (double h : STEPS) {
      Tensors wide = slope(s, h);
      Tensors middle = slope(s, h / 2);
      Tensors narrow = slope(s, h / 4);
      for (int i = 0; i < tangent.leaves().size(); i++) {
        Tensor first = extrapolated(wide.leaves().get(i), middle.leaves().get(i));
        Tensor second = extrapolated(middle.leaves().get(i), narrow.leaves().get(i));
        claims.add(
            new Claim(
                "Jv against differences by " + h,
                second,
                tangent.leaves().get(i),
                Optional.of(second.sub(first).abs().mul(DOUBT))));
      }
    }
    return claims;
  }

  private static Tensors slope(Subject s, double h) {
    Tensors after = s.f().apply(plus(s.x(), each(s.v(0), v -> v.mul(h))));
    Tensors before = s.f().apply(plus(s.x(), each(s.v(0), v -> v.mul(-h))));
    return each(plus(after, each(before, Tensor::neg)), t -> t.mul(0.5 / h));
  }

  private static Tensor extrapolated(Tensor wide, Tensor narrow) {
    return narrow.mul(4).sub(wide).div(3);
  }
}
