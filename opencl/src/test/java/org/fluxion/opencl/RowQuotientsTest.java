package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
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
    assertEquals(
        "",
        bound
            .worst(quotients)
            .filter(worst -> worst.severity() > 1)
            .map(Object::toString)
            .orElse(""));
  }
}
