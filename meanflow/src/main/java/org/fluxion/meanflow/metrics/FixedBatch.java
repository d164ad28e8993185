package org.fluxion.meanflow.metrics;

import java.lang.foreign.MemorySegment;
import org.fluxion.tensor.DType;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Cuts any number of float32 examples into batches of one shape, that of a compiled program.
 *
 * @param user what errors call the program
 * @param shape the batch's, [size, ...]
 */
record FixedBatch(String user, Shape shape) {
  /** What is done with a batch. */
  @FunctionalInterface
  interface Consumer {
    /**
     * Takes a batch.
     *
     * @param batch of the fixed shape
     * @param valid how many of its first examples count; the rest are zeros
     */
    void accept(Tensor batch, int valid);
  }

  /** Checks the size. */
  FixedBatch {
    if (shape.extent(0) < 1) {
      throw new IllegalArgumentException(
          "%s: expected a batch of at least 1, got %d".formatted(user, shape.extent(0)));
    }
  }

  /** A batch of zeros. */
  Tensor example() {
    return Tensor.full(0, shape, DType.FLOAT32);
  }

  /** Returns the examples if they have the batch's shape but for their number, at least 1. */
  Tensor check(Tensor examples) {
    Shape got = examples.shape();
    if (got.rank() != shape.rank()
        || got.extent(0) < 1
        || !got.with(0, shape.extent(0)).equals(shape)
        || examples.dtype() != DType.FLOAT32) {
      String each = shape.with(0, 1).toString().replaceFirst("1", "n");
      throw new TensorException(
          "%s: expected float32 %s with n of at least 1, got %s %s"
              .formatted(user, each, examples.dtype(), got));
    }
    return examples;
  }

  /** Hands on all examples in order; the last batch is filled up with zeros. */
  void over(Tensor examples, Consumer consumer) {
    int count = check(examples).shape().extent(0);
    int size = shape.extent(0);
    long bytes = shape.elements() / size * Float.BYTES;
    MemorySegment source = examples.value().segment();
    for (int from = 0; from < count; from += size) {
      int valid = Math.min(size, count - from);
      HostData part = HostData.allocate(DType.FLOAT32, shape.elements());
      MemorySegment.copy(source, from * bytes, part.segment(), 0, valid * bytes);
      consumer.accept(Tensor.of(part, shape), valid);
    }
  }
}
