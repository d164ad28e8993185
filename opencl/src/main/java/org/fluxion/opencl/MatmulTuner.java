package org.fluxion.opencl;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import org.fluxion.tensor.TensorException;
import org.fluxion.tensor.plan.Explanation;
import org.fluxion.tensor.plan.Kernel;
import org.fluxion.tensor.profile.Tuner;

/** Finds the fastest tiles of products on a device, and keeps them in its {@link TuningCache}. */
final class MatmulTuner implements Tuner {
  private final Context context;
  private final Family family;
  private final Optional<TileSearch.Candidates> candidates;

  /**
   * A tuner.
   *
   * @param context the device
   * @param family the form of its kernels
   */
  MatmulTuner(Context context, Family family) {
    this(context, family, Optional.empty());
  }

  /** The same with tiles of the caller's. */
  MatmulTuner(Context context, Family family, Optional<TileSearch.Candidates> candidates) {
    this.context = context;
    this.family = family;
    this.candidates = candidates;
  }

  @Override
  public String classOf(Kernel.MatmulKernel product) {
    return ProductClass.of(product, family).toString();
  }

  @Override
  public Tuned tune(Kernel.MatmulKernel product, Duration limit, DoubleConsumer progress) {
    if (product.flops() == 0) {
      throw new TensorException(
          "tune: expected a product of at least one multiplication, got "
              + Explanation.describe(product));
    }
    MatmulLimits limits = context.device().matmulLimits();
    MatmulTile usual = context.device().matmulTiles(family).of(product);
    TileSearch search =
        new TileSearch(
            new ProductBench(product, context, family),
            candidates.orElseGet(() -> new TileCandidates(product, family, limits)::around),
            System::nanoTime,
            limit.toNanos(),
            progress);
    TileSearch.Outcome outcome = search.run(usual);
    MatmulTile best =
        outcome
            .best()
            .orElseThrow(
                () ->
                    new TensorException(
                        "opencl:%d: no tile can be used for %s on %s: %s. Use another device (fluxion devices lists them), or another driver"
                            .formatted(
                                context.device().number(),
                                Explanation.describe(product),
                                context.device().model(),
                                String.join("; ", outcome.notes()))));
    double usualRate = outcome.usualNanos().map(nanos -> rate(product, nanos)).orElse(0.0);
    double bestRate = rate(product, outcome.bestNanos());
    context
        .tuned()
        .keep(
            classOf(product),
            best.equals(usual)
                ? Optional.empty()
                : Optional.of(
                    new TunedFile.Product(
                        best,
                        Explanation.describe(product),
                        gigaflops(bestRate),
                        gigaflops(usualRate))));
    return new Tuned(
        usual.describe(), usualRate, best.describe(), bestRate, outcome.tried(), outcome.notes());
  }

  private static double rate(Kernel.MatmulKernel product, double nanos) {
    return product.flops() / nanos * 1e9;
  }

  /** With one digit after the point. */
  private static double gigaflops(double rate) {
    return Math.round(rate / 1e8) / 10.0;
  }

  @Override
  public Optional<String> file() {
    return context.tuned().file().map(Path::toString);
  }

  @Override
  public Optional<String> obstacle() {
    return context.tuned().file().isEmpty()
        ? Optional.of(
            "the environment variable %s is '%s', or there is no folder for caches"
                .formatted(CacheFolder.VARIABLE, CacheFolder.OFF))
        : context.tuned().obstacle();
  }
}
