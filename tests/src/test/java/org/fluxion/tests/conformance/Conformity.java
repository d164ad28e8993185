package org.fluxion.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Graph;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.conformance.Arithmetic;
import org.fluxion.tensor.conformance.Bounded;
import org.fluxion.tensor.conformance.ErrorBound;
import org.fluxion.tensor.conformance.Trial;
import org.junit.jupiter.api.function.Executable;

/** Holds trials on a device against the reference. */
final class Conformity {
  private Conformity() {}

  /** An assertion for each trial: every output is within its bound. */
  static Stream<Executable> of(List<Trial> trials, String name) {
    Device device = Devices.open(name);
    Arithmetic arithmetic = Devices.arithmetic(device);
    return Trial.runAll(trials, device).stream()
        .map(outcome -> () -> agrees(outcome, arithmetic, name));
  }

  /** The same, and what was computed from the first output is what the reference makes of it. */
  static Stream<Executable> withWhatFollows(List<Trial> trials, String name) {
    Device device = Devices.open(name);
    Arithmetic arithmetic = Devices.arithmetic(device);
    return Trial.runAll(trials, device).stream()
        .map(
            outcome ->
                () -> {
                  agrees(outcome, arithmetic, name);
                  follows(outcome, name);
                });
  }

  private static void agrees(Trial.Outcome outcome, Arithmetic arithmetic, String device) {
    String what = outcome.trial().name() + " on " + device;
    outcome.failure().ifPresent(thrown -> fail(what + ": " + thrown, thrown));
    List<Bounded> bounds = ErrorBound.of(outcome.trial(), arithmetic);
    for (int output = 0; output < bounds.size(); output++) {
      Optional<Bounded.Deviation> worst = bounds.get(output).worst(outcome.results().get(output));
      if (worst.isPresent() && worst.get().severity() > 1) {
        Graph graph = outcome.trial().graph();
        String label = graph.outputs().get(output).op().label();
        fail("%s: output %d, %s: %s%n%s".formatted(what, output, label, worst.get(), graph));
      }
    }
  }

  private static void follows(Trial.Outcome outcome, String device) {
    List<Tensor> outputs = outcome.trial().graph().outputs();
    Map<Tensor, HostData> bindings = outcome.trial().bindings();
    bindings.put(outputs.get(0), outcome.results().get(0));
    List<HostData> expected = ReferenceInterpreter.evaluate(outputs, bindings);
    for (int output = 1; output < expected.size(); output++) {
      for (long i = 0; i < expected.get(output).elements(); i++) {
        double value = expected.get(output).getDouble(i);
        double result = outcome.results().get(output).getDouble(i);
        String what =
            outcome.trial().name() + " on " + device + ": output " + output + ", element " + i;
        // The reference has float32 in more digits until it is read, and twice what a subnormal
        // number is rounded from is not twice the number.
        boolean isOpen =
            device.equals("reference")
                && outputs.get(output).dtype() == DType.FLOAT32
                && Math.abs(value) < 2 * Float.MIN_NORMAL;
        if (isOpen) {
          assertEquals(value, result, Float.MIN_VALUE, what);
        } else {
          assertEquals(value, result, what);
        }
      }
    }
  }
}
