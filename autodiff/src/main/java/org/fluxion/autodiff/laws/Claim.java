package org.fluxion.autodiff.laws;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Tensors;

/**
 * That two tensors of a graph are equal.
 *
 * @param what what is compared
 * @param expected what it is to be
 * @param actual what the derivative rule makes of it
 * @param slack what the two may differ by beyond rounding, an element each, since one of them is an
 *     approximation
 * @param beside the mean of what the rule makes of it on either side of the point, if it is asked
 *     for
 */
record Claim(
    String what,
    Tensor expected,
    Tensor actual,
    Optional<Tensor> slack,
    Optional<Supplier<Tensor>> beside) {
  Claim(String what, Tensor expected, Tensor actual) {
    this(what, expected, actual, Optional.empty(), Optional.empty());
  }

  /** A claim for each tensor of two lists. */
  static List<Claim> each(String what, Tensors expected, Tensors actual) {
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < expected.leaves().size(); i++) {
      String which = expected.leaves().size() > 1 ? what + " of result " + i : what;
      claims.add(new Claim(which, expected.leaves().get(i), actual.leaves().get(i)));
    }
    return claims;
  }

  /** The tensors that have to be computed. */
  List<Tensor> tensors() {
    List<Tensor> tensors = new ArrayList<>(List.of(expected, actual));
    slack.ifPresent(tensors::add);
    return tensors;
  }
}
