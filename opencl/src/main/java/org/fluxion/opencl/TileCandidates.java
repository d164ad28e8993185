package org.fluxion.opencl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Kernel;

/**
 * Tiles that are worth measuring for a product. Trying all would take hours, so it is done in
 * stages, each of which changes some of what the best tile so far has: first the registers, which
 * matter most, then what lies in local memory, then how sums are cut.
 */
final class TileCandidates {
  /** What is changed of a tile. */
  enum Stage {
    /** Rows and columns of a work-item's tile; on cards also of a work-group. */
    REGISTERS,
    /** What is in local memory at once, and how. */
    BLOCKS,
    /** Into how many parts sums are cut. */
    PARTS
  }

  /** The most tiles of the first stage, the most promising first. */
  private static final int MOST = 10;

  /** Accumulators that hide the latency of a processor's multiply-adds. */
  private static final double BUSY = 8;

  /** Accumulators of a work-item on cards, more of which would leave room for few work-items. */
  private static final int CARD_REGISTERS = 64;

  private final Kernel.MatmulKernel kernel;
  private final Family family;
  private final MatmulLimits limits;
  private final DType dtype;

  /**
   * Tiles for a product.
   *
   * @param kernel the product
   * @param family the form of its kernels
   * @param limits what the device has
   */
  TileCandidates(Kernel.MatmulKernel kernel, Family family, MatmulLimits limits) {
    this.kernel = kernel;
    this.family = family;
    this.limits = limits;
    this.dtype = kernel.c().buffer().dtype();
  }

  /**
   * Tiles like another.
   *
   * @param best the best so far
   * @param stage what is changed of it
   * @return others, each of which has no {@link MatmulTile#obstacle}, the most promising first
   */
  List<MatmulTile> around(MatmulTile best, Stage stage) {
    Set<MatmulTile> tiles = new LinkedHashSet<>();
    switch (stage) {
      case REGISTERS -> tiles.addAll(family.lanes() == 1 ? onProcessor(best) : onCard(best));
      case BLOCKS -> tiles.addAll(family.lanes() == 1 ? blocks(best) : fetches(best));
      case PARTS -> tiles.addAll(parts(best));
    }
    tiles.remove(best);
    return List.copyOf(tiles);
  }

  private void add(List<MatmulTile> tiles, MatmulTile tile) {
    if (tile.obstacle(family, dtype, limits).isEmpty()) {
      tiles.add(tile);
    }
  }

  private static List<MatmulTile> first(List<MatmulTile> tiles, ToDoubleFunction<MatmulTile> cost) {
    return tiles.stream().sorted(Comparator.comparingDouble(cost)).limit(MOST).toList();
  }

  /** How much is computed for each element that is wanted, at an extent. */
  private static double waste(long extent, long tile) {
    return (double) Math.ceilDiv(extent, tile) * tile / extent;
  }

  // ---- processors ----

  /** Tiles that fit in 32 registers; where there are 16, the larger ones lose. */
  private List<MatmulTile> onProcessor(MatmulTile best) {
    int width = best.width();
    List<MatmulTile> tiles = new ArrayList<>();
    for (int rows : new int[] {1, 2, 3, 4, 5, 6, 8, 10, 12, 14}) {
      for (int vectors = 1; vectors <= 4; vectors++) {
        int columns = vectors * width;
        boolean fits = rows * vectors + vectors + 1 <= 32;
        boolean small = rows < kernel.m() + 2 && columns < kernel.n() + width;
        if (fits && small) {
          int across = Math.clamp(best.groupColumns() / columns, 1, acrossAtMost(columns));
          int split = best.split();
          add(tiles, new MatmulTile(rows, columns, width, best.depth(), 1, across, 1, split));
        }
      }
    }
    return first(
        tiles,
        tile -> {
          double vectors = (double) tile.columns() / width;
          return waste(kernel.m(), tile.rows())
              * waste(kernel.n(), tile.columns())
              * Math.max(1, 1.5 * (1.0 / tile.rows() + 1 / vectors))
              * Math.max(1, BUSY / (tile.rows() * vectors));
        });
  }

  private int acrossAtMost(int columns) {
    return Math.clamp(Math.ceilDiv(kernel.n(), columns), 1, 1024);
  }

  private List<MatmulTile> blocks(MatmulTile best) {
    List<MatmulTile> tiles = new ArrayList<>();
    double[][] factors = {{0.5, 1}, {2, 1}, {1, 0.5}, {1, 2}, {2, 0.5}, {0.5, 2}, {0.25, 1}};
    for (double[] factor : factors) {
      int depth = (int) (best.depth() * factor[0]);
      int across = (int) (best.across() * factor[1]);
      if (depth >= 16 && depth <= 4096 && depth < 2L * kernel.k() && across >= 1) {
        across = Math.min(across, acrossAtMost(best.columns()));
        add(
            tiles,
            new MatmulTile(
                best.rows(), best.columns(), best.width(), depth, 1, across, 1, best.split()));
      }
    }
    return tiles;
  }

  // ---- cards ----

  private List<MatmulTile> onCard(MatmulTile best) {
    List<MatmulTile> tiles = new ArrayList<>();
    int width = dtype.bytes() == 8 ? 2 : 4;
    int[][] own = {{8, 8}, {8, 4}, {4, 8}, {4, 4}, {2, 4}, {1, 4}};
    int[][] groups = {{16, 16}, {16, 8}, {8, 16}, {8, 8}, {4, 16}, {16, 4}};
    for (int[] tile : own) {
      for (int[] group : groups) {
        if (tile[0] * tile[1] <= CARD_REGISTERS) {
          fetching(tile, group, width, best.split(), tiles);
        }
      }
    }
    double units = Math.max(1, family.groups() / 16.0);
    return first(
        tiles,
        tile -> {
          double running =
              (double) kernel.matrices()
                  * tile.split()
                  * Math.ceilDiv(kernel.m(), tile.groupRows())
                  * Math.ceilDiv(kernel.n(), tile.groupColumns());
          return waste(kernel.m(), tile.groupRows())
              * waste(kernel.n(), tile.groupColumns())
              * Math.max(1, units / Math.max(1, running))
              // Reads of local memory for each multiply-add, and of the device's.
              * (1
                  + 2.0 / tile.rows()
                  + 2.0 / tile.columns()
                  + 8.0 / tile.groupRows()
                  + 8.0 / tile.groupColumns());
        });
  }

  /** Adds the tile with the least depth that its work-items can share the fetching of. */
  private void fetching(int[] tile, int[] group, int width, int split, List<MatmulTile> tiles) {
    for (int depth = 8; depth <= 32; depth *= 2) {
      MatmulTile made =
          new MatmulTile(tile[0], tile[1], width, depth, group[0], group[1], 2, split);
      if (made.obstacle(family, dtype, limits).isEmpty()) {
        tiles.add(made);
        return;
      }
    }
  }

  private List<MatmulTile> fetches(MatmulTile best) {
    List<MatmulTile> tiles = new ArrayList<>();
    for (int[] way :
        new int[][] {
          {best.depth(), 3 - best.buffers(), best.width()},
          {2 * best.depth(), best.buffers(), best.width()},
          {best.depth() / 2, best.buffers(), best.width()},
          {2 * best.depth(), 3 - best.buffers(), best.width()},
          {best.depth(), best.buffers(), best.width() / 2}
        }) {
      if (way[0] >= 4 && way[0] <= 64 && way[2] >= 1) {
        add(
            tiles,
            new MatmulTile(
                best.rows(),
                best.columns(),
                way[2],
                way[0],
                best.down(),
                best.across(),
                way[1],
                best.split()));
      }
    }
    return tiles;
  }

  // ---- both ----

  private List<MatmulTile> parts(MatmulTile best) {
    int most = MatmulDefaults.mostParts(kernel);
    List<MatmulTile> tiles = new ArrayList<>();
    int split = best.split();
    for (int parts : new int[] {1, split / 2, 2 * split, 4 * split}) {
      if (parts >= 1 && parts <= most) {
        add(tiles, best.withSplit(parts));
      }
    }
    return tiles;
  }
}
