package org.fluxion.autodiff.laws;

import static org.fluxion.autodiff.laws.TensorGenerator.tensors;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.fluxion.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A report says what was compared, and where. */
class LawReportTest {
  private static final Laws SQUARE =
      Laws.of(Tensor::square).over(tensors().shape(2, 3)).only(Law.VALUE).tries(5);

  @Test
  void whatIsComparedOnDevicesIsCounted() {
    LawReport report = SQUARE.devices("reference", "cpu:1").check();
    assertEquals(List.of("reference", "cpu:1"), List.copyOf(report.devices().keySet()));
    // The value, the tangent, the gradient, and the gradient of the tangent.
    LawReport.OnDevice all = new LawReport.OnDevice(5, 5 * 4 * 6, 0);
    report.devices().values().forEach(on -> assertEquals(all, on));
    List<String> lines = report.toString().lines().toList();
    assertEquals(4, lines.size(), report.toString());
    assertEquals(
        "  on cpu:1             120       0  Programs of 5 examples give what the reference says",
        lines.getLast());
  }

  @Test
  void withoutDevicesNothingIsSaidOfThem() {
    LawReport report = SQUARE.check();
    assertTrue(report.devices().isEmpty());
    assertFalse(report.toString().contains("on "), report.toString());
  }

  /** Of a quotient nothing is known if the divisor may be zero. */
  @Test
  void whatHasNoToleranceIsExcused() {
    LawReport.OnDevice on =
        Laws.of(x -> x.onesLike().div(x.exp().sub(x.exp())))
            .at(Tensor.tensor(0.5))
            .only()
            .devices("cpu:1")
            .tries(1)
            .check()
            .devices()
            .get("cpu:1");
    assertEquals(new LawReport.OnDevice(1, 0, 4), on);
  }
}
