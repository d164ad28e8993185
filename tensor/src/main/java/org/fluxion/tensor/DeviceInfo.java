package org.fluxion.tensor;

import java.util.List;
import java.util.Optional;

/**
 * What a device is and whether it can be used.
 *
 * @param name what {@link Device#of} calls it
 * @param kind what sort of device: "cpu", "gpu", "accelerator"
 * @param model what its maker calls it
 * @param computeUnits cores, or what the driver counts as such
 * @param memoryBytes its memory, or 0 if that is not known
 * @param features what it has that matters, in the words of its driver
 * @param obstacle why programs cannot run on it, and what to do; empty if they can
 */
public record DeviceInfo(
    String name,
    String kind,
    String model,
    int computeUnits,
    long memoryBytes,
    List<String> features,
    Optional<String> obstacle) {
  /** Copies the list. */
  public DeviceInfo {
    features = List.copyOf(features);
  }
}
