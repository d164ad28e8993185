package org.fluxion.opencl;

import org.fluxion.tensor.plan.Kernel;

/** Which tile a product gets. */
@FunctionalInterface
interface MatmulTiles {
  /**
   * The choice for a product.
   *
   * @param tile a tile that has no {@link MatmulTile#obstacle} on the device
   * @param isTuned whether it was found by measuring
   */
  record Choice(MatmulTile tile, boolean isTuned) {
    /** As {@code explain()} has it. */
    String describe() {
      return tile.describe() + (isTuned ? ", tuned" : "");
    }
  }

  /**
   * Chooses a tile.
   *
   * @param kernel the product
   * @return the tile, and where it comes from
   */
  Choice choose(Kernel.MatmulKernel kernel);
}
