package org.fluxion.tensor.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What a {@link Profiler} measured. As text it is a table for people.
 *
 * @param device what it was measured on
 * @param peak what that can do at best, if it could be measured
 * @param programs one for each program that ran, in the order in which they first did; runs of
 *     equal programs count as one
 * @param events launches and calls one by one, in the order in which they were told
 * @param dropped how many launches and calls were too many to be kept so
 */
public record Profile(
    String device,
    Optional<Peak> peak,
    List<ProgramTimes> programs,
    List<Event> events,
    long dropped) {
  /** Copies the lists. */
  public Profile {
    programs = List.copyOf(programs);
    events = List.copyOf(events);
  }

  /** Who did something. */
  public enum Track {
    /** The host called the device. */
    HOST,
    /** The device ran a kernel. */
    DEVICE
  }

  /**
   * A launch of a kernel, or a call of the host.
   *
   * @param track which of both
   * @param program the number of the program among those of the profile
   * @param name the kernel with its sizes, or the call: upload, run, read, carry or state
   * @param part what the launch does of the kernel, if several launches share it; else empty
   * @param step the number of the program's step, from 0
   * @param start when it began, on the clock of {@link System#nanoTime}
   * @param nanos how long it took
   */
  public record Event(
      Track track, int program, String name, String part, long step, long start, long nanos) {}

  /**
   * The kernels of a program that are called the same: of equal blocks of a network, all of them.
   *
   * @param name the kernel with its sizes
   * @param count how often such a kernel ran
   * @param nanos how long all of that took
   * @param bytes what all of that moved
   * @param flops the floating point operations of all of that
   * @param parts the time of each kind of launch, if a kernel is more than one
   */
  public record KernelTimes(
      String name,
      long count,
      long nanos,
      long bytes,
      long flops,
      SequencedMap<String, Long> parts) {
    KernelTimes plus(KernelTimes other) {
      LinkedHashMap<String, Long> all = new LinkedHashMap<>(parts);
      other.parts.forEach((part, time) -> all.merge(part, time, Long::sum));
      return new KernelTimes(
          name,
          count + other.count,
          nanos + other.nanos,
          bytes + other.bytes,
          flops + other.flops,
          all);
    }

    /**
     * How near it came to what a device can do: the least time that its bytes and operations need,
     * of the time that it took.
     *
     * @param peak the device's rates
     * @return 1 at the peak; above, if it found its operands in a cache
     */
    public double shareOf(Peak peak) {
      return peak.nanos(bytes, flops) / Math.max(1, nanos);
    }
  }

  /**
   * What a program did.
   *
   * @param number its number, from 0
   * @param steps how often it ran
   * @param starts how often it was started anew, so that it had a first step
   * @param kernelsPerStep the kernels of its plan
   * @param launches launches of kernels in all
   * @param bytesPerStep what a step's kernels move
   * @param flopsPerStep their floating point operations
   * @param elapsedNanos from the first call to the end of the last one
   * @param callNanos the time within calls: uploads, runs, reads, and waiting in any of them
   * @param stateNanos of that, the time within calls of no step: copies of the state, such as for a
   *     checkpoint
   * @param firstNanos of that, the time within the calls of its first steps, in which code is still
   *     being compiled
   * @param firstKernelNanos the time of the kernels in these
   * @param kernels the kernels that ran, the longest total time first
   */
  public record ProgramTimes(
      int number,
      long steps,
      long starts,
      int kernelsPerStep,
      long launches,
      long bytesPerStep,
      long flopsPerStep,
      long elapsedNanos,
      long callNanos,
      long stateNanos,
      long firstNanos,
      long firstKernelNanos,
      List<KernelTimes> kernels) {
    /** Copies the list. */
    public ProgramTimes {
      kernels = List.copyOf(kernels);
    }

    /**
     * The time that kernels took.
     *
     * @return nanoseconds
     */
    public long kernelNanos() {
      return kernels.stream().mapToLong(KernelTimes::nanos).sum();
    }

    /**
     * The time within the calls of its steps.
     *
     * @return nanoseconds, in which no copies of the state count
     */
    public long stepNanos() {
      return callNanos - stateNanos;
    }
  }

  /** The table: for each program its kernels, the longest first, and where else the time went. */
  @Override
  public String toString() {
    return ProfileTable.of(this);
  }
}
