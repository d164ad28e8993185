package org.fluxion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.plan.Plan;
import org.junit.jupiter.api.Test;

/** More elements than an int counts are either computed or refused by name, never miscounted. */
class LargeTensorTest {
  /** 2³¹ + 2¹⁵ ones, which take no memory; their number is a float32. */
  private final Tensor ones = Tensor.ones(65_537, 32_768);

  private static void assertSays(List<String> parts, TensorException thrown) {
    for (String part : parts) {
      assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
  }

  @Test
  void theCpuFoldsThem() {
    assertEquals(0x1p31 + 0x1p15, ones.sum().item());
  }

  @Test
  void aMaximumOfThemIsFoldedAxisByAxis() {
    Plan plan = Plan.of(new Graph(List.of(), List.of(ones.max())), new int[] {-1});
    assertEquals(2, plan.kernels().size());
    for (Kernel kernel : plan.kernels()) {
      assertTrue(((Kernel.LoopKernel) kernel).row() <= Integer.MAX_VALUE, plan.toString());
    }
  }

  @Test
  void theReferenceNamesWhatItCannotHold() {
    assertSays(
        List.of("broadcast", "[65537, 32768]", "2147516416", "2147483639", "cpu"),
        assertThrows(
            TensorException.class,
            () -> ReferenceInterpreter.evaluate(List.of(ones.sum()), Map.of())));
  }

  @Test
  void noArrayHoldsThem() {
    for (var read :
        Map.<String, org.junit.jupiter.api.function.Executable>of(
                "toFloatArray", ones::toFloatArray,
                "toDoubleArray", ones::toDoubleArray,
                "toLongArray", ones::toLongArray)
            .entrySet()) {
      assertSays(
          List.of(read.getKey(), "[65537, 32768]", "2147516416"),
          assertThrows(TensorException.class, read.getValue()));
    }
  }

  @Test
  void aWindowsExtentsAreCounted() {
    Tensor image = Tensor.ones(1, 1, 65_537, 32_768);
    assertSays(
        List.of("unfold", "[1, 1, 65537, 32768]", "2147516416"),
        assertThrows(
            TensorException.class,
            () -> Tensor.apply(new Op.Unfold(new Op.Window(1, 1, 1, 0)), List.of(image))));
  }
}
