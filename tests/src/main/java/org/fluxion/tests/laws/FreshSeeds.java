package org.fluxion.tests.laws;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
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

  private record Found(long seed, int tries, LawBroken law) {
    int operations() {
      return ((RandomProgram) law.smallest()).lines().size();
    }

    @Override
    public String toString() {
      return "  seed %-12d %-14s after %4d, %d operation%s"
          .formatted(seed, law.law(), tries, operations(), operations() == 1 ? "" : "s");
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
      System.out.println(first == null ? "  seed %-12d missed".formatted(seed) : first);
      if (first != null) {
        found.add(first);
      }
    }
    int largest = found.stream().mapToInt(Found::operations).max().orElse(0);
    int latest = found.stream().mapToInt(Found::tries).max().orElse(0);
    System.out.printf(
        "  caught %d of %d, after %d programs at most, of %d operations or fewer%n",
        found.size(), seeds, latest, largest);
    found.stream()
        .min((a, b) -> a.law.getMessage().length() - b.law.getMessage().length())
        .ifPresent(shortest -> System.out.println(shortest.law.getMessage().indent(4)));
    return found.size() == seeds && largest <= 5 ? 0 : 1;
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
