package org.fluxion.autodiff.conformance;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.fluxion.tensor.DType;

/**
 * How an operation fares on a device.
 *
 * @param operation its name, as {@code explain()} prints it
 * @param dtypes what it was tried at
 * @param shares the largest error of each aspect that it has, as a share of what is allowed: 0 if
 *     every element is the exact value, rounded to the dtype, and above 1 if it is wrong
 * @param units the largest error of its result in units in the last place, if it is an elementwise
 *     operation and could be run
 * @param relative the largest error of its result relative to the result's largest element, if it
 *     is any other operation and could be run
 * @param failing the aspects that could not be computed, at one of the dtypes at least
 * @param faults what is wrong or fails, a line each, the worst first
 */
public record Findings(
    String operation,
    Set<DType> dtypes,
    Map<Aspect, Double> shares,
    OptionalDouble units,
    OptionalDouble relative,
    Set<Aspect> failing,
    List<String> faults) {
  /** What is held against the reference. */
  public enum Aspect {
    /** The result itself. */
    RESULT,
    /** Its tangent. */
    TANGENT,
    /** Its gradient, and that of its tangent. */
    GRADIENT
  }

  /** What to think of the operation. */
  public enum Verdict {
    /** Every error is within its bound. */
    RIGHT,
    /** The device computed, and not what it should. */
    WRONG,
    /** The device did not compute, and said so. */
    FAILS;

    @Override
    public String toString() {
      return this == RIGHT ? "right" : name();
    }
  }

  /** Copies the collections. */
  public Findings {
    Set<DType> ordered = EnumSet.noneOf(DType.class);
    ordered.addAll(dtypes);
    dtypes = java.util.Collections.unmodifiableSet(ordered);
    Map<Aspect, Double> each = new EnumMap<>(Aspect.class);
    each.putAll(shares);
    shares = java.util.Collections.unmodifiableMap(each);
    failing = Set.copyOf(failing);
    faults = List.copyOf(faults);
  }

  /**
   * What to think of it.
   *
   * @return the worst that was found
   */
  public Verdict verdict() {
    if (shares.values().stream().anyMatch(share -> share > 1)) {
      return Verdict.WRONG;
    }
    return failing.isEmpty() ? Verdict.RIGHT : Verdict.FAILS;
  }
}
