package org.fluxion.tensor.profile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;

/**
 * Measures the programs that run on a device. What is compiled for {@link #device} computes the
 * same bits as on the device itself, and every launch of a kernel is noted with its time.
 *
 * <p>Safe to share between threads; each run notes what it does by itself.
 */
public final class Profiler {
  /** Launches and calls that are kept one by one; the sums are of all. */
  private static final int MOST_EVENTS = 200_000;

  private final Device measured;
  private final Optional<Peak> peak;
  private final Events events;
  private final Map<List<Recorder.Cost>, Integer> numbers = new HashMap<>();
  private final List<Recorder> recorders = new ArrayList<>();

  private Profiler(Device measured, Optional<Peak> peak, int mostEvents) {
    this.measured = measured;
    this.peak = peak;
    this.events = new Events(mostEvents);
  }

  /**
   * A profiler of a device, whose peak rates it measures, which takes a moment.
   *
   * @param device the device
   * @return the profiler
   */
  public static Profiler of(Device device) {
    return new Profiler(device, device.peak(), MOST_EVENTS);
  }

  /** A profiler that takes no time to measure peaks, and keeps some launches and calls. */
  static Profiler withoutPeak(Device device, int mostEvents) {
    return new Profiler(device, Optional.empty(), mostEvents);
  }

  /**
   * The device that programs are compiled for to be measured.
   *
   * @return a device that runs them where the profiler's own does
   */
  public Device device() {
    return new Device() {
      @Override
      public String name() {
        return measured.name();
      }

      @Override
      public String description() {
        return measured.description();
      }

      @Override
      public List<String> notes() {
        return measured.notes();
      }

      @Override
      public PlanOptions planOptions() {
        return measured.planOptions();
      }

      @Override
      public OptionalLong memoryBytes() {
        return measured.memoryBytes();
      }

      @Override
      public String toString() {
        return measured.toString();
      }

      @Override
      public Executable prepare(Plan plan) {
        Recorder recorder = recorder(plan);
        return new ProfiledExecutable(measured.prepare(plan, recorder), recorder);
      }

      @Override
      public Executable prepare(Plan plan, LaunchListener listener) {
        Recorder recorder = recorder(plan);
        LaunchListener both =
            (run, kernel, part, start, nanos) -> {
              recorder.launched(run, kernel, part, start, nanos);
              listener.launched(run, kernel, part, start, nanos);
            };
        return new ProfiledExecutable(measured.prepare(plan, both), recorder);
      }

      @Override
      public Optional<Peak> peak() {
        return peak;
      }

      @Override
      public Optional<Tuner> tuner() {
        return measured.tuner();
      }
    };
  }

  private synchronized Recorder recorder(Plan plan) {
    List<Recorder.Cost> costs = Recorder.costs(plan);
    int number = numbers.computeIfAbsent(costs, _ -> numbers.size());
    Recorder recorder = new Recorder(number, costs, events);
    recorders.add(recorder);
    return recorder;
  }

  /**
   * What was measured until now. Of runs that are still open, what a device has not told yet is
   * missing; what a run has returned the results of is told.
   *
   * @return the profile
   */
  public synchronized Profile profile() {
    List<Profile.ProgramTimes> programs = new ArrayList<>();
    for (int number = 0; number < numbers.size(); number++) {
      int wanted = number;
      Recorder.sum(recorders.stream().filter(r -> r.program() == wanted).toList())
          .ifPresent(programs::add);
    }
    return new Profile(measured.description(), peak, programs, events.kept(), events.dropped());
  }
}
