package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.fluxion.tensor.Backend;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.DeviceInfo;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.LaunchListener;
import org.fluxion.tensor.profile.Peak;
import org.fluxion.tensor.profile.Tuner;
import org.jocl.CLException;

/**
 * OpenCL devices, through JOCL. Safe to share; what it found is kept for the life of the process.
 */
public final class OpenClBackend implements Backend {
  /** A number or kind, and perhaps how kernels are to be cut, whatever the device is. */
  private static final Pattern SELECTOR =
      Pattern.compile("([0-9]{1,3}|cpu|gpu|accelerator)?(/processor|/card)?");

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

  /** A kind, or a number, without the backend's name before it. */
  @Override
  public Optional<String> suggestion(String unknown) {
    String selector = unknown.toLowerCase(Locale.ROOT);
    return SELECTOR.matcher(selector).matches() && !selector.isEmpty()
        ? Optional.of(name() + ":" + selector)
        : Optional.empty();
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
        device.obstacle());
  }

  @Override
  public Device device(String selector) {
    Matcher parts = SELECTOR.matcher(selector);
    if (!parts.matches()) {
      throw new TensorException(
          "device: expected %s with a kind of cpu, gpu or accelerator, and after it perhaps /card or /processor for kernels of that form, got 'opencl:%s'"
              .formatted(usage(), selector));
    }
    String which = Objects.requireNonNullElse(parts.group(1), "");
    String form = Objects.requireNonNullElse(parts.group(2), "");
    List<OpenClDevice> wanted =
        Probe.devices().stream()
            .filter(
                d ->
                    which.isEmpty()
                        || which.equals(d.kind())
                        || which.equals(Integer.toString(d.number())))
            .toList();
    return best(wanted)
        .map(d -> opened(d, form, passedOver(wanted)))
        .orElseThrow(
            () ->
                new TensorException(
                    "device: no OpenCL device can be used%s: %s"
                        .formatted(which.isEmpty() ? "" : " as opencl:" + which, reasons(wanted))));
  }

  /** The usable device with the most to offer: a card before a processor, then the larger one. */
  private static Optional<OpenClDevice> best(List<OpenClDevice> devices) {
    return devices.stream()
        .filter(d -> d.obstacle().isEmpty())
        .max(
            Comparator.comparing((OpenClDevice d) -> !d.kind().equals("cpu"))
                .thenComparing(OpenClDevice::memoryBytes)
                .thenComparing(d -> -d.number()));
  }

  /** Which of some devices cannot be used, and why. */
  private static List<String> passedOver(List<OpenClDevice> wanted) {
    List<String> lines = new ArrayList<>();
    for (OpenClDevice device : wanted) {
      device
          .obstacle()
          .ifPresent(obstacle -> lines.add(named(device) + " cannot be used: " + obstacle));
    }
    return lines;
  }

  private static String named(OpenClDevice device) {
    return Text.of("opencl:%d (%s)", device.number(), device.model());
  }

  private static String reasons(List<OpenClDevice> wanted) {
    List<String> reasons = new ArrayList<>(Probe.notes());
    reasons.addAll(passedOver(wanted));
    if (wanted.isEmpty() && !Probe.devices().isEmpty()) {
      reasons.add(
          "there is "
              + Probe.devices().stream()
                  .map(d -> Text.of("opencl:%d (%s, %s)", d.number(), d.kind(), d.model()))
                  .collect(Collectors.joining(", ")));
    }
    return String.join("; ", reasons);
  }

  private static Device opened(OpenClDevice device, String form, List<String> notes) {
    Family family =
        switch (form) {
          case "/processor" -> device.processorFamily();
          case "/card" -> device.cardFamily();
          default -> device.family();
        };
    return new Opened(device, family, form, notes);
  }

  /** A card, if there is one that can be used; processors have their own backend. */
  @Override
  public Choice automatic() {
    return automatic(Probe.devices(), Probe.notes());
  }

  /** The same of some devices, and of what else was found. */
  static Choice automatic(List<OpenClDevice> devices, List<String> notes) {
    Optional<OpenClDevice> chosen =
        best(devices.stream().filter(d -> !d.kind().equals("cpu")).toList());
    List<String> passedOver = new ArrayList<>(notes);
    for (OpenClDevice device : devices) {
      if (chosen.isEmpty() || device != chosen.get()) {
        String why =
            device.kind().equals("cpu")
                ? "is the processor, which the backend cpu runs on"
                : device
                    .obstacle()
                    .map(obstacle -> "cannot be used: " + obstacle)
                    .orElse("is not the largest card");
        passedOver.add(named(device) + " " + why);
      }
    }
    return new Choice(chosen.map(device -> opened(device, "", List.of())), passedOver);
  }

  /** A device with a way to cut kernels, which its name tells if it is not the device's own. */
  record Opened(OpenClDevice device, Family family, String form, List<String> notes)
      implements Device {
    @Override
    public String name() {
      return "opencl:" + device.number() + form;
    }

    @Override
    public String description() {
      return "%s, %s".formatted(name(), device.model());
    }

    @Override
    public PlanOptions planOptions() {
      return PlanOptions.ALL
          .withAttention(AttentionSource.largestSizes(family, device.localBytes()))
          .withMostBuffers(device.mostBuffers());
    }

    @Override
    public OptionalLong memoryBytes() {
      return device.ownMemoryBytes();
    }

    private Context context() {
      try {
        return device.context();
      } catch (CLException refused) {
        throw Failure.of(device, "beginning to use it", refused);
      }
    }

    @Override
    public Executable prepare(Plan plan) {
      return new OpenClExecutable(plan, context(), family);
    }

    @Override
    public String toString() {
      return description();
    }

    @Override
    public Executable prepare(Plan plan, LaunchListener listener) {
      return new OpenClExecutable(plan, context(), family, Optional.of(listener));
    }

    @Override
    public Optional<Peak> peak() {
      return PeakKernels.measure(context());
    }

    @Override
    public Optional<Tuner> tuner() {
      return Optional.of(new MatmulTuner(context(), family));
    }
  }
}
