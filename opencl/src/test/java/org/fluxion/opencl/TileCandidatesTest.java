package org.fluxion.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.fluxion.tensor.plan.Kernel;

/** What is tried fits the device; what is remembered is found again, or not used. */
class TileCandidatesTest {
  private static final Family PROCESSOR = Family.processor(4);
  private static final Family CARD = Family.card(20);

  @Property(tries = 200, seed = "5834")
  void everyCandidateFitsTheDevice(
      @ForAll @IntRange(min = 1, max = 5000) int m,
      @ForAll @IntRange(min = 1, max = 2000) int n,
      @ForAll @IntRange(min = 1, max = 9000) int k,
      @ForAll @IntRange(min = 1, max = 64) int batch,
      @ForAll boolean card,
      @ForAll boolean wide) {
    Kernel.MatmulKernel kernel = Products.of(m, n, k, batch, false, true);
    Family family = card ? CARD : PROCESSOR;
    MatmulLimits limits = wide ? new MatmulLimits(512 << 10, 1024, 16) : MatmulLimits.LEAST;
    MatmulTile usual = new MatmulDefaults(family, limits).of(kernel);
    TileCandidates candidates = new TileCandidates(kernel, family, limits);
    for (TileCandidates.Stage stage : TileCandidates.Stage.values()) {
      List<MatmulTile> tiles = candidates.around(usual, stage);
      assertTrue(tiles.size() <= 10, () -> "" + tiles);
      assertFalse(tiles.contains(usual));
      for (MatmulTile tile : tiles) {
        assertEquals(
            Optional.empty(),
            tile.obstacle(family, kernel.c().buffer().dtype(), limits),
            tile::describe);
        assertTrue(tile.split() <= MatmulDefaults.mostParts(kernel), tile::describe);
      }
    }
  }

  @Example
  void productsOfATrainingStepHaveManyCandidates() {
    for (Family family : List.of(PROCESSOR, CARD)) {
      Kernel.MatmulKernel kernel = Products.of(4096, 384, 384, 1, false, false);
      MatmulTile usual = new MatmulDefaults(family, MatmulLimits.LEAST).of(kernel);
      TileCandidates candidates = new TileCandidates(kernel, family, MatmulLimits.LEAST);
      assertTrue(candidates.around(usual, TileCandidates.Stage.REGISTERS).size() >= 6);
      assertTrue(candidates.around(usual, TileCandidates.Stage.BLOCKS).size() >= 2);
      // Twelve thousand numbers are summed: parts give work-groups something to do.
      Kernel.MatmulKernel thin = Products.of(128, 128, 12_000, 1, true, false);
      TileCandidates parts = new TileCandidates(thin, family, MatmulLimits.LEAST);
      MatmulTile cut = new MatmulDefaults(family, MatmulLimits.LEAST).of(thin);
      assertTrue(parts.around(cut, TileCandidates.Stage.PARTS).size() >= 2);
    }
  }

  private static String name(int m, int n, int k, int batch, boolean ta, boolean tb) {
    return ProductClass.of(Products.of(m, n, k, batch, ta, tb), PROCESSOR).toString();
  }

  @Example
  void productsOfLikeSizeAndOrderAreOneClass() {
    assertEquals(
        "processor 16 float32 NN m~4096 n~362 k~256 batch~1",
        name(4096, 384, 300, 1, false, false));
    assertEquals(name(4096, 384, 300, 1, false, false), name(4000, 400, 260, 1, false, false));
    assertNotEquals(name(64, 96, 300, 1, false, false), name(64, 128, 300, 1, false, false));
    assertTrue(name(64, 96, 300, 4, true, false).contains(" TN "));
    assertTrue(name(64, 96, 300, 4, false, true).contains(" NT "));
    assertTrue(name(64, 96, 300, 4, false, true).endsWith(" batch~4"));
  }

  @Example
  void aTileThatDoesNotFitIsNotUsedAndNoted() {
    TuningCache cache =
        new TuningCache(Optional.empty(), new java.util.LinkedHashMap<>(), () -> "kernels");
    Kernel.MatmulKernel kernel = Products.of(4096, 384, 300, 1, false, false);
    MatmulTiles usual = new MatmulDefaults(PROCESSOR, MatmulLimits.LEAST);
    MatmulTiles tiles = new TunedTiles(cache, PROCESSOR, MatmulLimits.LEAST, usual);
    assertEquals(usual.choose(kernel), tiles.choose(kernel));
    assertFalse(usual.choose(kernel).isTuned());
    String name = ProductClass.of(kernel, PROCESSOR).toString();
    MatmulTile fits = new MatmulTile(4, 16, 8, 128, 1, 2, 1, 64);
    cache.keep(name, Optional.of(new TunedFile.Product(fits, "", 2, 1)));
    // Sums of 300 elements are not worth more than one part.
    assertEquals(new MatmulTiles.Choice(fits.withSplit(1), true), tiles.choose(kernel));
    for (MatmulTile large :
        List.of(
            new MatmulTile(4, 16, 8, 4096, 1, 1024, 1, 1),
            new MatmulTile(4, 16, 8, 128, 2, 2, 1, 1))) {
      cache.keep(name, Optional.of(new TunedFile.Product(large, "", 2, 1)));
      assertEquals(usual.choose(kernel), tiles.choose(kernel));
    }
    assertEquals(2, cache.notes().size(), () -> "" + cache.notes());
    assertTrue(cache.notes().get(0).contains("bytes of local memory"));
  }

  @Example
  void theVersionOfTheKernelsIsAHash() {
    assertTrue(KernelVersion.CURRENT.matches("[0-9a-f]{16}"), KernelVersion.CURRENT);
  }
}
