package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.fluxion.tensor.TensorException;

/**
 * Searches the fastest tile of a product by races. The best so far runs against some others: all
 * take turns, so that a device whose speed drifts is as fast to each; who is clearly behind drops
 * out early; the median of the times counts. A tile that is not clearly faster than the best so far
 * does not replace it, so that noise alone changes nothing. Whoever computes wrong results, or
 * cannot run, takes no part.
 */
final class TileSearch {
  /** Turns of a race, and after how many of them somebody may drop out. */
  private static final int TURNS = 9;

  private static final int JUDGED = 2;

  /** Who at its best is so much slower than the leader's median drops out. */
  private static final double LOST = 1.15;

  /** By so much a tile must be faster to be better. */
  private static final double CLEARLY = 0.98;

  /** A tile on a device, ready to be timed. */
  interface Trial extends AutoCloseable {
    /** What is wrong with its results; empty if they are right. */
    Optional<String> fault();

    /** Computes the product, and says how long it took. */
    long nanos();

    @Override
    void close();
  }

  /** Where tiles are tried. */
  interface Bench {
    /**
     * Makes a tile ready; its kernels have run once.
     *
     * @throws OpenClException if that is not possible, with the reason
     * @throws TensorException if that is not possible, with the reason
     */
    Trial open(MatmulTile tile);

    /** How many tiles there is memory for at once, at least 3. */
    int atOnce();
  }

  /** Where tiles to try come from. */
  @FunctionalInterface
  interface Candidates {
    /** Tiles like the best so far that may be faster. */
    List<MatmulTile> around(MatmulTile best, TileCandidates.Stage stage);
  }

  /**
   * What was found.
   *
   * @param usualNanos the time of the tile that the search began with; empty if it cannot be used
   * @param best the fastest tile; empty if none can be used
   * @param bestNanos its time
   * @param tried how many tiles were timed
   * @param notes what was wrong with others, a line each
   */
  record Outcome(
      Optional<Double> usualNanos,
      Optional<MatmulTile> best,
      double bestNanos,
      int tried,
      List<String> notes) {
    Outcome {
      notes = List.copyOf(notes);
    }
  }

  /** A tile in a race. */
  private static final class Racer {
    private final MatmulTile tile;
    private final Trial trial;
    private final List<Long> times = new ArrayList<>();

    /** Whether it could not be timed; it takes no further part. */
    private boolean failed;

    Racer(MatmulTile tile, Trial trial) {
      this.tile = tile;
      this.trial = trial;
    }

    double median() {
      List<Long> sorted = times.stream().sorted().toList();
      int middle = sorted.size() / 2;
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2.0;
    }

    long best() {
      return Collections.min(times);
    }
  }

  private final Bench bench;
  private final Candidates candidates;
  private final LongSupplier clock;
  private final long deadline;
  private final long begin;
  private final DoubleConsumer progress;
  private final Set<MatmulTile> seen = new HashSet<>();
  private final Map<String, Integer> refusals = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private int tried;
  private double share;

  /**
   * A search.
   *
   * @param bench where tiles are tried
   * @param candidates where they come from
   * @param clock tells nanoseconds
   * @param limit how many of them it may take, but for the race that it is in
   * @param progress told of the share that is done
   */
  TileSearch(
      Bench bench, Candidates candidates, LongSupplier clock, long limit, DoubleConsumer progress) {
    this.bench = bench;
    this.candidates = candidates;
    this.clock = clock;
    this.begin = clock.getAsLong();
    this.deadline = begin + limit;
    this.progress = progress;
  }

  /**
   * Searches.
   *
   * @param usual the tile to begin with
   */
  Outcome run(MatmulTile usual) {
    Optional<Racer> first = open(usual);
    Optional<Racer> best = first;
    try {
      TileCandidates.Stage[] stages = TileCandidates.Stage.values();
      for (int stage = 0; stage < stages.length && !isLate(); stage++) {
        MatmulTile around = best.map(r -> r.tile).orElse(usual);
        List<MatmulTile> tiles =
            candidates.around(around, stages[stage]).stream()
                .filter(tile -> !seen.contains(tile))
                .toList();
        for (int from = 0; from < tiles.size(); from += heat()) {
          List<MatmulTile> heat = tiles.subList(from, Math.min(tiles.size(), from + heat()));
          best = race(best, heat, first);
          done((stage + (double) (from + heat.size()) / tiles.size()) / (stages.length + 1));
        }
      }
      return outcome(first, best);
    } finally {
      first.ifPresent(r -> r.trial.close());
      best.ifPresent(r -> r.trial.close());
      progress.accept(1);
    }
  }

  /** The usual tile and the best so far stay open besides. */
  private int heat() {
    return Math.max(1, bench.atOnce() - 2);
  }

  private boolean isLate() {
    return clock.getAsLong() >= deadline;
  }

  private void done(double stages) {
    double time = (double) (clock.getAsLong() - begin) / Math.max(1, deadline - begin);
    share = Math.max(share, Math.min(1, Math.max(stages, time)));
    progress.accept(share);
  }

  /** Makes a tile ready, if it can be used. */
  private Optional<Racer> open(MatmulTile tile) {
    seen.add(tile);
    Trial trial;
    try {
      trial = bench.open(tile);
    } catch (OpenClException | TensorException refused) {
      refuse(tile, refused);
      return Optional.empty();
    }
    tried++;
    Optional<String> fault = trial.fault();
    if (fault.isPresent()) {
      notes.add(
          "the tile %s gives wrong results and is never used: %s"
              .formatted(tile.describe(), fault.get()));
      trial.close();
      return Optional.empty();
    }
    return Optional.of(new Racer(tile, trial));
  }

  /** The first tile that is refused for a reason is told of; there may be many more. */
  private void refuse(MatmulTile tile, RuntimeException refused) {
    String why = Failure.firstLine(refused.getMessage());
    if (refusals.merge(why, 1, Integer::sum) == 1) {
      notes.add("the tile %s cannot be used: %s".formatted(tile.describe(), why));
    }
  }

  /** The winner of a race, with its trial open, and the others' closed but for one. */
  private Optional<Racer> race(
      Optional<Racer> champion, List<MatmulTile> tiles, Optional<Racer> kept) {
    List<Racer> racers = new ArrayList<>();
    champion.ifPresent(racers::add);
    Optional<Racer> winner = champion;
    try {
      for (MatmulTile tile : tiles) {
        if (!isLate()) {
          open(tile).ifPresent(racers::add);
          done(0);
        }
      }
      if (racers.size() > champion.map(_ -> 1).orElse(0)) {
        winner = winner(champion, racers, true);
      }
      return winner;
    } finally {
      Optional<Racer> stays = winner;
      racers.stream()
          .filter(r -> r != stays.orElse(null) && r != kept.orElse(null))
          .forEach(r -> r.trial.close());
    }
  }

  /**
   * Times some, in turn.
   *
   * @param champion who must be beaten clearly
   * @param racers all, the champion among them
   * @param drop whether those that are clearly behind drop out
   */
  private Optional<Racer> winner(Optional<Racer> champion, List<Racer> racers, boolean drop) {
    List<Racer> running = new ArrayList<>(racers);
    running.forEach(r -> r.times.clear());
    for (int turn = 0; turn < TURNS && !running.isEmpty(); turn++) {
      if (turn > JUDGED && (isLate() || running.size() == 1)) {
        break;
      }
      // Whoever runs first finds other things in the caches than who runs last.
      List<Racer> order = turn % 2 == 0 ? List.copyOf(running) : running.reversed();
      for (Racer racer : List.copyOf(order)) {
        time(racer, running);
      }
      if (drop && turn >= JUDGED) {
        double leader = running.stream().mapToDouble(Racer::median).min().orElse(0);
        running.removeIf(r -> r.best() > LOST * leader);
      }
    }
    Optional<Racer> fastest =
        running.stream().min((x, y) -> Double.compare(x.median(), y.median()));
    boolean stays =
        champion.isPresent()
            && !champion.get().times.isEmpty()
            && fastest.isPresent()
            && fastest.get().median() > CLEARLY * champion.get().median();
    return stays ? champion : fastest;
  }

  private void time(Racer racer, List<Racer> running) {
    try {
      racer.times.add(racer.trial.nanos());
    } catch (OpenClException | TensorException failed) {
      refuse(racer.tile, failed);
      racer.failed = true;
      racer.times.clear();
      running.remove(racer);
    }
  }

  /** The best against the usual one, once more, for figures that compare. */
  private Outcome outcome(Optional<Racer> usual, Optional<Racer> best) {
    List<Racer> both =
        Stream.concat(usual.stream(), best.stream()).distinct().filter(r -> !r.failed).toList();
    Optional<Racer> last = winner(usual.filter(both::contains), both, false);
    return new Outcome(
        usual.filter(r -> !r.times.isEmpty()).map(Racer::median),
        last.map(r -> r.tile),
        last.map(Racer::median).orElse(0.0),
        tried,
        notes);
  }
}
