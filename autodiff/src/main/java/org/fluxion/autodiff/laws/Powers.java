package org.fluxion.autodiff.laws;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;

/**
 * Powers whose exponent varies, at bases at which they have no derivative by it. Of a negative
 * number xʸ is a number for whole y alone, and its derivative by y is none; where y does not move,
 * as the sign of something does not, that is multiplied by 0, and is still none. Of zero the
 * derivative by y is 0, but that of the slope y·x^(y−1) is −∞ at y = 1, and what a rule for xʸ by x
 * and then y says of it need not be what one for y and then x says.
 */
final class Powers {
  private final Subject subject;
  private Boolean areOfNegative;
  private Boolean areOfZero;

  /** The powers of a subject's function. */
  Powers(Subject subject) {
    this.subject = subject;
  }

  /** Whether there is one of a negative number, whose derivative is lost in a NaN. */
  boolean areOfNegative() {
    if (areOfNegative == null) {
      areOfNegative = isAnyBase(x -> x.less(0));
    }
    return areOfNegative;
  }

  /** Whether there is one of zero, which has no second derivative. */
  boolean areOfZero() {
    if (areOfZero == null) {
      areOfZero = isAnyBase(x -> x.equal(0));
    }
    return areOfZero;
  }

  private boolean isAnyBase(UnaryOperator<Tensor> such) {
    return subject.isAnywhere(
        node ->
            node.op() instanceof Op.Pow && varies(node.inputs().get(1))
                ? Stream.of(such.apply(node.inputs().getFirst()))
                : Stream.empty());
  }

  private boolean varies(Tensor exponent) {
    Set<Tensor> point = new HashSet<>(subject.x().leaves());
    return Graph.topological(List.of(exponent), point).stream().anyMatch(point::contains);
  }
}
