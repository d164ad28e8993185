package org.fluxion.tensor.plan;

import java.util.Map;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.TensorException;

/**
 * Which passes of the compiler run: all of them, except where a test compares a program with and
 * without one. What a program computes does not depend on it, up to the order of sums.
 *
 * @param simplify merging of common subexpressions, and identities that change no bit
 * @param splitSums long sums in two stages
 * @param placement results written where they are wanted
 * @param clusters several values in one kernel
 * @param schedule kernels in an order that takes little memory
 * @param attentionSizes the largest head or value size, by dtype, for which the backend has kernels
 *     of the attention family; empty if it has none. Larger ones run by their definition
 * @param mostBuffers how many buffers a kernel of loops may read and write together, at least
 *     {@value #FEWEST_BUFFERS}: on some devices each is an argument, of which there is a limit
 */
public record PlanOptions(
    boolean simplify,
    boolean splitSums,
    boolean placement,
    boolean clusters,
    boolean schedule,
    Map<DType, Integer> attentionSizes,
    int mostBuffers) {
  /** What a selection reads and writes, which no plan can do with less. */
  public static final int FEWEST_BUFFERS = 4;

  /** Copies the map. */
  public PlanOptions {
    attentionSizes = Map.copyOf(attentionSizes);
    if (mostBuffers < FEWEST_BUFFERS) {
      throw new TensorException(
          "plan: expected kernels of at least %d buffers, got %d"
              .formatted(FEWEST_BUFFERS, mostBuffers));
    }
  }

  /**
   * Passes for a backend whose kernels may have any number of buffers.
   *
   * @param simplify see the component
   * @param splitSums see the component
   * @param placement see the component
   * @param clusters see the component
   * @param schedule see the component
   * @param attentionSizes see the component
   */
  public PlanOptions(
      boolean simplify,
      boolean splitSums,
      boolean placement,
      boolean clusters,
      boolean schedule,
      Map<DType, Integer> attentionSizes) {
    this(simplify, splitSums, placement, clusters, schedule, attentionSizes, Integer.MAX_VALUE);
  }

  /** Every pass, for a backend without kernels for attention. */
  public static final PlanOptions ALL = new PlanOptions(true, true, true, true, true, Map.of());

  /** How many passes there are. */
  public static final int PASSES = 5;

  /**
   * Every pass but one.
   *
   * @param pass its number, from 0 to {@link #PASSES} − 1, in the order of the components
   * @return the options
   */
  public static PlanOptions without(int pass) {
    return new PlanOptions(pass != 0, pass != 1, pass != 2, pass != 3, pass != 4, Map.of());
  }

  /**
   * The same passes for a backend that has kernels for attention.
   *
   * @param largest the largest head or value size that they take, by dtype
   * @return the options
   */
  public PlanOptions withAttention(Map<DType, Integer> largest) {
    return new PlanOptions(
        simplify, splitSums, placement, clusters, schedule, largest, mostBuffers);
  }

  /**
   * The same passes for a backend whose kernels have a limited number of arguments.
   *
   * @param most how many buffers a kernel of loops may read and write together
   * @return the options
   */
  public PlanOptions withMostBuffers(int most) {
    return new PlanOptions(
        simplify, splitSums, placement, clusters, schedule, attentionSizes, most);
  }
}
