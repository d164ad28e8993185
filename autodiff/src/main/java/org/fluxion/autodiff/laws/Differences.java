package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.Subject.each;
import static org.fluxion.autodiff.laws.Subject.plus;
import static org.fluxion.autodiff.laws.Subject.scaled;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;
import org.fluxion.tensor.conformance.Widened;

/**
 * Central differences, extrapolated from the steps h, h/2 and h/4 (Richardson 1911): two
 * extrapolations, of which the better one is off by a fraction of what they differ by. Where the
 * slopes to both sides differ however small the step, there is a kink, which is forgiven. What
 * rounding makes of them follows from their operations, as it does everywhere; it is divided by h.
 * Where the larger step leads out of the function's domain, or over a kink, a smaller one may still
 * tell. Past a pole or a bend that is nearer than any step none does, which is seen by slopes that
 * come apart, those to both sides or those by one step and by the next. Kinks that cancel are
 * {@linkplain Kinks excused}. What both find different is forgiven the larger one: steps that are
 * finer than it look like a slope.
 *
 * <p>What is computed in fewer digits than float64 has is a staircase, which has no slope. So the
 * differences are the widened function's, and the tangent is as it is computed, roundings included.
 */
final class Differences {
  /** Powers of two: steps that round nothing. */
  private static final double[] STEPS = {0x1p-8, 0x1p-14};

  /**
   * How often the difference of both extrapolations is forgiven. Of a smooth function the better
   * one is off by a 15th of it; of a jump between the points by twice as much.
   */
  private static final double DOUBT = 3;

  /**
   * Slopes to both sides that come apart by so much more where the step is halved are no kink's, of
   * which they stay apart as they are: the function leaves for somewhere between the points.
   */
  private static final double GROWTH = 1.02;

  /**
   * Slopes by a step, its half and its quarter come nearer to each other, of a smooth function four
   * times as near. Where they keep this part of their distance they tell of no limit.
   */
  private static final double SETTLING = 0.9;

  /** A part of the value, or of the slope, by which a difference is no rounding's. */
  private static final double VISIBLE = 0x1p-20;

  private Differences() {}

  /**
   * That a function's tangent is its slope.
   *
   * @param what what the tangent is called
   * @param tangent the tangent
   * @param derivative the tangent of f at other points
   * @param f the function, of which nothing is stopped
   * @param x where
   * @param v along which direction
   */
  static List<Claim> claims(
      String what,
      Tensors tangent,
      Function<Tensors, Tensors> derivative,
      Function<Tensors, Tensors> f,
      Tensors x,
      Tensors v) {
    Function<Tensors, Tensors> wide = Widened.of(f, x);
    Tensors at = each(x, Widened::wide);
    Tensors along = each(v, Widened::wide);
    Tensors here = wide.apply(at);
    List<Slopes> slopes = new ArrayList<>();
    for (double h : STEPS) {
      slopes.add(
          new Slopes(
              Pair.of(wide, at, along, here, h),
              Pair.of(wide, at, along, here, h / 2),
              Pair.of(wide, at, along, here, h / 4)));
    }
    List<Tensors> better = slopes.stream().map(Slopes::better).toList();
    List<Claim> claims = new ArrayList<>();
    for (int s = 0; s < STEPS.length; s++) {
      for (int i = 0; i < tangent.leaves().size(); i++) {
        Tensor slope = better.get(s).leaves().get(i);
        // What a smaller step no longer sees is the slope of a staircase, and not of the function.
        Tensor smallest = better.getLast().leaves().get(i);
        Tensor doubt = slope.sub(slopes.get(s).other(i)).abs().add(slope.sub(smallest).abs());
        int result = i;
        double near = STEPS[s] / 4;
        claims.add(
            new Claim(
                what + " against differences by " + STEPS[s],
                slope,
                tangent.leaves().get(i),
                Optional.of(
                    doubt
                        .mul(DOUBT)
                        .add(slopes.get(s).kink(i).abs())
                        .add(slopes.get(s).unseen(i, here.leaves().get(i), STEPS[s]))),
                Optional.of(() -> beside(derivative, x, v, near).leaves().get(result))));
      }
    }
    return claims;
  }

  private static Tensors beside(
      Function<Tensors, Tensors> derivative, Tensors x, Tensors v, double h) {
    Tensors after = each(derivative.apply(plus(x, scaled(v, h))), Widened::wide);
    Tensors before = each(derivative.apply(plus(x, scaled(v, -h))), Widened::wide);
    return scaled(plus(after, before), 0.5);
  }

  /** Slopes by a step, by its half and by its quarter. */
  private record Slopes(Pair far, Pair middle, Pair near) {
    /** Extrapolated from the smaller steps. */
    Tensors better() {
      return new Tensors(
          IntStream.range(0, near.forward().leaves().size())
              .mapToObj(i -> extrapolated(middle.slope(i), near.slope(i)))
              .toList());
    }

    /** Extrapolated from the larger ones. */
    Tensor other(int i) {
      return extrapolated(far.slope(i), middle.slope(i));
    }

    /** What is left of a bend in the slope where a smooth function has none. */
    Tensor kink(int i) {
      return near.bend(i).mul(2).sub(middle.bend(i));
    }

    /**
     * Infinite where the steps tell nothing of the slope, since all of them lead past a pole, a
     * jump, a cusp or a bend that is nearer than the smallest. Else zero.
     */
    Tensor unseen(int i, Tensor here, double h) {
      Tensor least = here.abs().mul(VISIBLE * 4 / h);
      Tensor bend = near.bend(i).abs();
      Tensor leaps =
          bend.greater(middle.bend(i).abs().mul(GROWTH))
              .and(middle.bend(i).abs().greater(far.bend(i).abs().mul(GROWTH)))
              .and(bend.greater(near.slope(i).abs()))
              .and(bend.greater(least));
      Tensor change = near.slope(i).sub(middle.slope(i)).abs();
      Tensor drifts =
          change
              .greater(middle.slope(i).sub(far.slope(i)).abs().mul(SETTLING))
              .and(change.greater(near.slope(i).abs().mul(VISIBLE)))
              .and(change.greater(least));
      return Tensor.where(leaps.or(drifts), Double.POSITIVE_INFINITY, bend.zerosLike());
    }
  }

  /**
   * Slopes to both sides.
   *
   * @param forward (f(x + hv) − f(x)) / h
   * @param backward (f(x) − f(x − hv)) / h
   */
  private record Pair(Tensors forward, Tensors backward) {
    static Pair of(Function<Tensors, Tensors> f, Tensors x, Tensors v, Tensors here, double h) {
      Tensors after = f.apply(plus(x, scaled(v, h)));
      Tensors before = f.apply(plus(x, scaled(v, -h)));
      return new Pair(slope(here, after, h), slope(before, here, h));
    }

    private static Tensors slope(Tensors from, Tensors to, double h) {
      return scaled(plus(to, each(from, Tensor::neg)), 1 / h);
    }

    /** The central difference. */
    Tensor slope(int i) {
      return forward.leaves().get(i).add(backward.leaves().get(i)).mul(0.5);
    }

    /**
     * By how much the slope changes at x: of a smooth function h·f″, and at a kink as much as ever.
     */
    Tensor bend(int i) {
      return forward.leaves().get(i).sub(backward.leaves().get(i));
    }
  }

  private static Tensor extrapolated(Tensor far, Tensor near) {
    return near.mul(4).sub(far).div(3);
  }
}
