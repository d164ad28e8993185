package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.TensorException;

/** The search finds the fastest tile whose results are right, on a bench whose clock it makes. */
class TileSearchTest {
  private static final long UNLIMITED = Long.MAX_VALUE / 2;
  private static final MatmulTile USUAL = tile(4, 16);

  private static MatmulTile tile(int rows, int depth) {
    return new MatmulTile(rows, 16, 16, depth, 1, 1, 1, 1);
  }

  /** Tiles take the time that a function says, with noise; opening one takes a second. */
  private static final class FakeBench implements TileSearch.Bench {
    private final ToDoubleFunction<MatmulTile> nanos;
    private final Random noise;
    private final Map<MatmulTile, Integer> timed = new HashMap<>();
    private final List<MatmulTile> wrong = new ArrayList<>();
    private final List<MatmulTile> unusable = new ArrayList<>();

    /** After how many turns the driver refuses a launch; from then on the trial is over. */
    private final Map<MatmulTile, Integer> failing = new HashMap<>();

    private long now;
    private int open;
    private int mostOpen;

    FakeBench(ToDoubleFunction<MatmulTile> nanos, long seed) {
      this.nanos = nanos;
      this.noise = new Random(seed);
    }

    @Override
    public int atOnce() {
      return 4;
    }

    @Override
    public TileSearch.Trial open(MatmulTile tile) {
      now += 1_000_000_000;
      if (unusable.contains(tile)) {
        throw new OpenClException("too many registers");
      }
      open++;
      mostOpen = Math.max(mostOpen, open);
      return new TileSearch.Trial() {
        private boolean closed;
        private boolean failed;
        private int turns = noise.nextInt(4);

        @Override
        public Optional<String> fault() {
          return wrong.contains(tile) ? Optional.of("in row 3 of 7") : Optional.empty();
        }

        @Override
        public long nanos() {
          assertTrue(!closed, "timed after it was closed");
          if (failed) {
            throw new IllegalStateException("the run has failed; start another from its program");
          }
          if (timed.merge(tile, 1, Integer::sum) > failing.getOrDefault(tile, 1 << 30)) {
            failed = true;
            throw new TensorException("CL_OUT_OF_RESOURCES");
          }
          // Each fourth time something else happens on the device.
          double factor = turns++ % 4 == 0 ? 3 : 1 + 0.005 * noise.nextDouble();
          long took = Math.round(nanos.applyAsDouble(tile) * factor);
          now += took;
          return took;
        }

        @Override
        public void close() {
          open -= closed ? 0 : 1;
          closed = true;
        }
      };
    }

    TileSearch.Outcome search(long limit) {
      TileSearch.Outcome outcome =
          new TileSearch(this, TileSearchTest::around, () -> now, limit, share -> {}).run(USUAL);
      assertEquals(0, open);
      assertTrue(mostOpen <= atOnce(), () -> mostOpen + " at once");
      return outcome;
    }
  }

  /** First other rows, then other depths. */
  private static List<MatmulTile> around(MatmulTile best, TileCandidates.Stage stage) {
    List<MatmulTile> tiles = new ArrayList<>();
    switch (stage) {
      case REGISTERS -> {
        for (int rows = 1; rows <= 10; rows++) {
          tiles.add(tile(rows, best.depth()));
        }
      }
      case BLOCKS -> tiles.addAll(List.of(tile(best.rows(), 8), tile(best.rows(), 32)));
      case PARTS -> tiles.add(best.withSplit(2));
    }
    return tiles;
  }

  /** Seven rows and a depth of 32 are best. */
  private static double time(MatmulTile tile) {
    return 1e6 * (1 + 0.1 * Math.abs(tile.rows() - 7)) * (tile.depth() == 32 ? 0.8 : 1)
        + (tile.split() > 1 ? 1e6 : 0);
  }

  @Property(tries = 50, seed = "2501")
  void theFastestWins(@ForAll long seed) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    TileSearch.Outcome outcome = bench.search(UNLIMITED);
    assertEquals(Optional.of(tile(7, 32)), outcome.best());
    assertEquals(0.8e6, outcome.bestNanos(), 0.01e6);
    assertEquals(1.3e6, outcome.usualNanos().orElseThrow(), 0.02e6);
    assertEquals(13, outcome.tried());
    assertEquals(List.of(), outcome.notes());
  }

  @Property(tries = 50, seed = "5964")
  void whoIsClearlyBehindDropsOutEarly(@ForAll long seed) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    bench.search(UNLIMITED);
    assertTrue(bench.timed.get(tile(7, 32)) >= 12, () -> "" + bench.timed);
    assertTrue(bench.timed.get(tile(7, 32).withSplit(2)) <= 4, () -> "" + bench.timed);
  }

  /** Noise alone changes nothing. */
  @Property(tries = 50, seed = "9003")
  void whatIsNotClearlyFasterIsNotTaken(@ForAll long seed) {
    FakeBench bench = new FakeBench(tile -> tile.rows() == 5 ? 0.99e6 : 1e6, seed);
    assertEquals(Optional.of(USUAL), bench.search(UNLIMITED).best());
  }

  @Property(tries = 20, seed = "8088")
  void whatIsWrongOrCannotBeBuiltIsToldAndNotTaken(@ForAll long seed) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    bench.wrong.add(tile(7, 16));
    bench.unusable.addAll(List.of(tile(6, 16), tile(5, 16)));
    TileSearch.Outcome outcome = bench.search(UNLIMITED);
    assertEquals(Optional.of(tile(8, 32)), outcome.best());
    assertEquals(
        List.of(
            "the tile 5×16 by 16, 1 across, depth 16 cannot be used: too many registers",
            "the tile 7×16 by 16, 1 across, depth 16 gives wrong results and is never used: in row"
                + " 3 of 7"),
        outcome.notes());
    assertTrue(!bench.timed.containsKey(tile(7, 16)));
  }

  @Property(tries = 20, seed = "5788")
  void theUsualTileMayBeTheOneThatIsWrong(@ForAll long seed) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    bench.wrong.add(USUAL);
    TileSearch.Outcome outcome = bench.search(UNLIMITED);
    assertEquals(Optional.of(tile(7, 32)), outcome.best());
    assertEquals(Optional.empty(), outcome.usualNanos());
    assertEquals(1, outcome.notes().size());
  }

  /** In any turn, the last one against the usual tile among them: all else is found the same. */
  @Property(tries = 50, seed = "3010")
  void whoFailsWhileItIsTimedTakesNoFurtherPart(
      @ForAll long seed,
      @ForAll @IntRange(max = 30) int turns,
      @ForAll boolean usual,
      @ForAll boolean best) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    if (usual) {
      bench.failing.put(USUAL, turns);
    }
    if (best) {
      bench.failing.put(tile(7, 32), turns);
    }
    TileSearch.Outcome outcome = bench.search(UNLIMITED);
    boolean usualFailed = usual && bench.timed.get(USUAL) > turns;
    boolean bestFailed = best && bench.timed.get(tile(7, 32)) > turns;
    assertEquals(usualFailed, outcome.usualNanos().isEmpty());
    if (bestFailed) {
      assertNotEquals(Optional.of(tile(7, 32)), outcome.best());
    } else {
      assertEquals(Optional.of(tile(7, 32)), outcome.best());
    }
    assertEquals(usualFailed || bestFailed ? 1 : 0, outcome.notes().size());
  }

  @Example
  void ifTheUsualTileIsAllThereIsAndFailsThereIsNoBest() {
    for (int turns = 0; turns < 9; turns++) {
      FakeBench bench = new FakeBench(TileSearchTest::time, 0);
      bench.failing.put(USUAL, turns);
      TileSearch.Outcome outcome = bench.search(0);
      assertEquals(turns >= 3 ? Optional.of(USUAL) : Optional.empty(), outcome.best());
    }
  }

  @Example
  void ifNoneCanBeUsedThereIsNoBest() {
    FakeBench bench = new FakeBench(TileSearchTest::time, 0);
    bench.unusable.add(USUAL);
    for (int rows = 1; rows <= 10; rows++) {
      bench.unusable.add(tile(rows, 16));
    }
    for (MatmulTile tile : List.of(tile(4, 8), tile(4, 32), USUAL.withSplit(2))) {
      bench.unusable.add(tile);
    }
    TileSearch.Outcome outcome = bench.search(UNLIMITED);
    assertEquals(Optional.empty(), outcome.best());
    assertEquals(0, outcome.tried());
    assertEquals(1, outcome.notes().size());
  }

  /** A search ends with the race that it is in, and has the best of what it has tried. */
  @Property(tries = 50, seed = "6968")
  void itTakesNoLongerThanItMay(@ForAll long seed) {
    FakeBench bench = new FakeBench(TileSearchTest::time, seed);
    long limit = 3_500_000_000L;
    TileSearch.Outcome outcome = bench.search(limit);
    assertTrue(bench.now <= limit + 1_500_000_000L, () -> "took " + bench.now);
    assertEquals(Optional.of(USUAL), bench.search(0).best());
    // Rows 1 to 3 are slower.
    assertEquals(Optional.of(USUAL), outcome.best());
  }
}
