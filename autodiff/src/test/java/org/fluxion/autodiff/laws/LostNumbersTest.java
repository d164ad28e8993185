package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.autodiff.CustomFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * A number that is lost in a NaN on the way back is the fault of an operation alone, and nobody's
 * where operations follow each other.
 */
class LostNumbersTest {
  /** Of no axes: nothing is summed, which would make an error of the NaN unknown anyway. */
  private static final Tensor ZERO = Tensor.scalar(0, DType.FLOAT64);

  /** What is left out at 0 has a slope of zero times infinity on the way back. */
  private static final CustomFunction HALF =
      CustomFunction.of(
          "half",
          x -> x.mul(0.5),
          (x, y, dx) -> Tensor.where(x.equal(0), dx.mul(0.5), dx.div(x).mul(x).mul(0.5)));

  private static RandomProgram program(List<Tensor> values, RandomProgram.Line... lines) {
    return new RandomProgram(values, List.of(lines), List.of(values.size() + lines.length - 1));
  }

  private static RandomProgram.Line line(Op op, Integer... operands) {
    return new RandomProgram.Line(op, List.of(operands));
  }

  private static Op half() {
    return HALF.apply(ZERO).op();
  }

  /** Nobody's fault: x, and beside it the logarithm of 0, which is not selected. */
  @Test
  void ofSeveralOperationsIsExcused() {
    Tensor never = Tensor.scalar(0, DType.INT32).cast(DType.BOOL).detach();
    RandomProgram program =
        program(List.of(ZERO, never), line(new Op.Log(), 0), line(new Op.Select(), 1, 2, 0));
    Examination examination = new Examination(program, 0);
    for (Law law : Law.upTo(2)) {
      if (!law.takesDifferences()) {
        examination.check(law);
      }
    }
    Verdict verdict = examination.check(Law.DUALITY);
    assertEquals(1, verdict.excused());
    assertEquals(0, verdict.certified());
  }

  @Test
  void ofAnOperationAloneBreaksTheLaw() {
    RandomProgram alone = program(List.of(ZERO), line(half(), 0));
    assertTrue(Laws.checked(alone, Law.DIFFERENCES, 0).certified() > 0, "the tangent is right");
    LawBroken thrown = assertThrows(LawBroken.class, () -> Laws.checked(alone, Law.DUALITY, 0));
    assertTrue(thrown.getMessage().contains("got NaN"), thrown.getMessage());
  }

  @Test
  void ofTheSameOperationAmongOthersIsExcused() {
    RandomProgram program = program(List.of(ZERO), line(half(), 0), line(new Op.Neg(), 1));
    assertEquals(1, Laws.checked(program, Law.DUALITY, 0).excused());
  }

  /** A tangent that is no number has no way back to blame. */
  @Test
  void onTheWayForwardBreaksTheLaw() {
    CustomFunction none =
        CustomFunction.of("no slope", x -> x.mul(2), (x, y, dx) -> dx.mul(Double.NaN));
    LawBroken thrown =
        assertThrows(
            LawBroken.class, () -> Laws.of(x -> none.apply(x).neg()).only(Law.DIFFERENCES).check());
    assertTrue(thrown.getMessage().contains("got NaN"), thrown.getMessage());
  }

  /** A rule that divides zero by zero, of which one is rounded: its own error is unknown there. */
  @Test
  void inAnInexactQuotientBreaksTheLaw() {
    CustomFunction quotient =
        CustomFunction.of(
            "sin x / x",
            x -> Tensor.where(x.equal(0), 1, x.sin().div(x)),
            (x, y, dx) -> dx.mul(x.cos().sub(y).div(x)));
    for (Laws laws :
        List.of(Laws.of(quotient).over(tensors().edges()), Laws.of(quotient).at(ZERO))) {
      LawBroken thrown = assertThrows(LawBroken.class, laws.order(1)::check);
      assertTrue(thrown.getMessage().contains("expected 0.0, got NaN"), thrown.getMessage());
      assertTrue(
          thrown.getMessage().contains("x0 = Tensor.of(new double[] {0});"), thrown.getMessage());
      assertFalse(thrown.getMessage().contains("Infinity"), thrown.getMessage());
    }
  }
}
