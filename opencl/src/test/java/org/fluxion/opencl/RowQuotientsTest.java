package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Trial;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** A row's elements by one divisor: as near to the quotient as a division, whatever the divisor. */
class RowQuotientsTest {
  private static final float[] NUMBERS = {
    0f,
    -0f,
    1f,
    -3f,
    7e-3f,
    1e-20f,
    -1e20f,
    0x1p64f,
    0x1p-64f,
    0x1.8p-64f,
    0x1.fp126f,
    0x1p127f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_NORMAL,
    0x1p-149f,
    -0x1.8p-140f,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN
  };

  @Test
  void everyPairOfNumbers() {
    ProbeTest.assumeADevice();
    int count = NUMBERS.length;
    // Two vectors and a rest in each row.
    int width = 2 * 16 + 5;
    float[] elements = new float[count * count * width];
    float[] divisors = new float[count * count];
    for (int row = 0; row < divisors.length; row++) {
      divisors[row] = NUMBERS[row / count];
      for (int i = 0; i < width; i++) {
        elements[row * width + i] = NUMBERS[(row + i) % count];
      }
    }
    Tensor x = Tensor.input("x", Shape.of(divisors.length, width), DType.FLOAT32);
    Tensor d = Tensor.input("d", Shape.of(divisors.length, 1), DType.FLOAT32);
    Trial trial =
        new Trial(
            "rows by numbers",
            new Graph(List.of(x, d), List.of(x.div(d))),
            List.of(
                Tensor.of(elements, divisors.length, width),
                Tensor.of(divisors, divisors.length, 1)));
    Device device = Device.of("opencl:0");
    Bounded bound = ErrorBound.of(trial, Arithmetic.of(device)).getFirst();
    HostData quotients = trial.run(device).getFirst();
    HeldToBounds.result(bound, quotients, trial.name());
  }

  /** The steps that the text has, in Java, from a reciprocal that is off by so many units. */
  private static float reciprocal(float divisor, double units) {
    float exact = (float) (1 / (double) divisor);
    float off = (float) (exact + units * Math.ulp(exact));
    float rest = Math.fma(-divisor, off, 1);
    return Math.fma(rest, off, off);
  }

  /** By how many units in the last place a quotient is off. */
  private static double error(float dividend, float divisor, float reciprocal) {
    double quotient = (double) dividend / divisor;
    return Math.abs(dividend * reciprocal - quotient) / Math.ulp((float) quotient);
  }

  @Test
  void theWorstReciprocalThatOpenClAllowsMakesNoWorseQuotient() {
    Random random = new Random(3);
    double worst = 0;
    double unmended = 0;
    for (int i = 0; i < 2_000_000; i++) {
      float divisor = 1 + random.nextFloat();
      float dividend = 1 + random.nextFloat();
      double units = random.nextInt(5) - 2;
      worst = Math.max(worst, error(dividend, divisor, reciprocal(divisor, units)));
      float exact = (float) (1 / (double) divisor);
      float off = (float) (exact + units * Math.ulp(exact));
      unmended = Math.max(unmended, error(dividend, divisor, off));
    }
    assertTrue(worst <= 1.5 + 0x1p-18, "off by " + worst);
    assertTrue(unmended > 2.5, "there was nothing to mend: " + unmended);
  }

  @Test
  void theTextHasTheseSteps() {
    Tensor x = Tensor.input("x", Shape.of(4, 64), DType.FLOAT32);
    Tensor d = Tensor.input("d", Shape.of(4, 1), DType.FLOAT32);
    Plan plan = Plan.of(new Graph(List.of(x, d), List.of(x.div(d))), new int[] {-1});
    String source =
        LoopSource.of((Kernel.LoopKernel) plan.kernels().getFirst(), new Family(1, 16, 8)).source();
    String steps =
        """
        const float (d\\d+) = v\\d+ \\* h\\d+;
        const float (z\\d+) = 1\\.0f / \\1;
        const float (y\\d+) = fma\\(-\\1, \\2, 1\\.0f\\);
        const float (u\\d+) = \\3 == \\3 \\? fma\\(\\3, \\2, \\2\\) : \\2;
        """
            .strip()
            .replace("\n", "\n\\s*");
    assertTrue(Pattern.compile(steps).matcher(source).find(), source);
  }
}
