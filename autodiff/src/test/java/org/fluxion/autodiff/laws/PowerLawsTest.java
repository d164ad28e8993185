package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.Autodiff.grad;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * x⁰ is 1 for every x, so that its derivative by x is 0, also where 1/x overflows; and its
 * derivative by the exponent is 1/x, where that does not.
 */
class PowerLawsTest {
  /** The derivative of x⁰ in x, computed by a program of a device. */
  private static double[] slopesAtPowerZero(Tensor x, String device) {
    Tensor zeros = x.zerosLike();
    Program<Tensor, Tensor, Tensor> program =
        Program.compile(
            (Tensor power, Tensor base) ->
                new Step<>(power, grad(a -> a.pow(power).sum()).apply(base)),
            zeros,
            zeros,
            Device.of(device));
    try (Run<Tensor, Tensor, Tensor> run = program.start(zeros)) {
      return run.step(x).toDoubleArray();
    }
  }

  @Test
  void powersOfTheSmallestNumbersAreCleanToo() {
    float[] singles = {
      0, Float.MIN_VALUE, 0x1p-140f, 0x1p-128f, 0x1.8p-128f, 0x1p-127f, 0x1p-126f, 1
    };
    double[] doubles = {0, Double.MIN_VALUE, 0x1p-1024, 0x1.8p-1024, 0x1p-1023, 0x1p-1022, 1};
    for (String device : new String[] {"cpu", "reference"}) {
      for (int sign : new int[] {1, -1}) {
        for (Tensor x : new Tensor[] {Tensor.tensor(singles), Tensor.tensor(doubles)}) {
          double[] expected = new double[x.shape().extent(0)];
          assertArrayEquals(
              expected, slopesAtPowerZero(x.mul(sign), device), Double.MIN_VALUE, device);
        }
      }
    }
  }

  @Test
  void mixedDerivativesOfPowersAgreeInEitherOrder() {
    for (double base : new double[] {0x1p-1000, 0.5, 2}) {
      for (double power : new double[] {-1, 0, 1, 2}) {
        Tensor x = Tensor.scalar(base, DType.FLOAT64);
        Tensor y = Tensor.scalar(power, DType.FLOAT64);
        double baseFirst = grad(b -> grad(a -> a.pow(b)).apply(x)).apply(y).item();
        double powerFirst = grad(a -> grad(b -> a.pow(b)).apply(y)).apply(x).item();
        // ∂²/∂x∂y xʸ = x^(y−1)·(1 + y·ln x)
        double expected = Math.pow(base, power - 1) * (1 + power * Math.log(base));
        assertEquals(expected, baseFirst, 1e-14 * Math.max(1, Math.abs(expected)));
        assertEquals(expected, powerFirst, 1e-14 * Math.max(1, Math.abs(expected)));
      }
    }
  }
}
