package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * A zero has a sign, which rounding may decide, and which decides what is divided by it. Found by
 * random programs, and made smaller.
 */
class SignsOfZerosTest {
  private static final DeviceLaw AGREEMENT = DeviceLaw.of(Device.cpu(2));

  /**
   * A difference that is nothing but rounding has either sign, and so has the zero that it becomes
   * times the smallest number. Seed 76367: a weight of attention that all but vanishes.
   */
  @Test
  void aProductTooSmallToBeANumberHasTheSignThatRoundingGivesIt() {
    int many = 256;
    Tensor x0 = Tensor.of(IntStream.range(0, many).mapToDouble(i -> i / 16.0).toArray(), many);
    Tensor x1 = x0.exp().detach();
    Tensor x2 = Tensor.full(Double.MIN_VALUE, Shape.of(many), DType.FLOAT64).detach();
    Example example =
        new FunctionExample(
            x -> {
              Tensor t0 = x.get(0).exp();
              Tensor t1 = t0.sub(x.get(1));
              Tensor t2 = t1.mul(x.get(2));
              return List.of(t2);
            },
            List.of(x0, x1, x2));
    AGREEMENT.check(example, 0);
  }

  /** Seed 83241: what is divided by infinity is a zero of its sign, even if it is but rounding. */
  @Test
  void aQuotientOfAZeroHasItsSign() {
    Tensor x0 = Tensor.of(new double[] {0, Double.POSITIVE_INFINITY}, 2, 1);
    Tensor x1 = Tensor.of(new double[] {0, -1}, 2, 1);
    Tensor x2 = Tensor.of(new double[] {0, 0, 0.9640275800758169, -0.7935259482750505}, 2, 2);
    Tensor x3 = Tensor.of(new double[] {0, 0}, 2, 1);
    Example example =
        new FunctionExample(
            x -> {
              Tensor t0 =
                  Tensor.apply(
                      new Op.AttentionKeyCotangent(0.5, true),
                      List.of(
                          x.get(1), x.get(1), x.get(2), x.get(2), x.get(3), x.get(2), x.get(2)));
              Tensor t1 = t0.div(x.get(0));
              return List.of(t1);
            },
            List.of(x0, x1, x2, x3));
    AGREEMENT.check(example, 0);
  }

  /**
   * Seed 106531: the largest of some quotients, chosen by the sign of what they are divided by. The
   * line x + s·w has to begin at x, and −0 + 0·w is another number.
   */
  @Test
  void aLineBeginsAtItsPoint() {
    Tensor x0 = Tensor.of(new double[] {-0.0});
    for (long seed = 0; seed < 4; seed++) {
      Example example =
          new FunctionExample(
              x -> {
                Tensor t0 = x.get(0).reciprocal();
                Tensor t1 = t0.sign();
                Tensor t2 = t1.mul(x.get(0));
                return List.of(t2);
              },
              List.of(x0));
      Verdict verdict = new Examination(example, seed).check(Law.CHAIN);
      assertEquals(0, verdict.excused());
    }
  }
}
