package org.fluxion.tests.laws;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.fluxion.autodiff.laws.DeviceLaw;
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.LawBroken;
import org.fluxion.autodiff.laws.Laws;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.RandomPrograms;
import org.fluxion.autodiff.laws.RandomPrograms.Settings;
import org.fluxion.autodiff.laws.Verdict;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.Device;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Holds many random programs to the laws, and prints what they consisted of. */
@Command(
    name = "laws",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Holds random programs to the laws of derivatives, and prints what was tried.")
public final class LongRun implements Callable<Integer> {
  @Option(
      names = "--programs",
      defaultValue = "2000",
      description = "How many programs are drawn (default: ${DEFAULT-VALUE}).")
  private int programs;

  @Option(
      names = "--seed",
      defaultValue = "0",
      description = "The first program's seed; each has the next (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--operations",
      defaultValue = "20",
      description = "About how many operations a program has (default: ${DEFAULT-VALUE}).")
  private int operations;

  @Option(
      names = "--device",
      defaultValue = "cpu:1",
      description = "Where every tenth program also runs as kernels (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(names = "--law", description = "Only this law, by its name: ${COMPLETION-CANDIDATES}.")
  private List<Law> only = List.of(Law.values());

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "How many programs are tried at a time (default: ${DEFAULT-VALUE}).")
  private int threads;

  private final Coverage coverage = new Coverage();
  private final Map<Law, long[]> counts = new EnumMap<>(Law.class);
  private final ConcurrentLinkedQueue<String> broken = new ConcurrentLinkedQueue<>();
  private final AtomicLong telling = new AtomicLong();
  private final AtomicLong curved = new AtomicLong();
  private final AtomicLong curvedOf = new AtomicLong();
  private final AtomicLong onDevice = new AtomicLong();

  /**
   * Runs it.
   *
   * @param arguments options; {@code --help} lists them
   */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new LongRun()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    DeviceLaw deviceLaw = DeviceLaw.of(Device.of(device));
    AtomicLong next = new AtomicLong(seed);
    long end = seed + programs;
    long started = System.nanoTime();
    List<Future<?>> workers = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        workers.add(
            pool.submit(
                () -> {
                  for (long s = next.getAndIncrement(); s < end; s = next.getAndIncrement()) {
                    attempt(s, deviceLaw);
                    if ((s - seed) % 1000 == 999) {
                      System.err.printf(
                          "%,d of %,d programs, %d broken laws, %d s%n",
                          s - seed + 1,
                          programs,
                          broken.size(),
                          (System.nanoTime() - started) / 1_000_000_000);
                    }
                  }
                }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    }
    print();
    return broken.isEmpty() ? 0 : 1;
  }

  private void attempt(long s, DeviceLaw deviceLaw) {
    RandomProgram program =
        RandomPrograms.draw(s, new Settings(DType.FLOAT64, operations, s % 4 != 3));
    coverage.add(program);
    int certified = 0;
    for (Law law : only) {
      boolean isDear = law.order() == 3 && s % 10 != 0;
      // Differences near infinities and jumps tell nothing.
      boolean isPointless = law == Law.DIFFERENCES && s % 4 == 3;
      if (isDear || isPointless) {
        continue;
      }
      try {
        Verdict verdict = Laws.checked(program, law, s);
        certified += verdict.certified();
        count(verdict);
      } catch (LawBroken e) {
        broken.add(e.getMessage());
        System.out.println(e.getMessage() + "\n");
      }
    }
    if (certified > 0) {
      telling.incrementAndGet();
    }
    if (s % 10 == 5) {
      onDevice.incrementAndGet();
      try {
        deviceLaw.check(program, s);
      } catch (LawBroken e) {
        broken.add(e.getMessage());
        System.out.println(e.getMessage() + "\n");
      }
    }
  }

  private synchronized void count(Verdict verdict) {
    long[] count = counts.computeIfAbsent(verdict.law(), law -> new long[3]);
    count[0]++;
    count[1] += verdict.certified();
    count[2] += verdict.excused();
    if (verdict.law() == Law.SYMMETRY) {
      curvedOf.incrementAndGet();
      curved.addAndGet(verdict.certified() > verdict.zero() ? 1 : 0);
    }
  }

  private void print() {
    System.out.printf(
        "programs       %,d, seeds %d to %d%n", coverage.programs(), seed, seed + programs - 1);
    coverage.lines().forEach(System.out::println);
    System.out.printf(
        "discarded      %.1f %%: nothing of them was certified%n",
        100.0 * (coverage.programs() - telling.get()) / coverage.programs());
    System.out.printf(
        "curved         %.1f %% have a second derivative that is not zero%n",
        100.0 * curved.get() / Math.max(1, curvedOf.get()));
    System.out.printf("on %-11s %,d programs with their derivatives%n", device, onDevice.get());
    System.out.printf("%-14s %10s %14s %12s%n", "law", "programs", "certified", "excused");
    counts.forEach(
        (law, count) ->
            System.out.printf(
                "%-14s %,10d %,14d %,12d  %s%n",
                law.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
                count[0],
                count[1],
                count[2],
                law.sentence()));
    System.out.printf("broken         %d%n", broken.size());
  }
}
