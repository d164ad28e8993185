package org.fluxion.autodiff.laws;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.ErrorBound.Yardstick;

/**
 * Kinks that cancel. The function min(x, max(x, y)) is x, and smooth; but where x = y both of its
 * parts have a kink, at which a rule can only choose, here half of each: so that the slope comes
 * out as ¾, whatever rules there are for a kink. Where something of the function is at a kink, and
 * the tangent is the slope on either side of the point, the point alone is forgiven.
 */
final class Kinks {
  /** The part of a tangent's error that may be seen beside the point. */
  private static final double BESIDE = 0x1p-3;

  private final Subject subject;
  private final Map<Claim, HostData> beside = new IdentityHashMap<>();
  private Boolean hasKink;

  /** The kinks of a subject's function. */
  Kinks(Subject subject) {
    this.subject = subject;
  }

  /**
   * Whether an element that is no slope has kinks for an excuse.
   *
   * @param claim what is broken
   * @param element where
   * @param slope what differences say
   * @param tangent what the rule says
   * @return whether it is forgiven; never where the function is one operation
   */
  boolean excuse(Claim claim, int element, double slope, double tangent) {
    if (claim.beside().isEmpty() || subject.isAlone() || !hasKink()) {
      return false;
    }
    double mean = beside.computeIfAbsent(claim, this::beside).getDouble(element);
    return Math.abs(mean - slope) <= BESIDE * Math.abs(tangent - slope);
  }

  private HostData beside(Claim claim) {
    Tensor mean = claim.beside().orElseThrow().get();
    return subject.bounds(List.of(mean), Yardstick.REAL).getFirst().expected();
  }

  private boolean hasKink() {
    if (hasKink == null) {
      hasKink = subject.isAnywhere(Kinks::ties);
    }
    return hasKink;
  }

  /** Where an operation has a kink, or a jump. */
  private static Stream<Tensor> ties(Tensor node) {
    if (node.inputs().isEmpty() || !node.inputs().getFirst().dtype().isFloating()) {
      return Stream.empty();
    }
    Tensor x = node.inputs().getFirst();
    return switch (node.op()) {
      case Op.Abs _, Op.Sign _ -> Stream.of(x.equal(0));
      case Op.Max _, Op.Min _, Op.Equal _, Op.Less _, Op.LessEqual _ ->
          Stream.of(x.equal(node.inputs().get(1)));
      case Op.ReduceMax op when !op.axes().isEmpty() -> Stream.of(several(x, op.axes()));
      case Op.ArgMax op -> Stream.of(several(x, List.of(op.axis())));
      case Op.ArgSort _ -> Stream.of(equals(x));
      default -> Stream.empty();
    };
  }

  /** Whether the largest of some axes is there more than once. */
  private static Tensor several(Tensor x, List<Integer> axes) {
    int[] all = axes.stream().mapToInt(i -> i).toArray();
    return x.equal(x.maxKeep(all)).cast(DType.INT32).sum(all).greater(1);
  }

  /** Whether there are equal elements along the last axis. */
  private static Tensor equals(Tensor x) {
    int rank = x.shape().rank();
    Tensor pairs = x.expandDims(rank).equal(x.expandDims(rank - 1));
    return pairs.cast(DType.INT32).sum(-1).greater(1);
  }
}
