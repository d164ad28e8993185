package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.LaunchListener;
import org.fluxion.tensor.profile.Peak;
import org.fluxion.tensor.profile.Tuner;

/** A device with notes of its own, or with a listener who is told of every note. */
final class NotedDevice implements Device {
  private final Device device;
  private final List<String> notes;
  private final Consumer<String> listener;
  private final Set<String> told = new LinkedHashSet<>();

  NotedDevice(Device device, List<String> notes) {
    this(device, notes, note -> {});
  }

  NotedDevice(Device device, List<String> notes, Consumer<String> listener) {
    this.device = device;
    this.notes = Stream.concat(device.notes().stream(), notes.stream()).toList();
    this.listener = listener;
    tell(this.notes);
  }

  /** The best device of the backends, or else the processor, with what was passed over. */
  static Device automatic(List<Backend> backends) {
    List<String> passedOver = new ArrayList<>();
    for (Backend backend : backends) {
      Backend.Choice choice = backend.automatic();
      choice.passedOver().forEach(line -> passedOver.add("auto: " + line));
      if (choice.device().isPresent()) {
        return new NotedDevice(choice.device().get(), passedOver);
      }
    }
    return new NotedDevice(Device.cpu(), passedOver);
  }

  /** Tells what was not told yet; programs may be made ready by several threads. */
  private synchronized void tell(List<String> lines) {
    lines.stream().filter(told::add).forEach(listener);
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public String description() {
    return device.description();
  }

  @Override
  public List<String> notes() {
    return notes;
  }

  @Override
  public PlanOptions planOptions() {
    return device.planOptions();
  }

  @Override
  public OptionalLong memoryBytes() {
    return device.memoryBytes();
  }

  @Override
  public Optional<Peak> peak() {
    return device.peak();
  }

  @Override
  public Optional<Tuner> tuner() {
    return device.tuner();
  }

  @Override
  public Executable prepare(Plan plan) {
    tell(plan.notes());
    return told(device.prepare(plan));
  }

  @Override
  public Executable prepare(Plan plan, LaunchListener launches) {
    tell(plan.notes());
    return told(device.prepare(plan, launches));
  }

  private Executable told(Executable executable) {
    tell(executable.notes());
    return executable;
  }

  @Override
  public String toString() {
    return description();
  }
}
