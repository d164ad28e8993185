package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound.Yardstick;
import org.fluxion.tensor.conformance.Widened;

/**
 * What became of a law on an example.
 *
 * @param law the law
 * @param certified how many elements were compared within a tolerance that tells something
 * @param zero how many of these are zero on both sides
 * @param excused how many elements tell nothing: what is infinite or no number has no tolerance,
 *     and neither has what hangs on a comparison of numbers nearer than they are exact; and a
 *     number that several operations lose in a NaN on the way back; and a tangent at kinks that
 *     cancel, or of {@linkplain Powers powers} that have none
 * @param violation the element that is off the most, if one is off by more than it may be
 */
public record Verdict(
    Law law, int certified, int zero, int excused, Optional<Violation> violation) {
  /**
   * An element that breaks a law.
   *
   * @param what what was compared
   * @param index where, an index per axis
   * @param expected what the law asks for
   * @param actual what the derivative rule gave
   * @param tolerance how far apart they may be
   * @param rounding the part of the tolerance that is for rounding
   * @param along the directions and cotangents that were used, a line of Java each
   */
  public record Violation(
      String what,
      List<Integer> index,
      double expected,
      double actual,
      double tolerance,
      double rounding,
      List<String> along) {
    /** Copies the lists. */
    public Violation {
      index = List.copyOf(index);
      along = List.copyOf(along);
    }

    Violation along(List<String> lines) {
      return new Violation(what, index, expected, actual, tolerance, rounding, lines);
    }

    double severity() {
      double off = Math.abs(expected - actual);
      return off < Double.POSITIVE_INFINITY ? off / tolerance : Double.POSITIVE_INFINITY;
    }

    @Override
    public String toString() {
      String why =
          tolerance > rounding
              ? Text.of(
                  "%s for rounding, %s for what differences are off by",
                  shown(rounding), shown(tolerance - rounding))
              : "every operation's own rounding, passed on by those that follow";
      return Text.of(
          "%s%s: expected %s, got %s%n  off by %s, allowed %s: %s",
          what,
          index.isEmpty() ? "" : " at " + index,
          expected,
          actual,
          shown(Math.abs(expected - actual)),
          shown(tolerance),
          why);
    }

    /** In a float's digits, unless it is too small or too large to be one. */
    private static String shown(double number) {
      float few = (float) number;
      return few == 0 || Float.isInfinite(few) ? Double.toString(number) : Float.toString(few);
    }
  }

  private static final double UNBOUNDED = Double.POSITIVE_INFINITY;

  /** Tries a law. */
  static Verdict of(Law law, Subject subject) {
    List<Claim> claims = subject.isDifferentiable() ? law.claims(subject) : List.of();
    boolean isWidened = isWidened(claims, subject);
    List<Bounded> bounds = bounds(claims, subject, isWidened);
    int certified = 0;
    int zero = 0;
    int excused = 0;
    Kinks kinks = new Kinks(subject);
    Powers powers = new Powers(subject);
    Violation worst = null;
    Claim broken = null;
    int next = 0;
    for (Claim claim : claims) {
      Bounded expected = bounds.get(next);
      Bounded actual = bounds.get(next + 1);
      Optional<Bounded> slack =
          claim.slack().isPresent() ? Optional.of(bounds.get(next + 2)) : Optional.empty();
      next += claim.tensors().size();
      for (int i = 0; i < expected.expected().elements(); i++) {
        double left = expected.expected().getDouble(i);
        double right = actual.expected().getDouble(i);
        int element = i;
        double doubt = slack.map(b -> b.expected().getDouble(element) + at(b, element)).orElse(0.0);
        // What becomes of a number that is known has to be one, however its own operations err: but
        // for what is too large for a narrow dtype, and not for the wide one of its slope.
        boolean isLost =
            Double.isNaN(right)
                && Double.isFinite(left)
                && at(expected, i) + doubt < UNBOUNDED
                && !isWidened;
        double rounding = at(expected, i) + (isLost ? 0 : at(actual, i));
        // The value beside a derivative is computed as the value is: an infinity is one there too.
        boolean isAnother =
            law == Law.VALUE && !Double.isFinite(left) && Double.compare(left, right) != 0;
        double tolerance = isAnother ? 0 : rounding + doubt;
        boolean isOpen =
            !isAnother && !(rounding + at(actual, i) + doubt < UNBOUNDED && Double.isFinite(left));
        boolean mayBeLost = law.goesBack() || isOpen && slack.isEmpty();
        boolean isExcused =
            isLost ? !subject.isAlone() && (mayBeLost || powers.areOfNegative()) : isOpen;
        if (isExcused) {
          excused++;
          continue;
        }
        Violation found =
            new Violation(
                claim.what(),
                index(claim.expected(), i),
                left,
                right,
                tolerance,
                rounding,
                List.of());
        boolean isBroken = left != right && found.severity() > 1;
        boolean isForgiven =
            isBroken
                && (kinks.excuse(claim, i, left, right) || law.order() > 1 && powers.areOfZero());
        boolean tells = Bounded.tells(left, right, tolerance) && !isForgiven;
        zero += left == 0 && right == 0 ? 1 : 0;
        certified += tells ? 1 : 0;
        excused += tells ? 0 : 1;
        if (isBroken && !isForgiven && (worst == null || found.severity() > worst.severity())) {
          worst = found;
          broken = claim;
        }
      }
    }
    if (broken != null) {
      worst = worst.along(subject.along(broken.tensors()));
    }
    return new Verdict(law, certified, zero, excused, Optional.ofNullable(worst));
  }

  private static List<Tensor> tensors(List<Claim> claims) {
    return claims.stream().flatMap(c -> c.tensors().stream()).toList();
  }

  /** Whether a narrow derivative is compared with slopes, which are the widened function's. */
  private static boolean isWidened(List<Claim> claims, Subject subject) {
    return claims.stream().anyMatch(claim -> claim.slack().isPresent())
        && Widened.isNarrow(new Graph(subject.inputs(), tensors(claims)));
  }

  /** The claims' tensors, one after the other. */
  private static List<Bounded> bounds(List<Claim> claims, Subject subject, boolean isWidened) {
    List<Tensor> tensors = tensors(claims);
    if (!isWidened) {
      return bounds(tensors, subject, Yardstick.REAL);
    }
    // A slope is the widened function's, which need not choose as the narrow one does.
    List<Tensor> actual = claims.stream().map(Claim::actual).toList();
    List<Tensor> others = tensors.stream().filter(t -> !actual.contains(t)).toList();
    List<Bounded> chosen = bounds(others, subject, Yardstick.REAL);
    List<Bounded> open = bounds(actual, subject, Yardstick.REAL_CHOICES);
    return tensors.stream()
        .map(t -> actual.contains(t) ? open.get(actual.indexOf(t)) : chosen.get(others.indexOf(t)))
        .toList();
  }

  private static List<Bounded> bounds(List<Tensor> tensors, Subject subject, Yardstick yardstick) {
    return subject.bounds(tensors.stream().map(Widened::wide).toList(), yardstick);
  }

  /** What an element may be off by. */
  static double at(Bounded bound, int i) {
    return bound.allowed() == null ? 0 : bound.allowed()[i];
  }

  private static List<Integer> index(Tensor tensor, int element) {
    List<Integer> index = new ArrayList<>();
    long[] strides = tensor.shape().strides();
    for (int axis = 0; axis < tensor.shape().rank(); axis++) {
      index.add((int) (element / strides[axis] % tensor.shape().extent(axis)));
    }
    return index;
  }
}
