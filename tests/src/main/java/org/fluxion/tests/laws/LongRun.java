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
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.LawBroken;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.Verdict;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Holds many random programs to the laws, and prints what they consisted of. */
@Command(
    name = "laws",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Holds random programs to the laws of derivatives, and prints what was tried.")
public final class LongRun implements Callable<Integer>, Tries.Listener {
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
      defaultValue = "cpu:2",
      description = "Where programs also run as kernels (default: ${DEFAULT-VALUE}).")
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
    Tries tries = new Tries(only, operations, device, this);
    tries.published();
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
                    tries.attempt(s);
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

  @Override
  public void program(RandomProgram program, boolean tells) {
    coverage.add(program);
    if (tells) {
      telling.incrementAndGet();
    }
  }

  @Override
  public void verdict(Verdict verdict) {
    count(verdict);
  }

  @Override
  public void onDevice() {
    onDevice.incrementAndGet();
  }

  @Override
  public void broken(LawBroken law) {
    broken.add(law.getMessage());
    System.out.println(law.getMessage() + "\n");
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
