package org.fluxion.opencl;

import java.util.Optional;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.plan.Kernel;

/**
 * Tiles as they were measured for a product's class, and the usual ones where nothing was, or where
 * what is remembered cannot be used.
 *
 * @param measured what was measured
 * @param family the form of the device's kernels
 * @param limits what the device has
 * @param usual tiles where nothing was measured
 */
record TunedTiles(TuningCache measured, Family family, MatmulLimits limits, MatmulTiles usual)
    implements MatmulTiles {
  @Override
  public Choice choose(Kernel.MatmulKernel kernel) {
    return tuned(kernel).map(tile -> new Choice(tile, true)).orElseGet(() -> usual.choose(kernel));
  }

  private Optional<MatmulTile> tuned(Kernel.MatmulKernel kernel) {
    String name = ProductClass.of(kernel, family).toString();
    DType dtype = kernel.c().buffer().dtype();
    return measured
        .find(name)
        .map(TunedFile.Product::tile)
        .filter(
            tile -> {
              Optional<String> obstacle = tile.obstacle(family, dtype, limits);
              obstacle.ifPresent(why -> measured.refuse(name, "does not fit: " + why));
              return obstacle.isEmpty();
            })
        // Another product of the class may have shorter sums, or more of them.
        .map(t -> t.withSplit(Math.min(t.split(), MatmulDefaults.mostParts(kernel))));
  }
}
