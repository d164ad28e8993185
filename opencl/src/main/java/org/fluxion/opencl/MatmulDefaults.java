package org.fluxion.opencl;

import java.util.List;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Kernel;

/** Tiles that do well on most devices, by the product's shape and by what the device has. */
final class MatmulDefaults implements MatmulTiles {
  /** The most memory that the parts of a product's sums may take. */
  private static final long LARGEST_PARTS = 64L << 20;

  /** Elements of a sum that are worth a part of their own. */
  private static final int LEAST_PART = 256;

  /** Tiles of cards for small products, with groups down to {@link Family#FEWEST_LANES}. */
  private static final List<MatmulTile> SMALL =
      List.of(
          new MatmulTile(2, 4, 4, 16, 16, 8, 1, 1),
          new MatmulTile(2, 4, 4, 16, 8, 8, 1, 1),
          new MatmulTile(2, 4, 4, 16, 8, 4, 1, 1),
          new MatmulTile(2, 4, 4, 16, 4, 4, 1, 1));

  private final Family family;
  private final MatmulLimits limits;

  /**
   * Tiles of a device.
   *
   * @param family the form of its kernels
   * @param limits what it has
   */
  MatmulDefaults(Family family, MatmulLimits limits) {
    this.family = family;
    this.limits = limits;
  }

  @Override
  public Choice choose(Kernel.MatmulKernel kernel) {
    return new Choice(of(kernel), false);
  }

  /** The usual tile of a product. */
  MatmulTile of(Kernel.MatmulKernel kernel) {
    DType dtype = kernel.c().buffer().dtype();
    MatmulTile tile =
        family.lanes() == 1
            ? processor(kernel.n(), dtype)
            : card(kernel.m(), kernel.n(), kernel.matrices(), dtype);
    return tile.withSplit(split(kernel, tile));
  }

  /**
   * Twelve accumulators, two vectors and one more fill AVX2's 16 registers; AVX-512 has 32. A block
   * of 128 columns by 512 floats fits in most second caches.
   */
  private MatmulTile processor(int n, DType dtype) {
    int floats = Math.min(limits.width(), family.width());
    int width = Math.max(1, dtype.bytes() == 8 ? floats / 2 : floats);
    int most = floats >= 16 ? 4 : 2;
    int vectors = Integer.highestOneBit(Math.clamp(Math.ceilDiv(n, width), 1, most));
    int columns = vectors * width;
    int across = Math.clamp(Math.ceilDiv(n, columns), 1, Math.max(1, 128 / columns));
    int rows = vectors == 1 ? 8 : 6;
    MatmulTile tile = new MatmulTile(rows, columns, width, 2048 / dtype.bytes(), 1, across, 1, 1);
    while (tile.obstacle(family, dtype, limits).isPresent() && tile.depth() > 1) {
      tile = new MatmulTile(rows, columns, width, tile.depth() / 2, 1, across, 1, 1);
    }
    return tile;
  }

  /**
   * The largest tile that gives every compute unit something to do, or else the largest group that
   * the device has room for.
   */
  private MatmulTile card(int m, int n, long batch, DType dtype) {
    MatmulTile large = new MatmulTile(8, 8, 4, 8, 16, 16, 2, 1);
    MatmulTile medium = new MatmulTile(4, 4, 4, 16, 16, 16, 2, 1);
    for (MatmulTile tile : new MatmulTile[] {large, medium}) {
      long groups =
          batch * Math.ceilDiv(m, tile.groupRows()) * Math.ceilDiv(n, tile.groupColumns());
      boolean fits = m > tile.groupRows() / 2 && n > tile.groupColumns() / 2;
      if (fits
          && groups >= family.groups() / 16
          && tile.obstacle(family, dtype, limits).isEmpty()) {
        return tile;
      }
    }
    for (MatmulTile tile : SMALL) {
      if (tile.obstacle(family, dtype, limits).isEmpty()) {
        return tile;
      }
    }
    return SMALL.getLast();
  }

  /** Into how many parts sums are cut so that a small result keeps the device busy. */
  private int split(Kernel.MatmulKernel kernel, MatmulTile tile) {
    if (kernel.matrices() * kernel.m() * kernel.n() == 0) {
      return 1;
    }
    int height = family.lanes() == 1 ? 8 * tile.rows() : tile.groupRows();
    long groups =
        kernel.matrices()
            * Math.ceilDiv(kernel.m(), height)
            * Math.ceilDiv(kernel.n(), tile.groupColumns());
    long wanted = Math.ceilDiv(family.groups(), 4 * groups);
    return Math.clamp(wanted, 1, mostParts(kernel));
  }

  /** Into how many parts the sums of a product may be cut at most, by their length and memory. */
  static int mostParts(Kernel.MatmulKernel kernel) {
    long elements = Math.max(1, kernel.matrices() * kernel.m() * kernel.n());
    long bytes = elements * kernel.c().buffer().dtype().bytes();
    return Math.clamp(
        Math.min(kernel.k() / LEAST_PART, LARGEST_PARTS / bytes), 1, MatmulTile.MOST_PARTS);
  }
}
