package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertAll;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.fluxion.autodiff.conformance.Derivatives;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.conformance.Draw;
import org.fluxion.tensor.conformance.OpTable;
import org.fluxion.tensor.conformance.OpTable.Row;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The derivatives of every operation mean on every device what the reference says: its tangent, its
 * gradient, and the gradient of its tangent.
 */
class DerivativesTest {
  static List<String> devices() {
    return Devices.names();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void everyDerivative(String device) {
    Random random = new Random(2);
    List<Derivatives> all = new ArrayList<>();
    for (Row row : OpTable.rows()) {
      List<DType> taken =
          Devices.dtypes(device).stream().filter(d -> d.isFloating() && row.takes(d)).toList();
      for (DType dtype : Devices.isDear(device) ? Devices.one(taken, all.size()) : taken) {
        all.add(Derivatives.of(row.draw(dtype, new Draw(random, Draw.Kind.MODERATE)), random));
      }
    }
    assertAll(Conformity.of(all.stream().map(Derivatives::trial).toList(), device));
  }
}
