package org.fluxion.tensor.profile;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.profile.Profile.Event;
import org.fluxion.tensor.profile.Profile.KernelTimes;
import org.fluxion.tensor.profile.Profile.ProgramTimes;
import org.fluxion.tensor.profile.Profile.Track;

/**
 * Notes what an executable does. It keeps what the kernels are called and cost, and not the plan,
 * whose constants may be large. Written by the run's thread, read by any.
 */
final class Recorder implements LaunchListener {
  /** What a plan says of a kernel; programs whose kernels' costs are equal are taken for one. */
  record Cost(String name, long bytes, long flops) {}

  static final String UPLOAD = "upload";
  static final String RUN = "run";
  static final String READ = "read";
  static final String STATE = "state";

  private final int program;
  private final List<Cost> costs;
  private final Events events;
  private final long[] nanos;
  private final long[] counts;
  private final long[] lastRun;
  private final LinkedHashMap<Integer, LinkedHashMap<String, Long>> parts = new LinkedHashMap<>();
  private long launches;
  private long runs;
  private long begin;
  private long end;
  private long callNanos;
  private boolean called;

  /** Of the calls of no step: copies of the state, such as for a checkpoint. */
  private long stateNanos;

  /**
   * Of the first step's calls, in which code is still being compiled; of a sum, of all first ones.
   */
  private long firstNanos;

  private long firstKernelNanos;
  private long starts;

  Recorder(int program, List<Cost> costs, Events events) {
    this.program = program;
    this.costs = costs;
    this.events = events;
    this.nanos = new long[costs.size()];
    this.counts = new long[costs.size()];
    this.lastRun = new long[costs.size()];
    Arrays.fill(lastRun, -1);
  }

  /** What a plan's kernels are called and cost. */
  static List<Cost> costs(Plan plan) {
    return plan.kernels().stream()
        .map(k -> new Cost(Explanation.describe(k), k.bytes(), k.flops()))
        .toList();
  }

  int program() {
    return program;
  }

  @Override
  public synchronized void launched(
      long run, int kernel, String part, long start, long nanosTaken) {
    launches++;
    end = Math.max(end, start + nanosTaken);
    nanos[kernel] += nanosTaken;
    if (run == 0) {
      firstKernelNanos += nanosTaken;
    }
    if (lastRun[kernel] != run) {
      lastRun[kernel] = run;
      counts[kernel]++;
    }
    if (!part.isEmpty()) {
      parts.computeIfAbsent(kernel, _ -> new LinkedHashMap<>()).merge(part, nanosTaken, Long::sum);
    }
    events.add(
        new Event(Track.DEVICE, program, costs.get(kernel).name(), part, run, start, nanosTaken));
  }

  /** The host has called the device, and the call has returned. */
  synchronized void called(String name, long start) {
    long now = System.nanoTime();
    if (!called) {
      called = true;
      begin = start;
      end = now;
    }
    if (name.equals(STATE)) {
      stateNanos += now - start;
    } else if (runs == 0 || runs == 1 && !(name.equals(UPLOAD) || name.equals(RUN))) {
      // What a second step is given, and its run, are of that one.
      firstNanos += now - start;
    }
    end = Math.max(end, now);
    callNanos += now - start;
    events.add(new Event(Track.HOST, program, name, "", runs, start, now - start));
  }

  /** The call that was told of last was a run. */
  synchronized void ran() {
    runs++;
    starts = 1;
  }

  /** The time of each kernel, if any launch was told of. */
  synchronized Optional<long[]> nanos() {
    return launches > 0 ? Optional.of(nanos.clone()) : Optional.empty();
  }

  private synchronized Recorder copy() {
    Recorder copy = new Recorder(program, costs, events);
    copy.add(this);
    return copy;
  }

  private void add(Recorder other) {
    for (int k = 0; k < nanos.length; k++) {
      nanos[k] += other.nanos[k];
      counts[k] += other.counts[k];
    }
    other.parts.forEach(
        (kernel, times) -> {
          Map<String, Long> mine = parts.computeIfAbsent(kernel, _ -> new LinkedHashMap<>());
          times.forEach((part, time) -> mine.merge(part, time, Long::sum));
        });
    launches += other.launches;
    runs += other.runs;
    starts += other.starts;
    stateNanos += other.stateNanos;
    firstNanos += other.firstNanos;
    firstKernelNanos += other.firstKernelNanos;
    end += other.end - other.begin;
    callNanos += other.callNanos;
  }

  /** What runs of one program did, if they did anything. */
  static Optional<ProgramTimes> sum(List<Recorder> recorders) {
    Recorder sum = null;
    for (Recorder recorder : recorders) {
      Recorder copy = recorder.copy();
      if (sum == null) {
        sum = copy;
      } else {
        sum.add(copy);
      }
    }
    return sum == null || sum.runs == 0 ? Optional.empty() : Optional.of(sum.times());
  }

  private ProgramTimes times() {
    LinkedHashMap<String, KernelTimes> byName = new LinkedHashMap<>();
    for (int k = 0; k < nanos.length; k++) {
      if (counts[k] > 0) {
        Cost cost = costs.get(k);
        KernelTimes mine =
            new KernelTimes(
                cost.name(),
                counts[k],
                nanos[k],
                counts[k] * cost.bytes(),
                counts[k] * cost.flops(),
                parts.getOrDefault(k, new LinkedHashMap<>()));
        byName.merge(cost.name(), mine, KernelTimes::plus);
      }
    }
    return new ProgramTimes(
        program,
        runs,
        starts,
        costs.size(),
        launches,
        costs.stream().mapToLong(Cost::bytes).sum(),
        costs.stream().mapToLong(Cost::flops).sum(),
        end - begin,
        callNanos,
        stateNanos,
        firstNanos,
        firstKernelNanos,
        byName.values().stream()
            .sorted(Comparator.comparingLong(KernelTimes::nanos).reversed())
            .toList());
  }
}
