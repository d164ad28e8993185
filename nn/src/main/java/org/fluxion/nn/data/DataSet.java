package org.fluxion.nn.data;

import java.lang.foreign.MemorySegment;
import org.fluxion.tensor.HostData;
import org.fluxion.tensor.Op;
import org.fluxion.tensor.Shape;
import org.fluxion.tensor.Tensor;
import org.fluxion.tensor.TensorException;

/**
 * Examples in memory with their labels.
 *
 * @param inputs of any dtype, [n, ...]
 * @param labels of any dtype, [n, ...]
 */
public record DataSet(Tensor inputs, Tensor labels) {
  /** Checks that there are as many labels as inputs. */
  public DataSet {
    if (inputs.shape().rank() == 0
        || labels.shape().rank() == 0
        || inputs.shape().extent(0) != labels.shape().extent(0)) {
      throw new TensorException(
          "data set: expected inputs [n, ...] and labels [n, ...], got %s and %s"
              .formatted(inputs.shape(), labels.shape()));
    }
  }

  /**
   * The number of examples.
   *
   * @return n
   */
  public int size() {
    return inputs.shape().extent(0);
  }

  /**
   * The first examples alone.
   *
   * @param count how many
   * @return a smaller data set
   */
  public DataSet first(int count) {
    int[] indices = new int[count];
    java.util.Arrays.setAll(indices, i -> i);
    Batch batch = batch(indices);
    return new DataSet(batch.inputs(), batch.labels());
  }

  /**
   * Examples by index.
   *
   * @param indices which, from 0 to n − 1, in any order
   * @return a copy of them
   * @throws IndexOutOfBoundsException if there is no such example
   */
  public Batch batch(int... indices) {
    return new Batch(rows(inputs, indices), rows(labels, indices));
  }

  /** Copies examples over those of a batch. */
  void fill(Batch target, int[] indices) {
    fill("inputs", inputs, indices, target.inputs());
    fill("labels", labels, indices, target.labels());
  }

  private static void fill(String what, Tensor from, int[] indices, Tensor target) {
    Shape shape = from.shape().with(0, indices.length);
    if (!target.shape().equals(shape) || target.dtype() != from.dtype()) {
      throw new TensorException(
          "batches: expected a batch of these data, whose %s are %s %s, got %s %s"
              .formatted(what, from.dtype(), shape, target.dtype(), target.shape()));
    }
    boolean leaf = target.op() instanceof Op.Constant;
    if (!leaf || target.value() == from.value()) {
      throw new TensorException(
          "batches: the %s to be overwritten are %s; give a batch that at(step) gave"
              .formatted(
                  what, leaf ? "the data themselves" : "computed, by " + target.op().label()));
    }
    copy(from, indices, target.value());
  }

  private static Tensor rows(Tensor from, int[] indices) {
    Shape shape = from.shape().with(0, indices.length);
    HostData target = HostData.allocate(from.dtype(), shape.elements());
    copy(from, indices, target);
    return Tensor.of(target, shape);
  }

  private static void copy(Tensor from, int[] indices, HostData target) {
    HostData source = from.value();
    int count = from.shape().extent(0);
    long bytes = count == 0 ? 0 : source.elements() / count * from.dtype().bytes();
    for (int i = 0; i < indices.length; i++) {
      long row = java.util.Objects.checkIndex(indices[i], count);
      MemorySegment.copy(source.segment(), row * bytes, target.segment(), i * bytes, bytes);
    }
  }

  /**
   * Shuffled batches to train on, each a pure function of seed and step.
   *
   * @param batchSize examples in each batch
   * @param seed what the order depends on
   * @return the endless sequence
   * @throws IllegalArgumentException if a batch is larger than the data
   */
  public Batches batches(int batchSize, long seed) {
    return new Batches(this, batchSize, seed);
  }

  /**
   * Shuffled batches to train on, in the order of seed 0.
   *
   * @param batchSize examples in each batch
   * @return the endless sequence
   * @throws IllegalArgumentException if a batch is larger than the data
   */
  public Batches batches(int batchSize) {
    return batches(batchSize, 0);
  }

  /**
   * All examples once, in order, to evaluate on.
   *
   * @param batchSize examples in each batch; the last may have fewer
   * @return the batches, copied as they are asked for
   */
  public Iterable<Batch> inOrder(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException(
          "inOrder: expected a batch size of at least 1, got " + batchSize);
    }
    return () ->
        java.util.stream.IntStream.iterate(0, from -> from < size(), from -> from + batchSize)
            .mapToObj(
                from ->
                    batch(
                        java.util.stream.IntStream.range(from, Math.min(size(), from + batchSize))
                            .toArray()))
            .iterator();
  }
}
