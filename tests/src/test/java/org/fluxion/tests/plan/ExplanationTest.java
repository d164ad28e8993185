package org.fluxion.tests.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tests.conformance.Devices;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A listing has rates where they were measured, and none that nobody measured. */
class ExplanationTest {
  private static final Tensor WEIGHTS =
      RandomKey.of(1).normal(Shape.of(64, 64), DType.FLOAT32).detach();

  private static Program<Tensor, Tensor, Tensor> program(Device device) {
    return Program.compile(
        (Tensor w, Tensor x) -> new Step<>(w.mul(0.5), x.matmul(w).softmax(-1).sum(0)),
        WEIGHTS,
        WEIGHTS,
        device);
  }

  private static boolean hasTimes(String listing) {
    boolean rates = listing.contains("GB/s") && listing.contains("GFLOP/s");
    assertEquals(rates, listing.contains("ms a run"), listing);
    assertEquals(rates, listing.contains("µs"), listing);
    return rates;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu:2", "reference", "opencl"})
  void timesAreListedIfTheyWereMeasured(String name) {
    Program<Tensor, Tensor, Tensor> program = program(Devices.open(name));
    assertFalse(hasTimes(program.explain()), "a program has not run");
    try (Run<Tensor, Tensor, Tensor> run = program.start(WEIGHTS)) {
      assertFalse(hasTimes(run.explain()), "it has taken no step");
      assertTrue(run.step(WEIGHTS).sum().item() > 0);
      String listing = run.explain();
      assertEquals(name.startsWith("cpu"), hasTimes(listing), listing);
      assertTrue(listing.contains("MB moved") && listing.contains("matmul 64×64×64"), listing);
    }
  }
}
