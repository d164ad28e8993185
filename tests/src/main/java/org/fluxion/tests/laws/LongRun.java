package org.fluxion.tests.laws;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.fluxion.autodiff.laws.Law;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Holds many random programs to the laws, and prints what they consisted of. */
@Command(
    name = "laws",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Holds random programs to the laws of derivatives, and prints what was tried.")
public final class LongRun implements Callable<Integer> {
  private static final int PIECE = 1000;

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

  @Option(
      names = "--file",
      description =
          "Where the tally is kept, after every 1000 programs. A run that finds it goes on from"
              + " it.")
  private Path file;

  @Spec private CommandSpec spec;

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
    boolean goesOn = file != null && Files.exists(file);
    Tally tally = goesOn ? read() : new Tally(seed, operations, device);
    Tally.State start = tally.start();
    if (goesOn && !isOf(start)) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(
              Locale.ROOT,
              "%s is of --seed %d --operations %d --device %s: give these, or another file",
              file,
              start.firstSeed(),
              start.operations(),
              start.device()));
    }
    Tries tries = new Tries(only, operations, device, tally);
    tries.published();
    long end = seed + programs;
    long started = System.nanoTime();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (long from = start.nextSeed(); from < end; from += PIECE) {
        long to = Math.min(end, from + PIECE);
        attempt(tries, from, to, pool);
        if (file != null) {
          tally.write(file, to);
        }
        System.err.printf(
            Locale.ROOT,
            "%,d of %,d programs, %d broken laws, %d s%n",
            to - seed,
            programs,
            tally.broken(),
            (System.nanoTime() - started) / 1_000_000_000);
      }
    }
    tally.print(System.out, Math.max(end, start.nextSeed()));
    return tally.broken() == 0 ? 0 : 1;
  }

  private Tally read() {
    try {
      return Tally.read(file);
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private boolean isOf(Tally.State start) {
    return start.firstSeed() == seed
        && start.operations() == operations
        && start.device().equals(device);
  }

  /** Tries a seed; what ends the run says which. */
  private static void attempt(Tries tries, long s) {
    try {
      tries.attempt(s);
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "seed %d cannot be tried: %s", s, e), e);
    }
  }

  /** Tries each of some seeds once. */
  private void attempt(Tries tries, long from, long to, ExecutorService pool) throws Exception {
    AtomicLong next = new AtomicLong(from);
    List<Future<?>> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(
          pool.submit(
              () -> {
                for (long s = next.getAndIncrement(); s < to; s = next.getAndIncrement()) {
                  attempt(tries, s);
                }
              }));
    }
    for (Future<?> worker : workers) {
      worker.get();
    }
  }
}
