package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.conformance.Arithmetic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A check that cannot fail is no check, and says so. */
class TellingTest {
  private static String said(Executable check) {
    return assertThrows(TensorException.class, check).getMessage();
  }

  @Test
  void noTriesAreRefused() {
    assertEquals("laws: expected 1 try at least, got 0", said(() -> Laws.of(Tensor::sin).tries(0)));
  }

  @Test
  void noLawsAreRefusedUnlessADeviceIsChecked() {
    Laws none = Laws.of(Tensor::sin).only().tries(5);
    assertEquals(
        "laws: there are neither laws nor devices to check; name one of them", said(none::check));
    assertEquals(5, none.devices("cpu:1").check().examples());
  }

  @Test
  void whatHasNoDerivativeIsRefusedUnlessADeviceIsChecked() {
    Laws integers = Laws.of(Tensor::square).over(tensors().dtype(DType.INT32)).tries(5);
    assertEquals(
        "laws: there was nothing to compare; a derivative is of floating point arguments and"
            + " results, that are not empty",
        said(integers::check));
    assertEquals(5, integers.devices("cpu:1").check().examples());
  }

  @Test
  void wherePartOfTheFunctionIsNoNumberAnywhereNothingIsSaid() {
    Laws outside = Laws.of(x -> x.log()).over(tensors().shape(2).between(-2, -1)).tries(5);
    String said = said(outside::check);
    assertTrue(said.startsWith("laws: of 20 elements none could be compared under VALUE: "), said);
    // Some of them are enough.
    outside.over(tensors().shape(2).between(-1, 2)).check();
  }

  @Test
  void infiniteBoundsAreRefused() {
    said(() -> tensors().between(Double.NEGATIVE_INFINITY, 0));
    said(() -> tensors().between(-Double.MAX_VALUE, Double.MAX_VALUE));
  }

  @Test
  void aDeviceTakesWhatItHasTheDtypesOf() {
    Arithmetic narrow = new Arithmetic(Arithmetic.Table.OWN, false, Optional.of("no float64"));
    DeviceLaw law = new DeviceLaw(Device.cpu(1), narrow);
    assertEquals(1, law.check(example(DType.FLOAT32, DType.FLOAT32), 0).examples());
    assertEquals(0, law.check(example(DType.FLOAT64, DType.FLOAT32), 0).examples());
    assertEquals(0, law.check(example(DType.FLOAT32, DType.FLOAT64), 0).examples());
    // Of what has no derivatives the argument alone says so.
    assertEquals(0, law.check(example(DType.FLOAT64, DType.INT32), 0).examples());
  }

  /** What is divided by what may be zero. */
  @Test
  void whereNothingIsKnownOnADeviceNothingIsSaid() {
    Laws unknown =
        Laws.of(x -> x.onesLike().div(x.exp().sub(x.exp())))
            .over(tensors().shape(1))
            .only()
            .devices("cpu:1");
    String said = said(unknown.tries(5)::check);
    assertTrue(said.startsWith("laws: of 20 elements none could be compared on cpu:1: "), said);
    assertEquals(4, unknown.tries(1).check().devices().get("cpu:1").excused());
  }

  @Test
  void aFunctionOfOneTensorIsNotOfTwo() {
    Tensor x = Tensor.tensor(1.0);
    for (Laws laws :
        List.of(Laws.of(Tensor::sin).at(x, x), Laws.of(Tensor::sin).over(tensors(), tensors()))) {
      String said = said(laws::check);
      assertTrue(said.startsWith("laws: expected one tensor for a function of one, got "), said);
    }
  }

  private static Example example(DType from, DType to) {
    return new FunctionExample(
        x -> List.of(x.get(0).cast(to)), List.of(Tensor.tensor(1.0).cast(from)));
  }

  /** It is reported as it was seen, though it is not seen again. */
  @Test
  void whatBreaksALawByChanceIsReported() {
    AtomicInteger calls = new AtomicInteger();
    LawBroken broken =
        assertThrows(
            LawBroken.class,
            () ->
                Laws.of(x -> x.mul(calls.incrementAndGet() == 2 ? 2 : 1))
                    .over(tensors().shape(1))
                    .check());
    assertTrue(broken.getMessage().startsWith("VALUE is broken (seed 0)"), broken.getMessage());
  }

  @Test
  void aValueThatIsInfiniteIsSoBesideTheDerivative() {
    AtomicInteger calls = new AtomicInteger();
    LawBroken broken =
        assertThrows(
            LawBroken.class,
            () ->
                Laws.of(x -> x.div(calls.incrementAndGet() == 2 ? 0 : 1))
                    .over(tensors().shape(1).between(1, 2))
                    .check());
    assertTrue(broken.getMessage().startsWith("VALUE is broken (seed 0)"), broken.getMessage());
    assertTrue(broken.getMessage().contains("expected Infinity"), broken.getMessage());
  }
}
