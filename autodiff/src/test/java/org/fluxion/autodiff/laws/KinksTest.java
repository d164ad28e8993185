package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.fluxion.autodiff.Autodiff;
import org.fluxion.tensor.CustomOp;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Smooth functions whose parts have kinks that cancel: no rule for kinks finds their slopes. */
class KinksTest {
  private static final Tensor TIES = Tensor.of(new double[] {3, 3, 0, -2, 5, 1}, 2, 3).detach();

  /** A rule for x² by what the slope is taken for. */
  private record Square(UnaryOperator<Tensor> slope) implements CustomOp {
    @Override
    public String name() {
      return "square";
    }

    @Override
    public Tensor expand(List<Tensor> inputs) {
      return inputs.getFirst().square();
    }

    @Override
    public Tensor jvp(List<Tensor> inputs, Tensor output, List<Tensor> tangents) {
      return tangents.getFirst().mul(slope.apply(inputs.getFirst()));
    }

    Tensor of(Tensor x) {
      return Tensor.apply(new Op.Custom(this), List.of(x));
    }
  }

  private static Tensor picked(Tensor x, Tensor indices) {
    int[] all = x.shape().extents();
    Tensor rows = x.reshape(all[0], all[1], 1);
    return Tensor.apply(new Op.Gather(), List.of(rows, indices)).squeeze(2);
  }

  private static Tensor first(Tensor x) {
    return picked(x, Tensor.apply(new Op.ArgMax(1), List.of(x)).expandDims(1)).squeeze(1);
  }

  private static Tensor last(Tensor x) {
    return picked(x, Tensor.apply(new Op.ArgSort(), List.of(x))).slice(1, 2, 3).squeeze(1);
  }

  private static Tensor left(Tensor x) {
    return x.slice(1, 0, 2);
  }

  private static Tensor right(Tensor x) {
    return x.slice(1, 1, 3);
  }

  private static Tensor chosen(Tensor x) {
    return Tensor.where(left(x).greater(right(x)), left(x), right(x));
  }

  /** Each is x, a part of it, or the sum of its rows. */
  static Stream<UnaryOperator<Tensor>> smooth() {
    return Stream.of(
        x -> left(x).minimum(left(x).maximum(right(x))),
        x -> x.minimum(x.maximum(Autodiff.stopGradient(x.flip(1)))),
        x -> chosen(x).sub(left(x).maximum(right(x))).add(left(x)),
        x -> x.abs().sub(x.maximum(0)).sub(x.neg().maximum(0)).add(x.minimum(x.maximum(0))),
        x -> x.max(1).sub(first(x)).add(x.sum(1)),
        x -> x.max(1).sub(last(x)).add(x.sum(1)));
  }

  @ParameterizedTest
  @MethodSource("smooth")
  void theyBreakNoLaw(UnaryOperator<Tensor> f) {
    LawReport report = Laws.of(f).at(TIES).order(3).tries(5).check();
    assertTrue(report.excused().get(Law.DIFFERENCES) > 0, report::toString);
    assertTrue(report.certified().get(Law.DIFFERENCES) > 0, report::toString);
  }

  @Test
  void whatIsWrongBesideThemTooIsFound() {
    Square wrong = new Square(x -> x.mul(3));
    UnaryOperator<Tensor> f = x -> wrong.of(x).add(x.minimum(x.maximum(0)));
    assertThrows(LawBroken.class, () -> Laws.of(f).at(TIES).check());
  }

  @Test
  void whatIsWrongAtAPointWithoutAKinkIsFound() {
    Square wrong = new Square(x -> Tensor.where(x.equal(0), x.add(1), x.mul(2)));
    assertThrows(LawBroken.class, () -> Laws.of(wrong::of).at(TIES).check());
    assertThrows(LawBroken.class, () -> Laws.of(x -> wrong.of(x).exp()).at(TIES).check());
  }
}
