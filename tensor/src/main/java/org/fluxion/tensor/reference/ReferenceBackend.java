package org.fluxion.tensor.reference;

import java.util.List;
import java.util.Optional;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.ReferenceInterpreter;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Plan;

/**
 * The {@link ReferenceInterpreter} as a backend: it runs a plan's graph as it was given, before any
 * simplification, so that the others can be held against it. Slow on purpose.
 */
public final class ReferenceBackend implements Backend {
  /** Made by the service loader. */
  public ReferenceBackend() {}

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String usage() {
    return "reference";
  }

  @Override
  public Survey survey() {
    DeviceInfo device =
        new DeviceInfo(
            "reference",
            "cpu",
            "plain loops, one thread, for comparison",
            1,
            Runtime.getRuntime().maxMemory(),
            List.of("double precision"),
            Optional.empty());
    return new Survey(List.of(device), List.of());
  }

  @Override
  public Device device(String selector) {
    if (!selector.isEmpty()) {
      throw new TensorException(
          "device: there is one 'reference', got 'reference:%s'".formatted(selector));
    }
    return new Interpreter();
  }

  private record Interpreter() implements Device {
    @Override
    public String name() {
      return "reference";
    }

    @Override
    public String description() {
      return "reference interpreter, in double precision (slow: for comparison)";
    }

    @Override
    public Executable prepare(Plan plan) {
      return new ReferenceExecutable(plan);
    }

    @Override
    public String toString() {
      return description();
    }
  }
}
