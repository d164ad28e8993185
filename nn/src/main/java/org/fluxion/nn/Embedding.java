package org.fluxion.nn;

import org.fluxion.tensor.RandomKey;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Rows of a table picked by index. Parameter: {@code weight} [count, width].
 *
 * @param count the number of rows
 * @param width the length of a row
 */
public record Embedding(int count, int width) implements Layer {
  /** Checks the configuration. */
  public Embedding {
    Configuration.requirePositive("embedding", "count", count);
    Configuration.requirePositive("embedding", "width", width);
  }

  /**
   * Standard normal rows, as in PyTorch.
   *
   * @param key the key of the draw
   * @return {@code weight}
   */
  @Override
  public Parameters initialise(RandomKey key) {
    return Parameters.of("weight", Initialisers.normal(key, 1, count, width));
  }

  /**
   * Reads the table.
   *
   * @param parameters {@code weight}
   * @param indices integers of any shape, each from 0 to count − 1. One outside that is known when
   *     the graph is built, a constant say, is an error; one that a program is given in a run reads
   *     zeros
   * @return floats [..., width]
   * @throws TensorException if the indices are no integers, or one is known to be outside
   */
  @Override
  public Tensor apply(Parameters parameters, Tensor indices) {
    if (!indices.dtype().isInteger()) {
      throw new TensorException(
          "embedding: expected integer indices, got %s %s; cast them"
              .formatted(indices.dtype(), indices.shape()));
    }
    return parameters.get("weight").take(indices);
  }
}
