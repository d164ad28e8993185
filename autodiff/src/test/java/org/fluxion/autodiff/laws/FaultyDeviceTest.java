package org.fluxion.autodiff.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** What laws of devices say of one that gets a result wrong. */
class FaultyDeviceTest {
  private static final int VALUE = 0;
  private static final int TANGENT = 1;

  /** The processor, but one of a program's results is another. */
  private record Faulty(Device device, int output, DoubleUnaryOperator wrong) implements Device {
    /** It is off by 1. */
    Faulty(Device device, int output) {
      this(device, output, x -> x + 1);
    }

    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public Executable prepare(Plan plan) {
      Executable right = device.prepare(plan);
      return (Executable)
          Proxy.newProxyInstance(
              Executable.class.getClassLoader(),
              new Class<?>[] {Executable.class},
              (proxy, method, arguments) -> {
                try {
                  Object result = method.invoke(right, arguments);
                  boolean isWrong =
                      method.getName().equals("result") && arguments[0].equals(output);
                  return isWrong ? changed((HostData) result) : result;
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }

    private HostData changed(HostData data) {
      return HostData.of(DoubleStream.of(data.toDoubles()).map(wrong).toArray());
    }
  }

  private static final Example SINE =
      new FunctionExample(
          x -> List.of(x.get(0).sin()), List.of(Tensor.of(new double[] {0.3, 0.7}, 2)));

  @Test
  void directionsOfAWrongTangentArePrinted() {
    DeviceLaw law = DeviceLaw.of(new Faulty(Device.cpu(1), TANGENT));
    LawBroken thrown = assertThrows(LawBroken.class, () -> law.check(SINE, 0));
    assertEquals(
        """
        on faulty a program is not what the reference says (seed 0)
        the tangent: element 0 is 1.0, expected 0.0 within 0.0
        at
        Tensor x0 = Tensor.of(new double[] {0}, 1);
        along
        Tensor v0 = Tensor.of(new double[] {0}, 1);\
        """,
        thrown.getMessage());
  }

  @Test
  void reportsAreTheSameInEveryLanguage() {
    for (String language : Languages.OTHERS) {
      Languages.in(
          language,
          () -> {
            directionsOfAWrongTangentArePrinted();
            cotangentsOfOtherBitsArePrinted();
            return language;
          });
    }
  }

  @Test
  void aWrongValueHasNone() {
    DeviceLaw law = DeviceLaw.of(new Faulty(Device.cpu(1), VALUE));
    LawBroken thrown = assertThrows(LawBroken.class, () -> law.check(SINE, 0));
    assertTrue(thrown.getMessage().contains("the value: "), thrown.getMessage());
    assertFalse(thrown.getMessage().contains("along"), thrown.getMessage());
  }

  /** Its results are the value and the gradient. */
  @Test
  void cotangentsOfOtherBitsArePrinted() {
    SameBits law = new SameBits(List.of(Device.cpu(1), new Faulty(Device.cpu(1), 1)));
    LawBroken thrown = assertThrows(LawBroken.class, () -> law.check(SINE, 0));
    assertEquals(
        """
        the same inputs give other bits (seed 0)
        run 1 on faulty: the gradient: element 0 is 1.0, and was 0.0
        at
        Tensor x0 = Tensor.of(new double[] {0}, 1);
        along
        Tensor c0 = Tensor.of(new double[] {0}, 1);\
        """,
        thrown.getMessage());
  }

  /** What is no number, or infinite, is to be so on the device too. */
  @Test
  void whatIsNoNumberIsComparedToo() {
    for (double x : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      Example example =
          new FunctionExample(y -> List.of(y.get(0).abs()), List.of(Tensor.tensor(x)));
      LawReport.OnDevice right = DeviceLaw.of(Device.cpu(1)).check(example, 0);
      assertEquals(1, right.examples());
      assertTrue(right.certified() > 0, right.toString());
      DeviceLaw law = DeviceLaw.of(new Faulty(Device.cpu(1), VALUE, any -> 0));
      assertThrows(LawBroken.class, () -> law.check(example, 0), String.valueOf(x));
    }
  }
}
