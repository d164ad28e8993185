package org.fluxion.tensor.profile;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import org.fluxion.tensor.plan.Kernel;

/**
 * Finds by measuring how a device computes products fastest, and remembers it for the programs that
 * are prepared later, in this process and in others. What programs compute stays right; how sums
 * are cut may change, and with it their last bits.
 */
public interface Tuner {
  /**
   * What is alike: products of one class are computed in one way.
   *
   * @param product a product of a plan
   * @return the class, as people read it
   */
  String classOf(Kernel.MatmulKernel product);

  /**
   * Measures ways to compute a product, and remembers the fastest for its class.
   *
   * @param product the product
   * @param limit about how long it may take
   * @param progress told of the share that is done, from 0 to 1
   * @return what was found
   * @throws org.fluxion.tensor.TensorException if the device can compute it in no way
   */
  Tuned tune(Kernel.MatmulKernel product, Duration limit, DoubleConsumer progress);

  /**
   * Where it is remembered.
   *
   * @return a file, which may be deleted; empty if it is forgotten with this process
   */
  Optional<String> file();

  /**
   * Why nothing can be remembered beyond this process.
   *
   * @return one line, or empty if it can: as far as can be tried before there is anything to
   *     remember, and later as it turned out
   */
  Optional<String> obstacle();

  /**
   * What was found of a product.
   *
   * @param usual how it is computed where nothing was measured
   * @param usualRate floating point operations per second in that way; 0 if it cannot be used
   * @param best how it was fastest; the usual way if none was clearly faster
   * @param bestRate floating point operations per second in that way
   * @param tried how many ways were measured
   * @param notes what was wrong with others, a line each
   */
  record Tuned(
      String usual, double usualRate, String best, double bestRate, int tried, List<String> notes) {
    /** Copies the list. */
    public Tuned {
      notes = List.copyOf(notes);
    }
  }
}
