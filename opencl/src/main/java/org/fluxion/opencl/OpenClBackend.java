package org.fluxion.opencl;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.TensorException;

/**
 * OpenCL devices, through JOCL. Today it finds them and says what they are; programs do not run on
 * them yet.
 */
public final class OpenClBackend implements Backend {
  private static final String NOT_YET = "programs do not run on OpenCL devices yet";

  /** Made by the service loader. */
  public OpenClBackend() {}

  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public String usage() {
    return "opencl or opencl:NUMBER or opencl:KIND";
  }

  @Override
  public Survey survey() {
    List<DeviceInfo> devices = Probe.devices().stream().map(OpenClBackend::describe).toList();
    return new Survey(devices, Probe.notes());
  }

  private static DeviceInfo describe(OpenClDevice device) {
    return new DeviceInfo(
        "opencl:" + device.number(),
        device.kind(),
        device.model(),
        device.computeUnits(),
        device.memoryBytes(),
        device.features(),
        Optional.of(device.obstacle().orElse(NOT_YET)));
  }

  @Override
  public Optional<String> obstacle() {
    return Optional.of(NOT_YET);
  }

  @Override
  public Device device(String selector) {
    if (!selector.matches("|[0-9]{1,3}|cpu|gpu|accelerator")) {
      throw new TensorException(
          "device: expected %s with a kind of cpu, gpu or accelerator, got 'opencl:%s'"
              .formatted(usage(), selector));
    }
    String found =
        Probe.devices().stream()
            .map(d -> "opencl:%d (%s)".formatted(d.number(), d.model()))
            .collect(Collectors.joining(", "));
    throw new TensorException(
        "device: %s, use cpu; there %s"
            .formatted(
                NOT_YET,
                found.isEmpty() ? "is none: " + String.join("; ", Probe.notes()) : "is " + found));
  }
}
