package org.fluxion.tensor;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.LaunchListener;
import org.fluxion.tensor.profile.Peak;
import org.fluxion.tensor.profile.Tuner;

/** Where programs run. A device prints itself as its {@link #description}. */
public interface Device {
  /**
   * What people call it, as in {@link #of}.
   *
   * @return the name
   */
  String name();

  /**
   * What it is, for the line that says where a program runs.
   *
   * @return a few words, the name at first
   */
  default String description() {
    return name();
  }

  /**
   * What one might not expect of it, such as that it stands in for another.
   *
   * @return a line each
   */
  default List<String> notes() {
    return List.of();
  }

  /**
   * The same device, telling what one might not expect: its own {@linkplain #notes() notes} now,
   * and those of programs when they are made ready. Each line is told once.
   *
   * @param listener told
   * @return the device
   */
  default Device telling(Consumer<String> listener) {
    return new NotedDevice(this, List.of(), listener);
  }

  /**
   * How programs are compiled for it.
   *
   * @return the passes, and which operations it has kernels for
   */
  default PlanOptions planOptions() {
    return PlanOptions.ALL;
  }

  /**
   * The memory of its own.
   *
   * @return bytes, or empty if its programs take the host's memory
   */
  default OptionalLong memoryBytes() {
    return OptionalLong.empty();
  }

  /**
   * Makes a plan ready to run. Where that takes long, as compilers may, in here or in the first
   * run, a device gives up when its thread is interrupted.
   *
   * @param plan the plan
   * @return the executable, which the caller closes
   * @throws java.util.concurrent.CancellationException if the thread was interrupted, and the
   *     device heeds it
   */
  Executable prepare(Plan plan);

  /**
   * Makes a plan ready to run, and tells of every launch of its kernels. A run may be slower for
   * it; what it computes is the same.
   *
   * @param plan the plan
   * @param listener told before a run's results are read, or when the executable is closed; a
   *     device that does not know when kernels run never tells
   * @return the executable, which the caller closes
   */
  default Executable prepare(Plan plan, LaunchListener listener) {
    return prepare(plan);
  }

  /**
   * Measures what the device can do at best, which takes a moment.
   *
   * @return its rates, or empty if they mean nothing there
   */
  default Optional<Peak> peak() {
    return Optional.empty();
  }

  /**
   * What finds faster ways to compute products on it.
   *
   * @return the tuner, or empty if there is nothing to choose
   */
  default Optional<Tuner> tuner() {
    return Optional.empty();
  }

  /**
   * The host's processor with all its threads.
   *
   * @return the device
   */
  static Device cpu() {
    return of("cpu");
  }

  /**
   * The host's processor.
   *
   * @param threads how many threads, at least 1; no result depends on it
   * @return the device
   */
  static Device cpu(int threads) {
    return of("cpu:" + threads);
  }

  /**
   * A device by name:
   *
   * <ul>
   *   <li>"cpu" is the host's processor with all its threads, "cpu:2" with two of them;
   *   <li>"reference" is the reference interpreter, in double precision, slow;
   *   <li>"opencl" is the best OpenCL device, "opencl:1" the one of that number, "opencl:gpu" the
   *       best of that kind;
   *   <li>"auto" is the best device of the other backends that can be used, or else "cpu"; its
   *       {@link #notes} say what was passed over.
   * </ul>
   *
   * @param name the name
   * @return the device
   * @throws TensorException if there is none of that name, or it cannot be used; the message lists
   *     what there is
   */
  static Device of(String name) {
    List<Backend> backends = Backend.all();
    if (name.equals("auto")) {
      return NotedDevice.automatic(backends);
    }
    int colon = name.indexOf(':');
    String wanted = colon < 0 ? name : name.substring(0, colon);
    for (Backend backend : backends) {
      // A colon with nothing after it is a slip, which the backend's own message explains.
      if (backend.name().equals(wanted) && colon != name.length() - 1) {
        return backend.device(colon < 0 ? "" : name.substring(colon + 1));
      }
    }
    String meant =
        backends.stream()
            .flatMap(backend -> backend.suggestion(name).stream())
            .map(each -> "; did you mean " + each + "?")
            .findFirst()
            .orElse(unfound(backends, wanted));
    throw new TensorException(
        "device: expected auto, %s; got '%s'%s"
            .formatted(
                backends.stream().map(Backend::usage).collect(Collectors.joining(", ")),
                name,
                meant));
  }

  /** What brings a backend that is the project's own, and was not found. */
  private static String unfound(List<Backend> backends, String wanted) {
    boolean isFound = backends.stream().anyMatch(backend -> backend.name().equals(wanted));
    return wanted.equals("opencl") && !isFound
        ? "; OpenCL comes with fluxion-opencl: put it on the class path"
        : "";
  }
}
