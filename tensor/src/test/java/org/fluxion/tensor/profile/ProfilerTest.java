package org.fluxion.tensor.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import org.fluxion.tensor.Executable;
import org.fluxion.tensor.Program;
import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Run;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Step;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.plan.Plan;
import org.fluxion.tensor.plan.PlanOptions;
import org.fluxion.tensor.profile.Profile.Event;
import org.fluxion.tensor.profile.Profile.KernelTimes;
import org.fluxion.tensor.profile.Profile.ProgramTimes;
import org.fluxion.tensor.profile.Profile.Track;

class ProfilerTest {
  private static final Tensor WEIGHTS =
      RandomKey.of(1).normal(Shape.of(32, 32), DType.FLOAT32).detach();

  private static Program<Tensor, Tensor, Tensor> program(Device device) {
    return Program.compile(
        (Tensor w, Tensor x) -> new Step<>(w.mul(0.5), x.matmul(w).softmax(-1).matmul(w).sum(0)),
        WEIGHTS,
        WEIGHTS,
        device);
  }

  private static void steps(Program<Tensor, Tensor, Tensor> program, int steps) {
    try (Run<Tensor, Tensor, Tensor> run = program.start(WEIGHTS)) {
      for (int step = 0; step < steps; step++) {
        run.step(WEIGHTS);
      }
    }
  }

  /** Runs of equal programs, however often they were compiled, count as one program's. */
  @Property(tries = 20, seed = "2732")
  void everyKernelOfEveryStepIsCounted(
      @ForAll @IntRange(max = 4) int first,
      @ForAll @IntRange(max = 4) int second,
      @ForAll @IntRange(max = 100) int most) {
    Profiler profiler = Profiler.withoutPeak(Device.cpu(1), most);
    Program<Tensor, Tensor, Tensor> program = program(profiler.device());
    steps(program, first);
    steps(program(profiler.device()), second);
    Profile profile = profiler.profile();
    int steps = first + second;
    if (steps == 0) {
      assertEquals(List.of(), profile.programs());
      return;
    }
    ProgramTimes times = profile.programs().get(0);
    assertEquals(1, profile.programs().size());
    assertEquals(steps, times.steps());
    long kernels = (long) steps * program.plan().kernels().size();
    assertEquals(kernels, times.launches());
    assertEquals(kernels, times.kernels().stream().mapToLong(KernelTimes::count).sum());
    assertEquals(
        (long) steps * program.plan().kernels().stream().mapToLong(k -> k.flops()).sum(),
        times.kernels().stream().mapToLong(KernelTimes::flops).sum());
    assertEquals(
        steps * times.bytesPerStep(), times.kernels().stream().mapToLong(KernelTimes::bytes).sum());
    // An upload, a run and reads for each step, besides kernels; then what is kept is the first.
    assertTrue(profile.events().size() + profile.dropped() > kernels);
    assertEquals(profile.dropped() > 0 ? most : profile.events().size(), profile.events().size());
    assertEquals((first > 0 ? 1 : 0) + (second > 0 ? 1 : 0), times.starts());
    assertTrue(times.firstKernelNanos() <= times.firstNanos(), profile::toString);
    assertTrue(times.firstNanos() <= times.stepNanos(), profile::toString);
    assertEquals(0, times.stateNanos());
    if (steps == times.starts()) {
      assertEquals(times.kernelNanos(), times.firstKernelNanos());
    }
    assertTrue(times.kernelNanos() <= times.callNanos(), profile::toString);
    assertTrue(times.callNanos() <= times.elapsedNanos(), profile::toString);
  }

  /** Neither the host's work between the calls nor copies of the state are a step's time. */
  @Example
  void whatIsDoneBetweenStepsIsNoneOfTheirTime() throws InterruptedException {
    Profiler profiler = Profiler.withoutPeak(Device.cpu(1), 1000);
    long pause = 30_000_000;
    try (Run<Tensor, Tensor, Tensor> run = program(profiler.device()).start(WEIGHTS)) {
      for (int step = 0; step < 2; step++) {
        sleep(pause);
        run.step(WEIGHTS);
        sleep(pause);
        run.snapshot();
      }
    }
    Profile profile = profiler.profile();
    ProgramTimes times = profile.programs().getFirst();
    assertTrue(times.stateNanos() > 0);
    assertTrue(times.firstKernelNanos() <= times.firstNanos(), profile::toString);
    assertTrue(
        times.elapsedNanos() >= times.stepNanos() + times.stateNanos() + 4 * pause,
        times::toString);
    long copies =
        profile.events().stream()
            .filter(event -> event.name().equals(Recorder.STATE))
            .mapToLong(Event::nanos)
            .sum();
    assertEquals(copies, times.stateNanos());
    // The first step's calls are those before the second is given anything.
    long second =
        profile.events().stream()
            .filter(event -> event.name().equals(Recorder.UPLOAD))
            .mapToLong(Event::start)
            .max()
            .orElseThrow();
    long first =
        profile.events().stream()
            .filter(event -> event.track() == Track.HOST && event.start() < second)
            .filter(event -> !event.name().equals(Recorder.STATE))
            .mapToLong(Event::nanos)
            .sum();
    assertEquals(first, times.firstNanos());
    String table = profile.toString();
    String mean =
        String.format(
            Locale.ROOT,
            "2 steps, the first of %.1f ms, the other of %.3f ms\n",
            first / 1e6,
            (times.callNanos() - copies - first) / 1e6);
    assertTrue(table.contains(mean), table);
    assertTrue(table.contains("copying the state ") && table.contains("between calls "), table);
  }

  /** At least so long, by the clock that the profiler reads. */
  private static void sleep(long nanos) throws InterruptedException {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0; left = end - System.nanoTime()) {
      Thread.sleep(Duration.ofNanos(left));
    }
  }

  @Example
  void otherProgramsStandByThemselvesTheLongestKernelFirst() {
    Profiler profiler = Profiler.withoutPeak(Device.cpu(2), 1000);
    steps(program(profiler.device()), 3);
    try (var run =
        Program.compile(
                (Tensor w, Tensor x) -> new Step<>(w, x.sum()), WEIGHTS, WEIGHTS, profiler.device())
            .start(WEIGHTS)) {
      run.step(WEIGHTS);
    }
    Profile profile = profiler.profile();
    assertEquals(List.of(3L, 1L), profile.programs().stream().map(ProgramTimes::steps).toList());
    for (ProgramTimes program : profile.programs()) {
      List<Long> times = program.kernels().stream().map(KernelTimes::nanos).toList();
      assertEquals(times.stream().sorted((a, b) -> Long.compare(b, a)).toList(), times);
      long events =
          profile.events().stream()
              .filter(e -> e.track() == Track.DEVICE && e.program() == program.number())
              .mapToLong(Event::nanos)
              .sum();
      assertEquals(program.kernelNanos(), events);
    }
    String table = profile.toString();
    assertTrue(table.contains("matmul 32×32×32"), table);
    assertTrue(table.contains("Program 2: 1 step of "), table);
    assertTrue(table.contains("its peak was not measured"), table);
  }

  /** A device that differs in all that a device may say of itself. */
  private record Card() implements Device {
    @Override
    public String name() {
      return "card:1";
    }

    @Override
    public String description() {
      return "card:1, a card";
    }

    @Override
    public PlanOptions planOptions() {
      return PlanOptions.ALL.withAttention(Map.of(DType.FLOAT32, 8));
    }

    @Override
    public OptionalLong memoryBytes() {
      return OptionalLong.of(1234);
    }

    @Override
    public Executable prepare(Plan plan) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<Peak> peak() {
      return Optional.of(new Peak(1, 2));
    }

    @Override
    public String toString() {
      return "the card";
    }
  }

  @Example
  void theMeasuredDeviceSaysOfItselfWhatTheDeviceSays() {
    Device measured = Profiler.of(new Card()).device();
    assertEquals("card:1", measured.name());
    assertEquals("card:1, a card", measured.description());
    assertEquals(new Card().planOptions(), measured.planOptions());
    assertEquals(OptionalLong.of(1234), measured.memoryBytes());
    assertEquals(Optional.of(new Peak(1, 2)), measured.peak());
    assertEquals("the card", measured.toString());
  }

  @Example
  void whereKernelsHaveNoTimesTheTableSaysSo() {
    Profiler profiler = Profiler.of(Device.of("reference"));
    steps(program(profiler.device()), 2);
    String table = profiler.profile().toString();
    assertTrue(table.contains("The device does not tell when its kernels run."), table);
    assertFalse(table.contains("GB/s"), table);
  }

  @Example
  void theProcessorsPeakIsMeasured() {
    Peak peak = Device.cpu(1).peak().orElseThrow();
    // No processor that runs Java is slower, and none this fast; PeakRatesTest has the units.
    assertTrue(peak.bytesPerSecond() > 1e7 && peak.bytesPerSecond() < 1e14, peak::toString);
    assertTrue(peak.flopsPerSecond() > 1e6 && peak.flopsPerSecond() < 1e14, peak::toString);
  }

  /** The least time is that of the scarcer rate, and a kernel that takes it is at the peak. */
  @Property(seed = "5948")
  void aKernelsPeakIsTheLowerRoof(
      @ForAll @DoubleRange(min = 1e6, max = 1e13) double bandwidth,
      @ForAll @DoubleRange(min = 1e6, max = 1e13) double rate,
      @ForAll @LongRange(min = 1, max = 1L << 40) long bytes,
      @ForAll @LongRange(min = 0, max = 1L << 40) long flops) {
    Peak peak = new Peak(bandwidth, rate);
    double least = peak.nanos(bytes, flops);
    assertTrue(bytes <= bandwidth * least / 1e9 * (1 + 1e-12));
    assertTrue(flops <= rate * least / 1e9 * (1 + 1e-12));
    long nanos = (long) Math.ceil(least);
    double share =
        new KernelTimes("k", 1, nanos, bytes, flops, new java.util.LinkedHashMap<>()).shareOf(peak);
    assertTrue(share <= 1 && share * nanos >= least * (1 - 1e-12), "share " + share);
  }

  @Example
  void aRateOfNothingIsAnError() {
    assertThrows(IllegalArgumentException.class, () -> new Peak(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new Peak(1, Double.NaN));
  }
}
