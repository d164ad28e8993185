package org.fluxion.opencl;

import org.fluxion.tensor.plan.Kernel;

/** Which tile a product gets. */
@FunctionalInterface
interface MatmulTiles {
  /**
   * The tile of a product.
   *
   * @param kernel the product
   * @return a tile that has no {@link MatmulTile#obstacle} on the device
   */
  MatmulTile of(Kernel.MatmulKernel kernel);

  /** Whether that was found by measuring. */
  default boolean isTuned(Kernel.MatmulKernel kernel) {
    return false;
  }
}
