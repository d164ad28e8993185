package org.fluxion.tests.laws;

import static java.util.stream.Collectors.counting;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.LawBroken;
import org.fluxion.autodiff.laws.RandomProgram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** From several fresh seeds, how long it takes until a law is broken: for code with a fault. */
@Command(
    name = "fresh-seeds",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Says from fresh seeds which law is broken first, and by what.")
public final class FreshSeeds implements Callable<Integer> {
  @Option(
      names = "--seeds",
      defaultValue = "10",
      description = "How many seeds (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--programs",
      defaultValue = "2000",
      description = "How many programs are tried from each (default: ${DEFAULT-VALUE}).")
  private int programs;

  @Option(
      names = "--start",
      description = "The first seed, to repeat what was seen; a fresh one unless told.")
  private Long start;

  /** So many operations may a counterexample have; one that has more with its inputs is printed. */
  private static final int MOST = 5;

  private record Found(long seed, int tries, LawBroken law) {
    RandomProgram program() {
      return (RandomProgram) law.smallest();
    }

    int operations() {
      return program().lines().size();
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "  seed %-12d %-14s after %4d, %d operation%s of %d input%s",
          seed,
          law.law(),
          tries,
          operations(),
          operations() == 1 ? "" : "s",
          program().values().size(),
          program().values().size() == 1 ? "" : "s");
    }
  }

  /**
   * Runs it.
   *
   * @param arguments options; {@code --help} lists them
   */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new FreshSeeds()).execute(arguments));
  }

  @Override
  public Integer call() {
    SecureRandom random = new SecureRandom();
    List<Found> found = new ArrayList<>();
    for (int i = 0; i < seeds; i++) {
      long seed = start != null ? start + (long) i * programs : random.nextInt(1 << 30);
      Found first = first(seed);
      System.out.println(
          first == null ? String.format(Locale.ROOT, "  seed %-12d missed", seed) : first);
      if (first != null) {
        found.add(first);
      }
    }
    Map<String, Long> laws =
        found.stream().collect(Collectors.groupingBy(f -> f.law.law(), TreeMap::new, counting()));
    int latest = most(found, Found::tries);
    int operations = most(found, Found::operations);
    System.out.printf(
        Locale.ROOT,
        "  caught %d of %d by %s, after %d programs at most, of %d operations or fewer,"
            + " %d with inputs%n",
        found.size(),
        seeds,
        laws,
        latest,
        operations,
        most(found, f -> f.program().nodes()));
    Optional<Found> shortest =
        found.stream().min(Comparator.comparingInt(f -> f.law.getMessage().length()));
    Optional<Found> tooLarge = found.stream().filter(f -> f.program().nodes() > MOST).findFirst();
    Stream.of(shortest, tooLarge)
        .flatMap(Optional::stream)
        .distinct()
        .forEach(f -> System.out.println(f.law.getMessage().indent(4)));
    return found.size() == seeds && operations <= MOST ? 0 : 1;
  }

  private static int most(List<Found> found, ToIntFunction<Found> number) {
    return found.stream().mapToInt(number).max().orElse(0);
  }

  private Found first(long seed) {
    Tries tries =
        new Tries(
            List.of(Law.values()),
            20,
            "cpu:2",
            broken -> {
              throw broken;
            });
    int tried = 0;
    try {
      tries.published();
      for (; tried < programs; tried++) {
        tries.attempt(seed + tried);
      }
      return null;
    } catch (LawBroken broken) {
      return new Found(seed, tried + 1, broken);
    }
  }
}
