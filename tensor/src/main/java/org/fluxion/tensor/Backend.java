package org.fluxion.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * A way to run programs: {@code cpu}, {@code reference}, {@code opencl} or one that is not known
 * here. Backends are found with {@link ServiceLoader}: a new one implements this interface, names
 * its class in its {@code module-info} ({@code provides}) and in {@code
 * META-INF/services/org.fluxion.tensor.Backend}, and passes the conformance suite; nothing else
 * changes. Instances are cheap to make and safe to share; what is dear, such as looking for
 * devices, waits until it is asked for.
 */
public interface Backend {
  /**
   * What people call it: the part of a device's name before the colon.
   *
   * @return the name, of lower-case letters
   */
  String name();

  /**
   * How its devices are named.
   *
   * @return what {@link #device} takes, in full, for error messages: "cpu or cpu:THREADS"
   */
  String usage();

  /**
   * Looks for its devices, those that cannot be used included. Never throws: a missing library or
   * driver is one of the survey's notes.
   *
   * @return what was found
   */
  Survey survey();

  /**
   * One of its devices.
   *
   * @param selector what follows the colon in the device's name; empty if there is no colon
   * @return the device
   * @throws TensorException if there is no such device or it cannot be used; the message lists what
   *     there is
   */
  Device device(String selector);

  /**
   * What somebody may mean who asks for a device by a name that no backend has, such as "gpu".
   *
   * @param unknown the name
   * @return the name of a device of this backend, which need not be there
   */
  default Optional<String> suggestion(String unknown) {
    return Optional.empty();
  }

  /**
   * The device that "auto" takes if it is there.
   *
   * @return a device that is worth preferring to the host's processor, if there is one, and what
   *     was passed over
   */
  default Choice automatic() {
    return new Choice(Optional.empty(), List.of());
  }

  /**
   * What "auto" makes of a backend.
   *
   * @param device its best device, if that is better than the host's processor
   * @param passedOver which of its devices are not taken, or why it has none, and what to do about
   *     it; one line each
   */
  record Choice(Optional<Device> device, List<String> passedOver) {
    /** Copies the list. */
    public Choice {
      passedOver = List.copyOf(passedOver);
    }
  }

  /**
   * What a backend found when it looked for devices.
   *
   * @param devices the devices, in the order of their numbers
   * @param notes what else there is to say, such as a library or driver that is missing, and what
   *     to do about it; one line each
   */
  record Survey(List<DeviceInfo> devices, List<String> notes) {
    /** Copies the lists. */
    public Survey {
      devices = List.copyOf(devices);
      notes = List.copyOf(notes);
    }
  }

  /**
   * Every backend that can be found: cpu, reference, then the others by name.
   *
   * @return the backends
   */
  static List<Backend> all() {
    List<Backend> found = new ArrayList<>();
    // Asked of the loader that loaded this interface, so that the answer is the same in all
    // threads.
    ServiceLoader.load(Backend.class, Backend.class.getClassLoader()).stream()
        .forEach(
            provider -> {
              try {
                found.add(provider.get());
              } catch (ServiceConfigurationError | LinkageError broken) {
                System.getLogger(Backend.class.getName())
                    .log(
                        System.Logger.Level.WARNING,
                        "the backend " + provider.type().getName() + " cannot be loaded",
                        broken);
              }
            });
    List<String> first = List.of("reference", "cpu");
    found.sort(
        Comparator.<Backend>comparingInt(b -> -first.indexOf(b.name()))
            .thenComparing(Backend::name));
    return List.copyOf(found);
  }
}
