package org.fluxion.tests.laws;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.fluxion.autodiff.laws.Law;
import org.fluxion.autodiff.laws.LawBroken;
import org.fluxion.autodiff.laws.RandomProgram;
import org.fluxion.autodiff.laws.Verdict;
import org.fluxion.nn.io.WholeFile;

/** What became of the programs that were tried; it can be put into a file and gone on from. */
final class Tally implements Tries.Listener {
  /**
   * How often a law was held to.
   *
   * @param programs how many functions it holds for
   * @param certified how many numbers of them were compared
   * @param excused how many could not be
   */
  record Count(long programs, long certified, long excused) {
    private static final Count NONE = new Count(0, 0, 0);

    private Count plus(Verdict verdict) {
      return new Count(programs + 1, certified + verdict.certified(), excused + verdict.excused());
    }
  }

  /**
   * All of it, as it is written into a file.
   *
   * @param firstSeed the first program's seed
   * @param nextSeed the seed after the last program's
   * @param operations about how many operations a program has
   * @param device where programs also run as kernels
   * @param held the laws that programs are held to
   * @param coverage what the programs consist of
   * @param laws what became of the laws
   * @param telling how many programs had anything that could be compared
   * @param curved how many have a second derivative that is not zero
   * @param onDevice how many programs ran as kernels
   * @param broken what was said of the laws that are broken
   */
  record State(
      long firstSeed,
      long nextSeed,
      int operations,
      String device,
      Set<Law> held,
      Coverage.Counts coverage,
      Map<Law, Count> laws,
      long telling,
      long curved,
      long onDevice,
      List<String> broken) {
    State {
      // A file that does not say so is of all.
      held = held == null ? EnumSet.allOf(Law.class) : EnumSet.copyOf(held);
    }
  }

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final State start;
  private final Coverage coverage;
  private final Map<Law, Count> laws;
  private final List<String> broken;
  private long telling;
  private long curved;
  private long onDevice;

  /** Nothing tried. */
  Tally(long firstSeed, int operations, String device, Set<Law> held) {
    this(
        new State(
            firstSeed,
            firstSeed,
            operations,
            device,
            held,
            new Coverage().counts(),
            Map.of(),
            0,
            0,
            0,
            List.of()));
  }

  private Tally(State start) {
    this.start = start;
    this.coverage = new Coverage(start.coverage);
    this.laws = new EnumMap<>(Law.class);
    this.laws.putAll(start.laws);
    this.broken = new ArrayList<>(start.broken);
    this.telling = start.telling;
    this.curved = start.curved;
    this.onDevice = start.onDevice;
  }

  /**
   * Goes on from a file.
   *
   * @throws IOException if it cannot be read, or is none of these
   */
  static Tally read(Path file) throws IOException {
    try {
      return new Tally(JSON.readValue(file.toFile(), State.class));
    } catch (JsonProcessingException e) {
      throw new IOException(
          "%s is no tally of programs: %s".formatted(file, e.getOriginalMessage()), e);
    }
  }

  /** What it began with. */
  State start() {
    return start;
  }

  /** Writes it, whole or not at all. */
  void write(Path file, long nextSeed) throws IOException {
    Path absolute = file.toAbsolutePath();
    Files.createDirectories(absolute.getParent());
    WholeFile.write(absolute, JSON.writeValueAsBytes(state(nextSeed)));
  }

  private synchronized State state(long nextSeed) {
    return new State(
        start.firstSeed,
        nextSeed,
        start.operations,
        start.device,
        start.held,
        coverage.counts(),
        Map.copyOf(laws),
        telling,
        curved,
        onDevice,
        List.copyOf(broken));
  }

  @Override
  public synchronized void program(RandomProgram program, boolean tells, boolean isCurved) {
    coverage.add(program);
    curved += isCurved ? 1 : 0;
    telling += tells ? 1 : 0;
  }

  @Override
  public synchronized void verdict(Verdict verdict) {
    laws.merge(verdict.law(), Count.NONE.plus(verdict), (count, one) -> count.plus(verdict));
  }

  @Override
  public synchronized void onDevice() {
    onDevice++;
  }

  @Override
  public synchronized void broken(LawBroken law) {
    broken.add(law.getMessage());
    System.out.println(law.getMessage() + "\n");
  }

  /** How many laws are broken. */
  synchronized int broken() {
    return broken.size();
  }

  /** Prints all of it as a table. */
  synchronized void print(PrintStream out, long nextSeed) {
    out.printf(
        Locale.ROOT,
        "programs       %,d, seeds %d to %d%n",
        coverage.programs(),
        start.firstSeed,
        nextSeed - 1);
    coverage.lines().forEach(out::println);
    out.printf(
        Locale.ROOT,
        "discarded      %.1f %%: nothing of them was certified%n",
        100.0 * (coverage.programs() - telling) / Math.max(1, coverage.programs()));
    out.printf(
        Locale.ROOT,
        "curved         %.1f %% have a second derivative that is not zero%n",
        100.0 * curved / Math.max(1, coverage.programs()));
    out.printf(
        Locale.ROOT, "on %-11s %,d programs with their derivatives%n", start.device, onDevice);
    out.printf(Locale.ROOT, "%-14s %10s %16s %14s%n", "law", "functions", "certified", "excused");
    laws.forEach(
        (law, count) ->
            out.printf(
                Locale.ROOT,
                "%-14s %,10d %,16d %,14d  %s%n",
                law.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                count.programs,
                count.certified,
                count.excused,
                law.sentence()));
    out.printf(Locale.ROOT, "broken         %d%n", broken.size());
  }
}
